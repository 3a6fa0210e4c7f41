"""Asking one thing, and what an answer must not do, whichever route it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.matrix import policy
from tests.matrix.world import World, private_words
from tests.support.registry import Answer, Entrance

CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'
_SHOWN = 40
# The token of forms, which is masked anew for each page, and its cookie.
_FORM_TOKEN = re.compile(r"(?<=[\"'])[A-Za-z0-9]{64}(?=[\"'])|(?<=csrftoken=)[^']*")


@dataclass(frozen=True)
class Request:
    """One request as it goes out."""

    entrance: Entrance
    method: str
    target: str
    headers: dict[str, str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.entrance.host}{self.target}"


@dataclass
class Findings:
    """What went otherwise than the policy says, by the line of the policy."""

    asked: int = 0
    rows_asked: set[object] = field(default_factory=set)
    found: list[tuple[object, str]] = field(default_factory=list)

    def add(self, row: object, cell: object, text: str) -> None:
        self.found.append((row, f"{cell}: {text}"))

    @property
    def rows(self) -> set[object]:
        """The lines that something was found about."""
        return {row for row, _ in self.found}

    def none(self) -> None:
        """Fails the test when something was found, or nothing was asked."""
        assert self.asked
        if self.found:
            shown = "\n".join(text for _, text in self.found[:_SHOWN])
            heading = f"{len(self.found)} findings in {self.asked} answers"
            pytest.fail(f"{heading}, by the policy of tests/matrix/policy.py:\n{shown}", False)


class Asker:
    """Sends requests; counts the statements that they take where it can."""

    def __init__(self, world: World, *, counts: bool = True, compares: bool = True) -> None:
        self.world = world
        self._counts = counts
        self._compares = compares
        self._private = private_words(world)

    def ask(self, request: Request) -> Answer:
        """The answer."""
        return self.world.send(
            request.entrance, request.method, request.target, request.headers, request.body
        )

    def cost(self, request: Request) -> tuple[Answer, int]:
        """The answer and how many statements it takes when nothing is new to the server."""
        if not self._counts:
            return self.ask(request), 0
        from repositories.docker import hot

        hot._answers.clear()
        with counted_statements() as statements:
            answer = self.ask(request)
        return answer, len(statements)

    def leaks(self, request: Request, answer: Answer) -> Iterator[str]:
        """Private words of the answer that the request did not bring."""
        brought = f"{request.entrance.host} {request.target} {request.body}".encode()
        shown = answer.body + repr(answer.headers).encode()
        for word in self._private:
            if word in shown and word not in brought:
                yield f"tells of {word.decode()}"

    def differences(
        self, known: Request, unknown: Request, names: tuple[str, str]
    ) -> Iterator[str]:
        """What tells something that is there from something that is not, but for its name."""
        if not self._compares:
            return
        # What is there was asked for already.
        there, cost_there = self.cost(known)
        self.ask(unknown)
        absent, cost_absent = self.cost(unknown)
        if _told(there, names) != _told(absent, names):
            where = _first_difference(_told(there, names), _told(absent, names))
            yield f"what is there and what is not differ: {where}"
        if cost_there != cost_absent:
            yield f"{cost_there} statements for what is there, {cost_absent} for what is not"


def _told(answer: Answer, names: tuple[str, str]) -> str:
    """All that an answer says, with one name for both and without what is new every time."""
    headers = [field for field in answer.headers if field[0] != "Expires"]
    text = f"{answer.status} {headers} {answer.body.decode()}".replace(names[1], names[0])
    return _FORM_TOKEN.sub("", text)


def _first_difference(one: str, other: str) -> str:
    pairs = enumerate(zip(one, other, strict=False))
    start = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, start - 20)
    return f"{one[start : start + 100]!r} and {other[start : start + 100]!r}"


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collects the statements that this thread runs."""
    from django.db import connection

    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        seen.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        yield seen


def seen_as(world: World, actor: str, credential: str) -> str:
    """Who the policy takes the request for, at the settings in force."""
    return policy.taken_for(world.settings, actor, credential)
