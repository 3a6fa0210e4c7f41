"""`GET /v2/`: whether this is a registry, and whether the credentials are good."""

from __future__ import annotations

from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response


def get(request: RegistryRequest) -> RegistryResponse:
    """200 with an empty object (Docker's "API version check"); the door has done the rest."""
    return json_response({})
