"""Signing in to a remote: which Authorization header a request gets, before and after a 401."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from repositories.remote import challenges
from repositories.remote.challenges import Challenge
from repositories.remote.clock import Clock
from repositories.remote.errors import AddressRefused, InvalidAnswer, RemoteError
from repositories.remote.origins import CredentialRules, Origin, origin_of, web_url
from repositories.remote.settings import RemoteSettings
from repositories.remote.tokens import Token, TokenCache, TokenRequest

MAX_WAYS = 2000

Way = TokenRequest | None
"""How content was reached the last time: by a token, or by the password (None)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Authorization header and what it is made of.

    `are_own` says that it holds what an administrator entered, so that a refusal is about that.
    """

    header: str
    are_own: bool = False
    token: str | None = None
    request: TokenRequest | None = None


class Authorizer:
    """Remembers what a remote wants, so that the next request need not be refused first."""

    def __init__(
        self,
        settings: RemoteSettings,
        rules: CredentialRules,
        fetch: Callable[[TokenRequest], Token],
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._tokens = TokenCache(fetch)
        self._ways: OrderedDict[tuple[Origin, str], Way] = OrderedDict()
        self._lock = threading.Lock()

    def basic(self) -> str:
        """The header for the configured user name and password."""
        pair = f"{self._settings.username}:{self._settings.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode("ascii")

    def first(self, url: httpx.URL, scope: str, clock: Clock) -> Credentials | None:
        """What is sent before the remote has asked for anything."""
        is_own = self._rules.is_own(url)
        if is_own and self._settings.bearer_token:
            return Credentials(f"Bearer {self._settings.bearer_token}", are_own=True)
        known, way = self._way(origin_of(url), scope)
        if way is not None:
            try:
                return self._by_token(way, None, clock)
            except RemoteError:
                # The next request hears anew what the remote wants by now.
                self._forget(origin_of(url), scope)
                raise
        if is_own and self._settings.username and (known or self._settings.preemptive):
            return Credentials(self.basic(), are_own=True)
        return None

    def after_refusal(
        self,
        url: httpx.URL,
        scope: str,
        headers: Sequence[str],
        sent: Credentials | None,
        clock: Clock,
        *,
        is_first: bool,
    ) -> Credentials | None:
        """What is sent after a 401; None when nothing is left to try.

        A token that was remembered may have been revoked, so the first refusal renews it; a
        second one for the same request is final. So is a refusal of the configured credentials.
        """
        offered = challenges.parse(headers)
        if sent is not None and sent.request is None and self._settings.bearer_token:
            return None
        for challenge in offered:
            request = self._token_request(challenge, url, scope)
            if request is None or (not is_first and sent is not None and sent.request == request):
                continue
            credentials = self._by_token(request, sent.token if sent else None, clock)
            self._remember(origin_of(url), scope, request)
            return credentials
        wants_password = any(challenge.scheme == "basic" for challenge in offered)
        if not wants_password or not self._settings.username or not self._rules.is_own(url):
            return None
        if sent is not None and sent.are_own:
            return None
        self._remember(origin_of(url), scope, None)
        return Credentials(self.basic(), are_own=True)

    def _by_token(self, request: TokenRequest, refused: str | None, clock: Clock) -> Credentials:
        token = self._tokens.get(request, refused=refused, patience=clock.remaining)
        return Credentials(f"Bearer {token.text}", token=token.text, request=request)

    def _token_request(
        self, challenge: Challenge, url: httpx.URL, scope: str
    ) -> TokenRequest | None:
        named = challenge.parameters.get("realm")
        if challenge.scheme != "bearer" or not named:
            return None
        try:
            realm = web_url(named, url)
        except (InvalidAnswer, AddressRefused):
            return None
        may_know = (
            bool(self._settings.username)
            and self._rules.is_own(url)
            and self._rules.may_issue_tokens(realm)
        )
        return TokenRequest(
            realm=str(realm),
            service=challenge.parameters.get("service", ""),
            scope=challenge.parameters.get("scope", scope),
            account=self._settings.username if may_know else "",
        )

    def _way(self, origin: Origin, scope: str) -> tuple[bool, Way]:
        """Whether this content, or else the last one of the origin, is known, and its way."""
        with self._lock:
            if (origin, scope) in self._ways:
                self._ways.move_to_end((origin, scope))
                return True, self._ways[origin, scope]
            known = (origin, "") in self._ways
            way = self._ways.get((origin, ""))
        if way is None or not scope:
            return known, way
        return True, TokenRequest(way.realm, way.service, scope, way.account)

    def _forget(self, origin: Origin, scope: str) -> None:
        with self._lock:
            self._ways.pop((origin, scope), None)
            self._ways.pop((origin, ""), None)

    def _remember(self, origin: Origin, scope: str, way: Way) -> None:
        with self._lock:
            self._ways[origin, scope] = way
            if way is None or way.scope == scope:
                # The remote names scopes as everybody does, so other images need not ask first.
                self._ways[origin, ""] = way
            while len(self._ways) > MAX_WAYS:
                self._ways.popitem(last=False)
