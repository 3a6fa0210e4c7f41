"""Answers that are asked for again and again, kept whole for a moment.

A deployment asks for the same manifests and looks for the same blobs by the thousand. An answer is
kept with the stamps of everything it was made from: configuration, security and the content of
its repository, for a group of all its members. A change of any of them is a change of its stamp, so
no answer outlives what it says. Two things no stamp could tell. When a token expires: nothing is
kept for longer than the leeway that tokens have anyway. When the remote has to be asked again for a
tag of a proxy repository: its answer is kept no longer than that. The credentials are part of the
key.

Over several nodes stamps cost a query, so nothing is kept there.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from nexuslite import stamps
from repositories import touches
from repositories.docker.responses import RegistryResponse

KEPT_SECONDS = 5.0
MOST_ANSWERS = 2048
LARGEST_BODY = 64 * 1024
# Other answers change with pushes that raise no stamp: a list grows by what is new.
ROUTES = frozenset({"manifest", "blob"})

Key = tuple[str, ...]
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_RANGE", "HTTP_IF_RANGE")


@dataclass(frozen=True, slots=True)
class Origin:
    """The stamps of what an answer is about to be made from, read before it is made."""

    slots: tuple[int, ...]
    stamps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer and what it was made from."""

    line: str
    headers: list[tuple[str, str]]
    body: tuple[bytes, ...]
    blob_id: int | None
    origin: Origin
    until: float


_answers: dict[Key, KeptAnswer] = {}
_filling = threading.Lock()


def key_of(environ: dict[str, Any]) -> Key | None:
    """What the answer depends on; None for a request whose answer is not kept."""
    method = environ["REQUEST_METHOD"]
    path = environ["PATH_INFO"]
    if not ("/manifests/" in path if method == "GET" else method == "HEAD"):
        return None
    query = environ.get("QUERY_STRING", "")
    # A mirror is told by every request which registry the client means.
    if query and ("&" in query or not query.startswith("ns=")):
        return None
    if stamps.shared_by_nodes():
        return None
    if any(condition in environ for condition in _CONDITIONS):
        return None
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    return (
        method,
        path,
        query,
        authorization,
        # A password may be guessed: what is kept for one client must not tell another that it is
        # right, past the door that counts attempts.
        environ.get("REMOTE_ADDR", "") if _has_password(authorization) else "",
        environ["SERVER_PORT"],
        environ.get("nexuslite.connector", ""),
        environ.get("HTTP_HOST", ""),
    )


def _has_password(authorization: str) -> bool:
    return authorization != "" and authorization[:7].lower() != "bearer "


def lookup(key: Key) -> KeptAnswer | None:
    """The kept answer, if all it was made from is as it was."""
    kept = _answers.get(key)
    if kept is None or time.monotonic() > kept.until:
        return None
    if stamps.read(*kept.origin.slots) != kept.origin.stamps:
        return None
    if kept.blob_id is not None:
        touches.touch(kept.blob_id)
    return kept


SETTINGS = (stamps.CONFIGURATION, stamps.SECURITY)


def origin(settings: tuple[int, ...], content_slots: tuple[int, ...]) -> Origin:
    """What an answer of a repository depends on; a group's on all that it reads from.

    `settings` are the stamps of `SETTINGS`, read before the repository was looked up.
    """
    return Origin((*SETTINGS, *content_slots), (*settings, *stamps.read(*content_slots)))


def keep(key: Key, made_from: Origin, response: RegistryResponse) -> None:
    """Keeps a successful, small answer."""
    body = response.body
    if response.status != 200 or not isinstance(body, bytes) or len(body) > LARGEST_BODY:
        return
    if stamps.CHANGING in made_from.stamps:
        return
    seconds = KEPT_SECONDS
    if response.fresh_seconds is not None:
        seconds = min(seconds, response.fresh_seconds)
    answer = KeptAnswer(
        line=response.line(),
        headers=list(response.headers),
        body=(body,) if body and key[0] != "HEAD" else (),
        blob_id=response.blob_id,
        origin=made_from,
        until=time.monotonic() + seconds,
    )
    with _filling:
        # Oldest first: dicts keep the order of insertion.
        _answers.pop(key, None)
        while len(_answers) >= MOST_ANSWERS:
            del _answers[next(iter(_answers))]
        _answers[key] = answer
