"""Pages of listings."""

from __future__ import annotations

from repositories.docker.namespaces import namespace_of
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse
from repositories.protocol.pagination import (
    MAX_PAGE_SIZE,
    Page,
    link_header,
    parse_page,
)


def page_of(request: RegistryRequest, default: int = MAX_PAGE_SIZE) -> Page:
    """The page that `n` and `last` ask for; raises `InvalidPageSize`."""
    return parse_page(request.parameter("n"), request.parameter("last"), default)


def with_link(
    response: RegistryResponse,
    path: str,
    page: Page,
    names: list[str],
    more: bool,
    extra: dict[str, str] | None = None,
) -> RegistryResponse:
    """Adds the `Link` to the next page where there is one."""
    if more and names:
        link = link_header(path, page.size, names[-1], extra)
        response.headers.append(("Link", link))
    return response


def kept_parameters(request: RegistryRequest) -> dict[str, str]:
    """The parameters that the link to the next page keeps, whatever is listed."""
    namespace = namespace_of(request)
    return {} if namespace is None else {"ns": namespace}
