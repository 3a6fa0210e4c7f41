"""Routes of signing in and out, of one's account and of security."""

from __future__ import annotations

from django.urls import path

from accounts.web import (
    account,
    audit,
    privileges,
    rapture,
    roles,
    security_settings,
    selectors,
    users,
    views,
)

SECURITY = "admin/security/"
SELECTORS = "admin/repository/content-selectors/"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("service/rapture/session", rapture.session, name="rapture-session"),
    path("account/", account.account, name="account"),
    path("account/end-session/", account.end_session, name="end-session"),
    path(f"{SECURITY}users/", users.users, name="users"),
    path(f"{SECURITY}users/-/create/", users.create, name="user-create"),
    path(f"{SECURITY}users/<path:user_id>/-/delete/", users.delete, name="user-delete"),
    path(f"{SECURITY}users/<path:user_id>/-/password/", users.password, name="user-password"),
    path(f"{SECURITY}users/<path:user_id>/", users.edit, name="user-edit"),
    path(f"{SECURITY}roles/", roles.roles, name="roles"),
    path(f"{SECURITY}roles/-/create/", roles.create, name="role-create"),
    path(f"{SECURITY}roles/<path:role_id>/-/delete/", roles.delete, name="role-delete"),
    path(f"{SECURITY}roles/<path:role_id>/", roles.edit, name="role-edit"),
    path(f"{SECURITY}privileges/", privileges.privileges, name="privileges"),
    path(
        f"{SECURITY}privileges/-/create/<str:type_name>/",
        privileges.create,
        name="privilege-create",
    ),
    path(f"{SECURITY}privileges/<path:name>/-/delete/", privileges.delete, name="privilege-delete"),
    path(f"{SECURITY}privileges/<path:name>/", privileges.edit, name="privilege-edit"),
    path(SELECTORS, selectors.selectors, name="selectors"),
    path(f"{SELECTORS}-/create/", selectors.create, name="selector-create"),
    path(f"{SELECTORS}-/try/", selectors.attempt, name="selector-try"),
    path(f"{SELECTORS}<str:name>/", selectors.edit, name="selector-edit"),
    path(f"{SELECTORS}<str:name>/-/delete/", selectors.delete, name="selector-delete"),
    path(f"{SECURITY}anonymous/", security_settings.anonymous, name="anonymous-access"),
    path("admin/system/audit/", audit.audit, name="audit"),
    path(f"{SECURITY}realms/", security_settings.realms, name="realms"),
]
