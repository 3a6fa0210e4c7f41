"""One request to a remote: signed in, redirected, in time, repeated when that is safe."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar
from typing import Literal

import httpx

from nexuslite import __version__
from repositories.remote import failure
from repositories.remote.answer import Answer
from repositories.remote.authorization import Authorizer, Credentials
from repositories.remote.clock import Clock, running_clock
from repositories.remote.errors import InvalidAnswer
from repositories.remote.guard import Guard
from repositories.remote.network import Resolve
from repositories.remote.origins import CredentialRules, origin_of, web_url
from repositories.remote.settings import RemoteSettings
from repositories.remote.tokens import InvalidToken, Token, TokenRequest, read_token
from repositories.remote.transport import RemoteTransport

MAX_REDIRECTS = 10
MAX_SIGN_INS = 3
MAX_TOKEN_ANSWER = 256 * 1024
MAX_COOKIES = 50
CONNECT_SECONDS = 10.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_REPEATING = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for something that may be asked for twice without harm.

    `scope` is what a token would be asked for. `authorization` goes to the host of `url` alone
    and makes the request anonymous beyond that; so does `is_anonymous`.
    """

    url: httpx.URL
    method: Literal["GET", "HEAD"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    scope: str = ""
    authorization: str | None = None
    is_anonymous: bool = False

    def by_get(self) -> Ask:
        """The same by GET."""
        return replace(self, method="GET")


class Exchange:
    """Requests to one remote and to whatever it leads to. Safe for use by many threads."""

    def __init__(self, settings: RemoteSettings, resolve: Resolve) -> None:
        self._settings = settings
        self._rules = CredentialRules(settings)
        guard = Guard(httpx.URL(settings.url).host, settings.addresses)
        self._transport = RemoteTransport(settings, guard, resolve)
        self._authorizer = Authorizer(settings, self._rules, self._fetch_token)
        self._cookies = httpx.Cookies(CookieJar())
        self._cookie_lock = threading.Lock()
        suffix = settings.user_agent_suffix.strip()
        self._user_agent = f"nexuslite/{__version__} {suffix}".rstrip()

    def send(self, ask: Ask) -> Answer:
        """The answer, whatever its status; it must be closed.

        Raises `RemoteUnavailable`, `AddressRefused`, and what went wrong at a token service.
        """
        failures = 0
        was_broken = False
        while True:
            try:
                answer = self._attempt(ask)
            except failure.CAUSES as error:
                # An idle connection may be closed by the remote just when it is used again.
                if failure.is_broken_connection(error) and not was_broken:
                    was_broken = True
                    continue
                if failures >= self._settings.retries or not failure.may_pass(error):
                    raise failure.unavailable(error) from None
            else:
                if failures >= self._settings.retries or not _is_passing(answer):
                    return answer
                answer.close()
            time.sleep(_pause(failures))
            failures += 1

    def _attempt(self, ask: Ask) -> Answer:
        clock = self._new_clock()
        with clock.running():
            return self._follow(ask, clock)

    def _follow(self, ask: Ask, clock: Clock) -> Answer:
        url = ask.url
        visited = {url}
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._signed_in(ask, url, clock)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            answer.discard()
            url = web_url(location, url)
            if url in visited and not self._settings.circular_redirects:
                raise InvalidAnswer("the remote redirects in a circle")
            visited.add(url)
        raise InvalidAnswer("the remote redirects too often")

    def _signed_in(self, ask: Ask, url: httpx.URL, clock: Clock) -> Answer:
        credentials = self._first_credentials(ask, url, clock)
        for number in range(MAX_SIGN_INS):
            answer = self._once(ask, url, credentials, clock)
            if answer.status != 401 or ask.is_anonymous:
                break
            # Before anything else is asked, which may fail: a connection is never left behind.
            answer.discard()
            refusals = answer.headers.get_list("www-authenticate")
            following = self._authorizer.after_refusal(
                url, ask.scope, refusals, credentials, clock, is_first=number == 0
            )
            if following is None or number == MAX_SIGN_INS - 1:
                break
            credentials = following
        return answer

    def _first_credentials(self, ask: Ask, url: httpx.URL, clock: Clock) -> Credentials | None:
        if ask.authorization is not None and origin_of(url) == origin_of(ask.url):
            return Credentials(ask.authorization, are_own=True)
        if ask.is_anonymous or ask.authorization is not None:
            return None
        return self._authorizer.first(url, ask.scope, clock)

    def _once(
        self, ask: Ask, url: httpx.URL, credentials: Credentials | None, clock: Clock
    ) -> Answer:
        left = clock.remaining or self._settings.timeout
        timeouts = {
            "connect": min(left, CONNECT_SECONDS),
            "read": self._settings.timeout,
            "write": self._settings.timeout,
            "pool": left,
        }
        request = httpx.Request(
            ask.method, url, headers=self._headers(ask), extensions={"timeout": timeouts}
        )
        if credentials is not None:
            request.headers["Authorization"] = credentials.header
        has_cookies = self._settings.cookies and not ask.is_anonymous and self._rules.is_own(url)
        if has_cookies:
            with self._cookie_lock:
                self._cookies.set_cookie_header(request)
        response = self._transport.handle_request(request)
        if has_cookies:
            self._keep_cookies(request, response)
        sent_own = credentials is not None and credentials.are_own
        return Answer(response, url, clock, sent_own=sent_own)

    def _headers(self, ask: Ask) -> httpx.Headers:
        headers = httpx.Headers(ask.headers, encoding="utf-8")
        headers["User-Agent"] = self._user_agent
        # Blobs are verified and kept as they are, so nothing may be encoded on the way.
        headers["Accept-Encoding"] = "identity"
        return headers

    def _keep_cookies(self, request: httpx.Request, response: httpx.Response) -> None:
        response.request = request
        with self._cookie_lock:
            self._cookies.extract_cookies(response)
            if len(self._cookies.jar) > MAX_COOKIES:
                self._cookies.clear()

    def _fetch_token(self, request: TokenRequest) -> Token:
        parameters = {"client_id": "nexuslite", "service": request.service}
        if request.account:
            parameters["account"] = request.account
        url = httpx.URL(request.realm).copy_merge_params(
            {key: value for key, value in parameters.items() if value}
        )
        for scope in request.scope.split():
            url = url.copy_add_param("scope", scope)
        header = self._authorizer.basic() if request.account else None
        ask = Ask(url, authorization=header, is_anonymous=True)
        # The request that needs the token waits for it, so its time is running.
        clock = running_clock() or self._new_clock()
        with self._follow(ask, clock) as answer:
            if answer.status != 200:
                raise answer.error(is_token_service=True)
            try:
                return read_token(answer.read_json(MAX_TOKEN_ANSWER))
            except InvalidToken as error:
                raise InvalidAnswer(str(error)) from None

    def _new_clock(self) -> Clock:
        settings = self._settings
        return Clock(settings.timeout, settings.minimum_rate, settings.rate_grace)


def _is_passing(answer: Answer) -> bool:
    return answer.status in _WORTH_REPEATING and "retry-after" not in answer.headers


def _pause(failures: int) -> float:
    longest: float = min(FIRST_PAUSE * 2**failures, LONGEST_PAUSE)
    # Clients that failed together do not come back together.
    return longest * (0.5 + random.random() / 2)  # noqa: S311
