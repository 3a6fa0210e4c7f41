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


def resolve(snapshot: Snapshot, port: int, main: bool, host: str, path: str) -> Address | None:
    """The address of a request, or None when its path is none of the registry API.

    `main` says that the request came in on the port of the web interface.
    """
    if path.startswith(_MOUNT):
        return _mounted(snapshot, path) if main else None
    if path == "/v2":
        path = "/v2/"
    if not path.startswith("/v2/"):
        return None
    if not main:
        repository = snapshot.by_port.get(port)
        return None if repository is None else _direct(repository, path)
    if snapshot.by_subdomain:
        repository = snapshot.by_subdomain.get(host.partition(":")[0].partition(".")[0].lower())
        if repository is not None:
            return _direct(repository, path)
    return _by_path(snapshot, path)


def _direct(repository: RepositoryRecord, path: str) -> Address:
    return Address(repository, "/v2/", path[4:], repository.service, "/v2/token")


def _mounted(snapshot: Snapshot, path: str) -> Address | None:
    name, _, rest = path[len(_MOUNT) :].partition("/")
    # A reverse proxy that adds the prefix to a path which has it already.
    twice = f"repository/{name}/"
    if rest.startswith(twice):
        rest = rest[len(twice) :]
    if rest == "v2":
        rest = "v2/"
    if not rest.startswith("v2/"):
        return None
    prefix = f"{_MOUNT}{name}/v2/"
    repository = snapshot.by_name.get(name)
    service = HOST_SERVICE if repository is None else repository.service
    return Address(repository, prefix, rest[3:], service, f"{prefix}token", mounted=True)


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
