"""How a repository is made from a command line."""

from __future__ import annotations

import json
import shlex

from django.conf import settings
from django.http import HttpRequest

from accounts.principals import Principal

EXAMPLE_PORT = 8000
REST_PATH = "/service/rest/v1/repositories/docker/hosted"


def creation_command(request: HttpRequest, principal: Principal) -> str:
    """A curl command that makes a hosted repository on this server through REST."""
    document = {
        "name": "docker-hosted",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": _example_port()},
    }
    return (
        f"curl -u {shlex.quote(str(principal))} -H 'Content-Type: application/json' "
        f"{request.build_absolute_uri(REST_PATH)} -d '{json.dumps(document)}'"
    )


def _example_port() -> int:
    ports = settings.NEXUSLITE_CONNECTOR_PORTS
    return EXAMPLE_PORT if EXAMPLE_PORT in ports else int(ports.first)
