"""The answer of a remote: its head, its body within bounds, and what its status means."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

from repositories.remote import failure
from repositories.remote.clock import Clock
from repositories.remote.errors import (
    InvalidAnswer,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)

MAX_DISCARDED = 64 * 1024
MAX_PATIENCE = 24 * 3600.0
"""Seconds; no remote is believed that wants to be left alone for longer."""


class Answer:
    """One answer whose head has arrived. Used by one thread, and closed by it."""

    def __init__(
        self, response: httpx.Response, url: httpx.URL, clock: Clock, *, sent_own: bool
    ) -> None:
        self.url = url
        self.status = response.status_code
        self.headers = response.headers
        self.clock = clock
        self._response = response
        self._sent_own = sent_own
        self._chunks: Iterator[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connection back; one whose body was not read to its end is closed."""
        try:
            self._response.close()
        except failure.CAUSES as error:
            # Nobody needs this answer any more.
            del error

    def discard(self) -> None:
        """Reads over a short body, so that the connection can be used again."""
        read = 0
        try:
            while read <= MAX_DISCARDED and (chunk := self.next_chunk()):
                read += len(chunk)
        except RemoteUnavailable:
            return
        finally:
            self.close()

    def next_chunk(self) -> bytes:
        """Bytes of the body as they arrive; empty at the end. Raises `RemoteUnavailable`."""
        try:
            with self.clock.running():
                if self._chunks is None:
                    self._chunks = iter(self._response.stream)  # type: ignore[arg-type]
                for chunk in self._chunks:
                    if chunk:
                        return chunk
        except failure.CAUSES as error:
            raise failure.unavailable(error) from None
        return b""

    def read(self, limit: int) -> bytes:
        """The whole body. Raises `RemoteUnavailable`; `InvalidAnswer` beyond `limit` bytes."""
        self.refuse_encoding()
        if (self.length or 0) > limit:
            raise InvalidAnswer("the answer of the remote is too long")
        body = bytearray()
        while chunk := self.next_chunk():
            body += chunk
            if len(body) > limit:
                raise InvalidAnswer("the answer of the remote is too long")
        return bytes(body)

    def read_json(self, limit: int) -> dict[str, Any]:
        """The body as a JSON object. Raises `RemoteUnavailable`."""
        try:
            value = json.loads(self.read(limit))
        except (ValueError, RecursionError):
            raise InvalidAnswer("the answer of the remote is not JSON") from None
        if not isinstance(value, dict):
            raise InvalidAnswer("the answer of the remote is not a JSON object")
        return value

    def refuse_encoding(self) -> None:
        """Raises `InvalidAnswer` for a body that is compressed though nobody asked for it."""
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise InvalidAnswer("the remote sends an encoded body")

    @property
    def length(self) -> int | None:
        """Content-Length in bytes."""
        return whole_number(self.headers.get("content-length"))

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, in the case it was sent in."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip()

    @property
    def is_surely_of_registry(self) -> bool:
        """Whether the head alone shows that a registry said this."""
        if "docker-distribution-api-version" in self.headers:
            return True
        media_type = self.media_type.lower()
        return media_type == "application/json" or media_type.endswith("+json")

    @property
    def is_of_registry(self) -> bool:
        """Whether a registry may have said this, rather than some web server on the way.

        An error need not have a body (distribution-spec, "Error Codes").
        """
        return self.is_surely_of_registry or (self.media_type == "" and not self.length)

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before asking again (RFC 9110 section 10.2.3)."""
        text = self.headers.get("retry-after", "").strip()
        seconds: float | None = whole_number(text)
        if seconds is None and text:
            try:
                seconds = parsedate_to_datetime(text).timestamp() - time.time()
            except (ValueError, TypeError, OverflowError):
                return None
        return None if seconds is None else min(max(seconds, 0.0), MAX_PATIENCE)

    def error(self, *, is_token_service: bool = False) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        status = self.status
        who = "the token service" if is_token_service else "the remote"
        if status == 401:
            reason = f"{who} refuses to sign us in"
            return RemoteRefused(reason, status, credentials_rejected=self._sent_own)
        if status == 403:
            return RemoteRefused(f"{who} denies access", status)
        if status == 404 and self.is_of_registry and not is_token_service:
            return RemoteNotFound("the remote does not have it")
        if status == 429:
            return RemoteLimited(f"{who} limits our requests", self.retry_after)
        return RemoteUnavailable(f"{who} answered {status}", status=status)


def whole_number(text: str | None) -> int | None:
    """The number that a header holds; None for anything else."""
    stripped = (text or "").strip()
    if not stripped.isascii() or not stripped.isdigit() or len(stripped) > 18:
        return None
    return int(stripped)
