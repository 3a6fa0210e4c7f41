"""Reading WWW-Authenticate (RFC 9110 section 11.6.1, RFC 6750, distribution token spec)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_HEADER_LENGTH = 8192
MAX_CHALLENGES = 16

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Servers leave out quotes where they are required, so an unquoted value may hold nearly anything.
_PARAMETER = re.compile(
    rf"({_WORD})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"=][^\s,\"]*))(?=[\s,]|$)"
)
_SCHEME = re.compile(rf"({_WORD})(?=[\s,]|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[\s,]|$)")
_SEPARATORS = re.compile(r"[\s,]+")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way that a server offers to sign in; scheme and names are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of all header lines, each of which may hold several.

    What cannot be read ends its line; what was read before it counts.
    """
    found: list[Challenge] = []
    for header in headers:
        found.extend(_parse_line(header[:MAX_HEADER_LENGTH]))
    return found[:MAX_CHALLENGES]


def _parse_line(line: str) -> list[Challenge]:
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    position = 0
    while len(found) <= MAX_CHALLENGES:
        if separators := _SEPARATORS.match(line, position):
            position = separators.end()
        if position >= len(line):
            break
        if found and (parameter := _PARAMETER.match(line, position)):
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            parameters.setdefault(name.lower(), value)
            position = parameter.end()
        elif scheme := _SCHEME.match(line, position):
            parameters = {}
            found.append(Challenge(scheme[1].lower(), parameters))
            position = scheme.end()
        elif found and not parameters and (blob := _TOKEN68.match(line, position)):
            position = blob.end()
        else:
            break
    return found
