"""Routes of `/service/rest`. Old clients still use `beta` for what is `v1` today."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts.api.audit_views import Audit, AuditExport
from nexuslite.rest.status import Status, WritableStatus
from nexuslite.rest.views import UnknownResource

_resources: list[URLPattern | URLResolver] = [
    path("status", Status.as_view()),
    path("status/writable", WritableStatus.as_view()),
    path("audit", Audit.as_view()),
    path("audit/export", AuditExport.as_view()),
    path("", include("repositories.api.urls")),
    path("security/", include("accounts.api.urls")),
]

urlpatterns = [
    path("v1/", include(_resources)),
    path("beta/", include(_resources)),
    re_path("", UnknownResource.as_view()),
]
