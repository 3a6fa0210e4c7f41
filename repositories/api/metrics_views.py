"""`/service/metrics/prometheus`, where Nexus has it."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.decisions import application
from nexuslite.rest.views import RestView

READ_METRICS = application("metrics", "read")


class Metrics(RestView):
    """Figures for Prometheus."""

    def get(self, request: Request) -> HttpResponse:
        """200 with the text format. Needs `nexus:metrics:read`."""
        self.require(READ_METRICS)
        # Only a server that is scraped loads the library.
        from prometheus_client import CONTENT_TYPE_LATEST

        from repositories.metrics import exposition

        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
