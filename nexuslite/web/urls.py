"""Routes of the pages that belong to the whole."""

from __future__ import annotations

from django.urls import path

from nexuslite.web import views

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("admin/system/status/", views.status, name="status"),
]
