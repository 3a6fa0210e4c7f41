"""The Django app of users, realms and permissions."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, realms, credentials, tokens and permissions."""

    name = "accounts"
