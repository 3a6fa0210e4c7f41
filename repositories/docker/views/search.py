"""`/v1/_ping` and `/v1/search`: what `docker search` asks (the old registry API)."""

from __future__ import annotations

from repositories.content import content_of
from repositories.content.interface import FoundImage
from repositories.docker import door
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response
from repositories.protocol.errors import ErrorCode, RegistryError

DEFAULT_RESULTS = 25
MOST_RESULTS = 100
LONGEST_QUERY = 255
# docker sends its password with each request to a registry that stands alone.
_STANDALONE = ("X-Docker-Registry-Standalone", "true")


def ping(request: RegistryRequest) -> RegistryResponse:
    """Says that the old API is there; docker asks before it searches."""
    return json_response({"standalone": True}, headers=[_STANDALONE])


def get(request: RegistryRequest) -> RegistryResponse:
    """The images whose names hold `q`, at most `n` of them."""
    query = request.parameter("q") or ""
    if len(query) > LONGEST_QUERY or "\0" in query:
        raise RegistryError(ErrorCode.UNSUPPORTED, "The query cannot be read.", status=400)
    most = _most(request.parameter("n"))
    found = content_of(request.repository).search(query, most, door.visible_images(request))
    return json_response(
        {
            "query": query,
            "num_results": len(found),
            "num_pages": 1,
            "page": 1,
            "page_size": most,
            "results": [_result(each) for each in found],
        }
    )


def _most(text: str | None) -> int:
    if not text:
        return DEFAULT_RESULTS
    if not text.isascii() or not text.isdigit():
        raise RegistryError(ErrorCode.PAGINATION_NUMBER_INVALID)
    return min(max(int(text[:9]), 1), MOST_RESULTS)


def _result(found: FoundImage) -> dict[str, object]:
    return {
        "name": found.name,
        "description": found.description,
        "star_count": found.stars,
        "is_official": found.is_official,
        "is_automated": False,
    }
