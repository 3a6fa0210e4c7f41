"""Answers of the registry API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from nexuslite.server.files import FileSlice, GrowingSlice
from repositories.protocol.errors import RegistryError

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
# The names of RFC 9110; Python 3.11 still has the older ones.
STATUS_LINES[413] = "413 Content Too Large"
STATUS_LINES[416] = "416 Range Not Satisfiable"

VERSION_HEADER = ("Docker-Distribution-Api-Version", "registry/2.0")
JSON = "application/json"


@dataclass(slots=True)
class RegistryResponse:
    """Status, headers and body; the version header is added to every one."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | FileSlice | GrowingSlice | Iterable[bytes] = b""
    status_line: str | None = None
    blob_id: int | None = None
    """The blob that the client now counts on, if the answer says that one exists."""
    fresh_seconds: float | None = None
    """For how long the answer is sure to be right without a look at anything but stamps."""

    def line(self) -> str:
        """The status line's code and reason phrase."""
        return self.status_line or STATUS_LINES[self.status]


def json_response(
    content: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> RegistryResponse:
    """A JSON answer."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return RegistryResponse(
        status,
        [("Content-Type", JSON), ("Content-Length", str(len(body))), *headers],
        body,
    )


def empty_response(status: int, *headers: tuple[str, str]) -> RegistryResponse:
    """An answer without a body."""
    if status in {204, 304}:
        return RegistryResponse(status, list(headers))
    return RegistryResponse(status, [("Content-Length", "0"), *headers])


def error_response(error: RegistryError) -> RegistryResponse:
    """The one rendering of every registry error (OCI distribution-spec, "Error Codes")."""
    body = error.body()
    return RegistryResponse(
        error.status,
        [
            ("Content-Type", JSON),
            ("Content-Length", str(len(body))),
            VERSION_HEADER,
            *error.headers.items(),
        ],
        body,
        status_line=None if error.reason is None else f"{error.status} {error.reason}",
    )
