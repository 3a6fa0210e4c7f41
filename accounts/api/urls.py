"""Routes of users, roles, privileges and realms, below `/service/rest/<version>/security/`."""

from __future__ import annotations

from django.urls import path

from accounts.api import (
    content_selector_views,
    effective_views,
    privilege_views,
    role_views,
    settings_views,
    user_views,
)

urlpatterns = [
    path("users", user_views.Users.as_view()),
    path("users/<path:user_id>/change-password", user_views.Password.as_view()),
    path("users/<path:user_id>", user_views.OneUser.as_view()),
    path("user-sources", user_views.UserSources.as_view()),
    path("roles", role_views.Roles.as_view()),
    # The name of an external group may hold anything.
    path("roles/<path:role_id>", role_views.OneRole.as_view()),
    path("privileges", privilege_views.Privileges.as_view()),
    path("privileges/<str:name>", privilege_views.OnePrivilege.as_view()),
    path("privileges/<str:type_name>/<str:name>", privilege_views.PrivilegeOfType.as_view()),
    path("content-selectors", content_selector_views.ContentSelectors.as_view()),
    path("content-selectors/<str:name>", content_selector_views.OneContentSelector.as_view()),
    path("effective-privileges", effective_views.EffectivePrivileges.as_view()),
    path("realms/available", settings_views.AvailableRealms.as_view()),
    path("realms/active", settings_views.ActiveRealms.as_view()),
    path("anonymous", settings_views.Anonymous.as_view()),
]
