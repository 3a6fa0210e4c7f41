"""`GET /v2/_catalog`: the images of a repository, in keyset pages."""

from __future__ import annotations

from repositories.content import content_of
from repositories.docker import door
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response
from repositories.docker.views.pages import page_of, with_link
from repositories.protocol.pagination import DEFAULT_CATALOG_PAGE_SIZE


def get(request: RegistryRequest) -> RegistryResponse:
    """Names of images that hold a manifest, sorted; `n`, `last` and `Link` as in Distribution."""
    page = page_of(request, DEFAULT_CATALOG_PAGE_SIZE)
    names, more = content_of(request.repository).image_names(page, door.visible_images(request))
    response = json_response({"repositories": names})
    return with_link(response, request.address.prefix + "_catalog", page, names, more)
