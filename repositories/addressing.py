"""The one place that turns (port, host, path) into a repository.

The ways in, as in Nexus: a port of its own, a sub-domain (first DNS label), the first path segment
on the main port when path-based routing is enabled, and always `/repository/<name>/v2/...`.
"""

from __future__ import annotations

from dataclasses import dataclass

from repositories.records import RepositoryRecord, Snapshot

HOST_SERVICE = "nexuslite"
"""Audience of the tokens of path-based routing: one for the whole host, because a docker client
keeps one sign-in for all the paths of a host."""

_MOUNT = "/repository/"
_V1 = "/v1/"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request wants to go.

    `repository` is None on the main port's own `/v2/`, or when nothing answers to the name.
    `prefix` is put before an image name to build a URL path, `path` is what follows it, and
    `scope_prefix` is what clients put before image names in token scopes.
    """

    repository: RepositoryRecord | None
    prefix: str
    path: str
    service: str
    token_path: str
    scope_prefix: str = ""
    host_level: bool = False
    mounted: bool = False
    """Whether the path began with `/repository/<name>/`."""
    is_mirror: bool = False
    """Whether the port is a mirror, where nobody signs in and nothing is written."""
    is_v1: bool = False
    """Whether it is the old API that `docker search` speaks; then `path` follows `/v1/`."""


def resolve(snapshot: Snapshot, port: int, main: bool, host: str, path: str) -> Address | None:
    """The address of a request, or None when its path is none of the registry API.

    `main` says that the request came in on the port of the web interface.
    """
    if path.startswith(_MOUNT):
        return _mounted(snapshot, path) if main else None
    if path.startswith(_V1):
        return _v1(snapshot, port, main, host, path)
    if path == "/v2":
        path = "/v2/"
    if not path.startswith("/v2/"):
        return None
    if not main:
        repository = snapshot.by_port.get(port)
        if repository is None:
            return None
        return _direct(repository, path, is_mirror=repository.read_only_mirror)
    repository = _by_subdomain(snapshot, host)
    return _by_path(snapshot, path) if repository is None else _direct(repository, path)


def _by_subdomain(snapshot: Snapshot, host: str) -> RepositoryRecord | None:
    if not snapshot.by_subdomain:
        return None
    return snapshot.by_subdomain.get(host.partition(":")[0].partition(".")[0].lower())


def _v1(snapshot: Snapshot, port: int, main: bool, host: str, path: str) -> Address | None:
    """The old API has no path-based routing: docker asks the root of a host."""
    repository = _by_subdomain(snapshot, host) if main else snapshot.by_port.get(port)
    if repository is None or not repository.v1_enabled:
        return None
    return Address(
        repository,
        _V1,
        path[4:],
        repository.service,
        "/v2/token",
        is_mirror=not main and repository.read_only_mirror,
        is_v1=True,
    )


def _direct(repository: RepositoryRecord, path: str, *, is_mirror: bool = False) -> Address:
    return Address(
        repository, "/v2/", path[4:], repository.service, "/v2/token", is_mirror=is_mirror
    )


def _mounted(snapshot: Snapshot, path: str) -> Address | None:
    name, _, rest = path[len(_MOUNT) :].partition("/")
    # A reverse proxy that adds the prefix to a path which has it already.
    twice = f"repository/{name}/"
    if rest.startswith(twice):
        rest = rest[len(twice) :]
    if rest == "v2":
        rest = "v2/"
    is_v1 = rest.startswith("v1/")
    if not is_v1 and not rest.startswith("v2/"):
        return None
    repository = snapshot.by_name.get(name)
    if repository is not None and is_v1 and not repository.v1_enabled:
        # As if there were no such name: what is there is not for everybody to know.
        repository = None
    # The audience is made of the name alone: it must not tell whether there is such a repository.
    return Address(
        repository,
        f"{_MOUNT}{name}/{rest[:3]}",
        rest[3:],
        f"{_MOUNT}{name}",
        f"{_MOUNT}{name}/v2/token",
        mounted=True,
        is_v1=is_v1,
    )


def _by_path(snapshot: Snapshot, path: str) -> Address:
    name, slash, rest = path[4:].partition("/")
    repository = snapshot.by_name.get(name) if slash else None
    if repository is not None and not repository.path_enabled:
        repository = None
    if not slash:
        return Address(None, "/v2/", name, HOST_SERVICE, "/v2/token", host_level=True)
    return Address(
        repository,
        f"/v2/{name}/",
        rest,
        HOST_SERVICE,
        "/v2/token",
        scope_prefix=f"{name}/",
        host_level=True,
    )
