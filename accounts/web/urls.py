"""Routes of signing in and out."""

from __future__ import annotations

from django.urls import path

from accounts.web import rapture, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("service/rapture/session", rapture.session, name="rapture-session"),
]
