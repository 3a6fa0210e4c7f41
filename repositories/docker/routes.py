"""The routes of the registry API, as one table.

Paths are read from the right, because image names hold slashes (distribution-spec, "Endpoints").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from repositories.docker.door import ACTIONS
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse
from repositories.docker.views import (
    base,
    blobs,
    catalog,
    manifests,
    referrers,
    search,
    tags,
    token,
    uploads,
)

View = Callable[[RegistryRequest], RegistryResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of resource: where it is, and who answers which method."""

    name: str
    pattern: re.Pattern[str]
    views: Mapping[str, View]
    public: bool = False
    """Whether the view itself says who may ask; the door stands before all others."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """What methods do here where it is not what they do elsewhere; see `door.ACTIONS`."""

    def action(self, method: str) -> str:
        """The permission action that a method needs."""
        return self.actions.get(method) or ACTIONS[method]


ROUTES: tuple[Route, ...] = (
    Route(
        "manifest",
        re.compile(r"(?P<image>.+)/manifests/(?P<target>[^/]+)"),
        {
            "GET": manifests.get,
            "HEAD": manifests.get,
            "PUT": manifests.put,
            "DELETE": manifests.delete,
        },
    ),
    Route(
        "uploads",
        re.compile(r"(?P<image>.+)/blobs/uploads/?"),
        {"POST": uploads.start},
    ),
    Route(
        "upload",
        re.compile(r"(?P<image>.+)/blobs/uploads/(?P<target>[^/]+)"),
        {
            "GET": uploads.status,
            "HEAD": uploads.status,
            "PATCH": uploads.append,
            "PUT": uploads.finish,
            "DELETE": uploads.cancel,
        },
        # Whoever may push may stop pushing: docker cancels sessions with the token it pushes by.
        actions={"DELETE": "add"},
    ),
    Route(
        "blob",
        re.compile(r"(?P<image>.+)/blobs/(?P<target>[^/]+)"),
        {"GET": blobs.get, "HEAD": blobs.get, "DELETE": blobs.delete},
    ),
    Route(
        "tags",
        re.compile(r"(?P<image>.+)/tags/list"),
        {"GET": tags.list_tags, "HEAD": tags.list_tags},
    ),
    Route(
        "referrers",
        re.compile(r"(?P<image>.+)/referrers/(?P<target>[^/]+)"),
        {"GET": referrers.list_referrers, "HEAD": referrers.list_referrers},
    ),
    Route("base", re.compile(r""), {"GET": base.get, "HEAD": base.get}),
    Route("catalog", re.compile(r"_catalog"), {"GET": catalog.get, "HEAD": catalog.get}),
    Route(
        "token",
        re.compile(r"token/?"),
        {"GET": token.get, "POST": token.post},
        public=True,
    ),
)


V1_ROUTES: tuple[Route, ...] = (
    Route("ping", re.compile(r"_ping"), {"GET": search.ping, "HEAD": search.ping}),
    Route("search", re.compile(r"search/?"), {"GET": search.get, "HEAD": search.get}),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A route that a path belongs to, with what it names."""

    route: Route
    image_name: str
    target: str


def match(path: str, *, is_v1: bool = False) -> Match | None:
    """The route of what follows `/v2/`, or `/v1/`, or None."""
    for route in V1_ROUTES if is_v1 else ROUTES:
        found = route.pattern.fullmatch(path)
        if found is not None:
            named = found.groupdict()
            return Match(route, named.get("image", ""), named.get("target", ""))
    return None
