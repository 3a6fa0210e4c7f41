"""Routes of the pages of repositories."""

from __future__ import annotations

from django.urls import path

from repositories.web import views

urlpatterns = [
    path("admin/repository/repositories/", views.repositories, name="repositories"),
    path("browse/<str:name>/", views.browse_repository, name="browse-repository"),
]
