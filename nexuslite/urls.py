"""Routes of the web interface and REST; the registry API has its own table."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from repositories.api.metrics_views import Metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("service/rest/", include("nexuslite.rest.urls")),
    path("service/metrics/prometheus", Metrics.as_view()),
    path("", include("nexuslite.web.urls")),
    path("", include("accounts.web.urls")),
    path("", include("repositories.web.urls")),
]

handler403 = "nexuslite.web.errors.forbidden"
handler404 = "nexuslite.web.errors.not_found"
handler500 = "nexuslite.web.errors.server_error"
