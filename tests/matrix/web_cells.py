"""Every route of REST and the pages, as everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.matrix import bodies, policy
from tests.matrix.asking import CHALLENGE, Asker, Findings, Request, seen_as
from tests.matrix.policy import Page, Rest
from tests.matrix.world import World
from tests.support.registry import Answer

ROWS: tuple[Rest, ...] = (*policy.REST, *policy.PAGES)
FEW = (
    ("admin", "basic"),
    ("browser", "session"),
    ("stranger", "basic"),
    ("disabled", "session"),
    (policy.NOBODY, "none"),
)
"""Where little depends on who asks, these are enough."""
_KIND = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Cell:
    """One question to REST or for a page; `row` is None for a method that the route lacks."""

    row: Rest | None
    method: str
    path: str
    name: str
    actor: str
    credential: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} as {self.actor} by {self.credential}"


def route_of(target: str) -> str:
    """The route of a path in Django's URL configuration."""
    return resolve(target.partition("?")[0]).route


def all_routes() -> set[str]:
    """Every route there is, but for those that stand for no path in particular."""
    return {route for route in _routes(get_resolver(), "") if not route.endswith("service/rest/")}


def _routes(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)


def rows_of_routes() -> set[str]:
    """The routes that have a line; REST is there under its old name `beta` as well."""
    routes = {route_of(filled(row.target, names_of(row)[0])) for row in ROWS}
    return routes | {route.replace("/v1/", "/beta/") for route in routes}


def names_of(row: Rest) -> tuple[str, ...]:
    """What to put into the path: something private, something unknown; empty without a name."""
    kind = _KIND.search(row.path)
    if kind is None:
        return ("",)
    more = ("team",) if kind[1] == "repository" else ()
    return (*policy.PAIRS[kind[1]], *more)


def filled(target: str, name: str) -> str:
    """The target with the name in its place."""
    return _KIND.sub(name, target)


def credentials_of(actor: str) -> tuple[str, ...]:
    """What an actor can show."""
    if actor == policy.NOBODY:
        return ("none",)
    return ("basic",) if actor == policy.INTRUDER else ("basic", "session")


def may_change(row: Rest, actor: str) -> bool:
    """Whether the line changes something when the actor asks."""
    return row.body is not None or row.method == "DELETE" if actor == "admin" else False


def cells(actors: tuple[str, ...] = policy.ACTORS) -> Iterator[Cell]:
    """Every question that has a line; those of one actor in the order of the lines.

    Without HEAD, which Django answers as GET.
    """
    for actor in actors:
        for credential in credentials_of(actor):
            for row in ROWS:
                if credential == "session" and not row.keeps_session:
                    continue
                for name in names_of(row):
                    # What is made anew is changed and deleted, and nothing else.
                    changed = name and may_change(row, actor) and name not in policy.UNKNOWN
                    if changed and name != names_of(row)[0]:
                        continue
                    used = bodies.SPARE if changed else name
                    target = filled(row.target, used)
                    yield Cell(row, row.method, target, used, actor, credential)


def lacking() -> Iterator[Cell]:
    """Every method that a route does not have, as a few."""
    has: dict[str, set[str]] = {}
    paths: dict[str, str] = {}
    for row in ROWS:
        path = filled(row.target, names_of(row)[0])
        has.setdefault(route_of(path), set()).add(row.method)
        paths[route_of(path)] = path
    for route, methods in has.items():
        for method in policy.METHODS:
            if method in methods or (method == "HEAD" and "GET" in methods):
                continue
            for actor, credential in FEW:
                yield Cell(None, method, paths[route], "", actor, credential)


def request_of(world: World, cell: Cell) -> Request:
    """The request of a cell."""
    body: Any = None
    if cell.row is not None and cell.row.body is not None:
        body = cell.row.body(cell.name, world.settings)
    elif cell.method in ("POST", "PUT", "PATCH"):
        body = b""
    headers = world.headers(cell.actor, cell.credential)
    assert headers is not None
    if cell.credential == "none" and cell.method not in ("GET", "HEAD"):
        # A form of a page of ours; what a foreign one may is tested elsewhere.
        headers = world.form_headers()
    target = world.with_content(cell.path, cell.name)
    return Request(world.main, cell.method, target, headers, body)


def expected(world: World, cell: Cell) -> int:
    """The status that the policy wants."""
    if cell.row is None:
        locked_out = seen_as(world, cell.actor, cell.credential) == policy.LOCKED_OUT
        return 401 if locked_out else 405
    return policy.web_answer(cell.row, world.settings, cell.actor, cell.credential, cell.name)


def examine(asker: Asker, cell: Cell, findings: Findings) -> None:
    """Asks a cell and holds the answer to the policy."""
    world = asker.world
    request, wanted = request_of(world, cell), expected(world, cell)
    answer = asker.ask(request)
    findings.asked += 1
    if answer.status != wanted:
        findings.add(cell.row, cell, f"{answer.status}, not {wanted}: {answer.body[:300]!r}")
    for text in shape_faults(cell, answer):
        findings.add(cell.row, cell, text)
    who = seen_as(world, cell.actor, cell.credential)
    if who == "admin":
        return
    for text in asker.leaks(request, answer):
        findings.add(cell.row, cell, text)
    compared = cell.name in policy.PRIVATE and cell.credential != "session"
    if compared and cell.row is not None and wanted >= 300:
        for text in differences(asker, cell, request):
            findings.add(cell.row, cell, text)


def shape_faults(cell: Cell, answer: Answer) -> Iterator[str]:
    """What holds for every answer, whoever asked."""
    challenge = answer.header("WWW-Authenticate")
    if challenge != (CHALLENGE if answer.status == 401 else None):
        yield f"{answer.status} with the challenge {challenge!r}"
    if answer.status == 401 and answer.body:
        yield f"401 with a body: {answer.body!r}"
    if answer.status == 302 and not isinstance(cell.row, Page):
        yield f"a program is sent to {answer.header('Location')}"


def differences(asker: Asker, cell: Cell, request: Request) -> Iterator[str]:
    """What tells the private thing from one that is not there."""
    unknown_name = dict(policy.PAIRS.values())[cell.name]
    assert cell.row is not None
    target = filled(cell.row.target, unknown_name)
    unknown = request_of(
        asker.world,
        Cell(cell.row, cell.method, target, unknown_name, cell.actor, cell.credential),
    )
    yield from asker.differences(request, unknown, (cell.name, unknown_name))
