"""How a repository is made from a command line."""

from __future__ import annotations

import json

from django.http import HttpRequest

REST_PATH = "/service/rest/v1/repositories/docker/hosted"


def creation_command(request: HttpRequest) -> str:
    """A curl command that makes a hosted repository on this server through REST."""
    document = {
        "name": "docker-hosted",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": 8000},
    }
    return (
        f"curl -u admin -H 'Content-Type: application/json' "
        f"{request.build_absolute_uri(REST_PATH)} -d '{json.dumps(document)}'"
    )
