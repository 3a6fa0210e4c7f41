"""`GET /v2/<name>/tags/list`."""

from __future__ import annotations

from repositories.docker.namespaces import content_for
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response
from repositories.docker.views.pages import kept_parameters, page_of, with_link
from repositories.protocol.errors import ErrorCode, RegistryError


def list_tags(request: RegistryRequest) -> RegistryResponse:
    """Tags in lexical order, in keyset pages (distribution-spec, "Listing Tags")."""
    page = page_of(request)
    found = content_for(request).tags(request.image_name, page)
    if found is None:
        raise RegistryError(ErrorCode.NAME_UNKNOWN, detail={"name": request.image_name})
    names, more = found
    response = json_response({"name": request.known_name, "tags": names})
    return with_link(
        response, request.path_to("tags/list"), page, names, more, kept_parameters(request)
    )
