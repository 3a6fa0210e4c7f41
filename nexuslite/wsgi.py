"""The WSGI application: the registry API first, the web interface and REST behind it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexuslite.settings")
django.setup()

from nexuslite.logs import current_request_id  # noqa: E402
from repositories.docker.application import (  # noqa: E402
    StartResponse,
    is_registry_path,
    registry_application,
)

_web = WSGIHandler()


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Sends a request to the registry API, or to Django when it came in on the main port."""
    current_request_id.set(environ.get("nexuslite.request_id", "-"))
    if is_registry_path(environ["PATH_INFO"]) or environ.get("nexuslite.connector"):
        return registry_application(environ, start_response)
    return _web(environ, start_response)  # type: ignore[arg-type]
