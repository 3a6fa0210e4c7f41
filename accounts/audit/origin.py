"""Where the request under way comes from."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address and the id of the request; both empty outside of a request."""

    address: str = ""
    request_id: str = ""


_LONGEST = 100
"""Characters that the row has room for."""
_NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin_of_request", default=_NOWHERE)


def begin_request(environ: Mapping[str, Any]) -> None:
    """Says which request the thread works on from now on; each entrance does so first."""
    address = str(environ.get("REMOTE_ADDR", ""))[:_LONGEST]
    request_id = str(environ.get("nexuslite.request_id", ""))[:_LONGEST]
    _current.set(Origin(address, request_id))


def current_origin() -> Origin:
    """The origin of the request under way."""
    return _current.get()
