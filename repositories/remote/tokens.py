"""Bearer tokens of remotes, kept in memory until they expire (distribution token spec)."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from repositories.remote.clock import TooSlow

DEFAULT_LIFETIME = 60.0
"""Seconds; what a token is good for at least, and when its service does not say."""
MAX_LIFETIME = 24 * 3600.0
MAX_TOKEN_LENGTH = 64 * 1024
MAX_TOKENS = 2000
_MARGIN = 0.1
_FORM = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is asked for. `account` is empty when no credentials go to the realm."""

    realm: str
    service: str
    scope: str
    account: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token and until when it is used, by the monotonic clock."""

    text: str
    expires: float


class InvalidToken(ValueError):
    """The token service gave no token."""


def read_token(answer: Mapping[str, Any]) -> Token:
    """The token of a service's answer. Raises `InvalidToken`.

    The lifetime counts from now: clocks differ. It is used for nine tenths of it.
    """
    text = answer.get("token") or answer.get("access_token")
    if not isinstance(text, str) or len(text) > MAX_TOKEN_LENGTH or not _FORM.fullmatch(text):
        raise InvalidToken("the token service gave no token")
    lifetime = answer.get("expires_in")
    if not isinstance(lifetime, int | float) or isinstance(lifetime, bool):
        lifetime = DEFAULT_LIFETIME
    # Never less than 60 seconds, says the specification; also keeps out negative numbers.
    lifetime = min(max(lifetime, DEFAULT_LIFETIME), MAX_LIFETIME)
    return Token(text, monotonic() + lifetime * (1 - _MARGIN))


class TokenCache:
    """Tokens by what they were asked for; each is fetched by one thread while others wait."""

    def __init__(self, fetch: Callable[[TokenRequest], Token]) -> None:
        self._fetch = fetch
        self._tokens: OrderedDict[TokenRequest, Token] = OrderedDict()
        self._fetching: dict[TokenRequest, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, request: TokenRequest, *, refused: str | None, patience: float | None) -> Token:
        """A token that has not expired and is not the one that was `refused`.

        Raises what `fetch` raises, and `TooSlow` when another thread fetches it for longer than
        `patience` seconds.
        """
        token = self._remembered(request, refused)
        if token is not None:
            return token
        with self._lock:
            turn = self._fetching.setdefault(request, threading.Lock())
        if not turn.acquire(timeout=-1 if patience is None else patience):
            raise TooSlow
        try:
            token = self._remembered(request, refused)
            if token is None:
                token = self._fetch(request)
                self._remember(request, token)
            return token
        finally:
            turn.release()
            with self._lock:
                self._fetching.pop(request, None)

    def _remembered(self, request: TokenRequest, refused: str | None) -> Token | None:
        with self._lock:
            token = self._tokens.get(request)
            if token is None or token.text == refused or token.expires <= monotonic():
                return None
            self._tokens.move_to_end(request)
            return token

    def _remember(self, request: TokenRequest, token: Token) -> None:
        with self._lock:
            self._tokens[request] = token
            while len(self._tokens) > MAX_TOKENS:
                self._tokens.popitem(last=False)
