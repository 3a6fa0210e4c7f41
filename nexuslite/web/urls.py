"""Routes of the pages that belong to the whole."""

from __future__ import annotations

from django.urls import path

from nexuslite.web import languages, setup, system_information, views

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("language/", languages.choose_language, name="language"),
    path("setup/password/", setup.password, name="setup-password"),
    path("setup/anonymous/", setup.anonymous, name="setup-anonymous"),
    path("setup/repositories/", setup.repositories, name="setup-repositories"),
    path("setup/done/", setup.done, name="setup-done"),
    path(
        "admin/system/information/",
        system_information.system_information,
        name="system-information",
    ),
    path("admin/system/status/", views.status, name="status"),
]
