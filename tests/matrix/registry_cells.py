"""Every route of the registry API, by every way in, as everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jwt

from repositories.protocol.media_types import OCI_MANIFEST
from tests.matrix import policy
from tests.matrix.asking import Asker, Findings, Request, seen_as
from tests.matrix.policy import Registry
from tests.matrix.world import (
    EVERYTHING,
    IMAGES,
    LOOSE,
    REPOSITORIES,
    TAGS,
    UNKNOWN_IMAGES,
    World,
)
from tests.support.registry import Answer, check, digest_of

CREDENTIALS = ("none", "basic", "token", "stale")
CONSUMED = {("manifest", "DELETE"), ("blob", "DELETE"), ("upload", "PUT"), ("upload", "DELETE")}


@dataclass(frozen=True)
class Cell:
    """One question to the registry API."""

    route: str
    method: str
    actor: str
    credential: str
    way: str
    repository: str

    def __str__(self) -> str:
        who = f"{self.actor} by {self.credential}"
        return f"{self.method} {self.route} of {self.repository} by {self.way} as {who}"


def row_of(cell: Cell) -> Registry | None:
    """The line of the policy; None for a method that the route does not have."""
    head = cell.method == "HEAD" and cell.route not in policy.NO_HEAD
    method = "GET" if head else cell.method
    for row in policy.REGISTRY:
        if (row.route, row.method) == (cell.route, method):
            return row
    return None


def cells(repositories: tuple[str, ...] = (*REPOSITORIES, "vapor")) -> Iterator[Cell]:
    """Every question there is, whatever the settings are."""
    routes = dict.fromkeys(row.route for row in policy.REGISTRY)
    for repository in repositories:
        for way in policy.WAYS if repository != "vapor" else policy.BY_NAME:
            for route in routes:
                for method in policy.METHODS:
                    for actor in policy.ACTORS:
                        for credential in credentials_of(actor):
                            yield Cell(route, method, actor, credential, way, repository)


def credentials_of(actor: str) -> tuple[str, ...]:
    """What an actor can show."""
    if actor == policy.NOBODY:
        return ("none", "token", "stale")
    return ("basic",) if actor == policy.INTRUDER else CREDENTIALS[1:]


def expected(world: World, cell: Cell) -> int:
    """The status that the policy wants."""
    row = row_of(cell)
    if row is None:
        return 404 if cell.route in policy.V1 and cell.way == "path" else 405
    return policy.registry_answer(
        row, world.settings, cell.actor, cell.credential, cell.way, cell.repository
    )


def request_of(world: World, cell: Cell, *, image: str = "") -> Request | None:
    """The request of a cell, for its repository's image or another; None without a token."""
    headers = world.headers(cell.actor, cell.credential, cell.way, cell.repository)
    if headers is None:
        return None
    known = "vault" if cell.repository == "vapor" else cell.repository
    path = path_of(world, cell, known, image or IMAGES[known])
    doorway = world.doorway(cell.way, cell.repository)
    target = f"{doorway.prefix}{path}"
    if cell.route in policy.V1:
        prefix = "/v1/" if cell.way == "path" else doorway.prefix.replace("/v2/", "/v1/")
        target = f"{prefix}{path}"
    if cell.route == "token":
        scope = f"repository:{doorway.scope_prefix}{image or IMAGES[known]}:{EVERYTHING}"
        target = f"{doorway.token_path}?service=any&scope={scope}"
    body = None
    if (cell.route, cell.method) == ("manifest", "PUT"):
        body = world.images[known].content
        headers = {**headers, "Content-Type": OCI_MANIFEST}
    elif (cell.route, cell.method) == ("upload", "PUT"):
        body = LOOSE
    return Request(doorway.entrance, cell.method, target, headers, body)


def path_of(world: World, cell: Cell, known: str, image: str) -> str:
    """What follows the prefix of the doorway."""
    digest = world.images[known].digest
    match cell.route:
        case "manifest":
            return f"{image}/manifests/{TAGS[known]}"
        case "uploads":
            return f"{image}/blobs/uploads/"
        case "upload":
            finishing = f"?digest={digest_of(LOOSE)}" if cell.method == "PUT" else ""
            return f"{image}/blobs/uploads/{world.uploads[known]}{finishing}"
        case "blob":
            return f"{image}/blobs/{digest_of(LOOSE)}"
        case "tags":
            return f"{image}/tags/list"
        case "referrers":
            return f"{image}/referrers/{digest}"
        case "catalog":
            return "_catalog"
        case "ping":
            return "_ping"
        case "search":
            return "search?q=p"
        case "base" | "token":
            return ""
    raise ValueError(f"The matrix does not know how to ask for the route {cell.route!r} yet.")


def examine(asker: Asker, cell: Cell, findings: Findings) -> None:
    """Asks a cell and holds the answer to the policy."""
    world, row = asker.world, row_of(cell)
    request = request_of(world, cell)
    if request is None:
        return
    findings.asked += 1
    wanted = expected(world, cell)
    answer = asker.ask(request)
    try:
        check(cell.method, answer)
    except AssertionError as error:
        findings.add(row, cell, f"not an answer of a registry: {error}")
    if answer.status != wanted:
        findings.add(row, cell, f"{answer.status}, not {wanted}: {answer.body!r}")
    if answer.status < 300 and (cell.route, cell.method) in CONSUMED:
        world.restore(cell.repository, cell.route)
    if seen_as(world, cell.actor, cell.credential) != "admin":
        for text in asker.leaks(request, answer):
            findings.add(row, cell, text)
    if cell.route == "token" and answer.status == 200:
        for text in token_faults(asker, cell, answer):
            findings.add(row, cell, text)
    if answer.status in (401, 403) and row is not None and cell.credential != "stale":
        for text in differences(asker, cell, request):
            findings.add(row, cell, text)


def differences(asker: Asker, cell: Cell, request: Request) -> Iterator[str]:
    """What tells a refused thing from one that is not there."""
    world = asker.world
    if cell.repository in IMAGES and cell.route not in ("base", "token", "catalog", *policy.V1):
        image = IMAGES[cell.repository]
        other = UNKNOWN_IMAGES[image]
        unknown = request_of(world, cell, image=other)
        if unknown is not None:
            yield from asker.differences(request, unknown, (image, other))
    if cell.repository == "vault" and cell.way in policy.BY_NAME:
        unknown = request_of(world, replace(cell, repository="vapor"))
        if unknown is not None:
            yield from asker.differences(request, unknown, ("vault", "vapor"))


def token_faults(asker: Asker, cell: Cell, answer: Answer) -> Iterator[str]:
    """What a token says too much: of rights, or of what is there."""
    world = asker.world
    actions = policy.token_scope(world.settings, cell.actor, cell.credential, cell.repository)
    granted = {str(entry["name"]): entry["actions"] for entry in claims_of(answer)["access"]}
    if list(granted.values()) != ([actions.split(",")] if actions else []):
        yield f"grants {granted}, not {actions!r}"
    if cell.repository != "vault" or cell.way not in policy.BY_NAME or actions:
        return
    unknown = request_of(world, replace(cell, repository="vapor"))
    assert unknown is not None
    hidden, absent = claims_of(answer), claims_of(asker.ask(unknown))
    # The client has said the name itself.
    if repr(hidden) != repr(absent).replace("vapor", "vault"):
        yield f"the token tells what is there: {hidden}, {absent}"


def claims_of(answer: Answer) -> dict[str, Any]:
    """The claims of a token, but for those that no two tokens share."""
    claims: dict[str, Any] = jwt.decode(answer.json()["token"], options={"verify_signature": False})
    return {name: claims[name] for name in claims if name not in ("iat", "nbf", "exp", "jti")}
