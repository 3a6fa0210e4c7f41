"""What the docker token endpoint answers, apart from HTTP.

Sources: Distribution, docs/content/spec/auth/token.md (GET) and oauth.md (POST).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from accounts import audit, authentication, directory, tokens
from accounts.errors import (
    CredentialsRefused,
    InvalidToken,
    InvalidTokenRequest,
    RealmNotActive,
    Refusal,
)
from accounts.models.security_settings import DOCKER_TOKEN_REALM
from accounts.principals import Principal, ResourceAccess, merge_access
from accounts.realms.base import PasswordCredentials, TokenCredentials
from accounts.realms.docker_token import check_holder

LONGEST_TOKEN = 7000
"""Characters. It comes back in a header, and servers end header lines at 8 KiB."""

TokenAnswer = dict[str, str | int]


class RequestedScope(Protocol):
    """A parsed scope, such as `repository:team/app:pull,push`."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def actions(self) -> Collection[str]: ...


AllowedActions = Callable[[Principal, RequestedScope], Collection[str]]
"""The actions that a principal may have on the resource of a scope, whether asked for or not."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is asked of the token endpoint, whoever asks."""

    audience: str
    """The stable name of what the endpoint belongs to: a repository, or the host."""
    scopes: tuple[RequestedScope, ...] = ()
    offline: bool = False
    """Whether a refresh token is wanted too: `offline_token=true` or `access_type=offline`."""
    anonymous: bool = True
    """Whether what the endpoint belongs to takes requests of nobody: `forceBasicAuth` is off."""
    remote_address: str = ""


def answer_token_request(
    request: TokenRequest, authorization: str | None, allowed: AllowedActions
) -> TokenAnswer:
    """The JSON that answers a GET with Basic credentials, or with none.

    Less access than asked for is no error. Raises `CredentialsRefused` (401), `TooManyAttempts`
    (429), `InvalidTokenRequest` (400), `RealmNotActive` (403).
    """
    _require_realm()
    # Passwords only: a token that could renew itself would never end.
    credentials = authentication.parse_authorization(authorization, audience=None)
    if isinstance(credentials, TokenCredentials):
        raise CredentialsRefused(Refusal.TOKEN)
    if credentials is None:
        return _answer(request, _anonymous(request), allowed)
    principal = authentication.authenticate_credentials(credentials, request.remote_address)
    return _answer(request, principal, allowed)


def answer_token_form(
    request: TokenRequest, form: Mapping[str, str], allowed: AllowedActions
) -> TokenAnswer:
    """The JSON that answers a POST of a form, by its `grant_type`: password or refresh_token.

    Raises as `answer_token_request`.
    """
    _require_realm()
    shown = None
    match form.get("grant_type", ""):
        case "password":
            credentials = PasswordCredentials(form.get("username", ""), form.get("password", ""))
            principal = authentication.authenticate_credentials(credentials, request.remote_address)
        case "refresh_token":
            shown = form.get("refresh_token", "")
            principal = _holder_of(shown, request)
        case other:
            raise InvalidTokenRequest(f"unsupported grant_type {other[:40]!r}")
    return _answer(request, principal, allowed, shown)


def realm_is_active() -> bool:
    """Whether docker tokens count for anything."""
    return DOCKER_TOKEN_REALM in directory.security_settings().active_realms


def _require_realm() -> None:
    # Before any credentials are looked at: a token that nobody takes would only puzzle, since
    # docker reports a sign-in that then fails at every use.
    if not realm_is_active():
        raise RealmNotActive


def _anonymous(request: TokenRequest) -> Principal:
    if not request.anonymous or not directory.security_settings().anonymous_enabled:
        raise CredentialsRefused(Refusal.REQUIRED)
    return Principal()


def _holder_of(refresh_token: str, request: TokenRequest) -> Principal:
    try:
        token = tokens.verify_refresh(refresh_token, request.audience)
        source = check_holder(token)
    except InvalidToken:
        authentication.refuse_token(refresh_token, request.remote_address)
    principal = Principal(
        user_id=token.user_id,
        source=source,
        realm=DOCKER_TOKEN_REALM,
        credential="token",
        token_id=token.token_id,
        credentials_version=token.credentials_version,
    )
    audit.sign_in_accepted(principal)
    return principal


def _answer(
    request: TokenRequest,
    principal: Principal,
    allowed: AllowedActions,
    refresh_token: str | None = None,
) -> TokenAnswer:
    access = grant(principal, request.scopes, allowed)
    version = principal.credentials_version
    issued = tokens.issue(principal.user_id, request.audience, access, version)
    if len(issued.text) > LONGEST_TOKEN:
        raise InvalidTokenRequest("too many scopes for one token")
    answer: TokenAnswer = {
        "token": issued.text,
        "access_token": issued.text,
        "expires_in": issued.expires_in,
        "issued_at": issued.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "scope": " ".join(str(entry) for entry in access),
    }
    if request.offline and principal.user_id is not None:
        # The one that was shown goes back: renewed by itself, a stolen one would never end.
        answer["refresh_token"] = (
            refresh_token or tokens.issue_refresh(principal.user_id, request.audience, version).text
        )
    return answer


def grant(
    principal: Principal, scopes: Iterable[RequestedScope], allowed: AllowedActions
) -> tuple[ResourceAccess, ...]:
    """What was asked for and is allowed; resources of which nothing is allowed are left out."""
    entries = []
    for scope in scopes:
        permitted = allowed(principal, scope)
        wanted = permitted if "*" in scope.actions else scope.actions
        actions = tuple(sorted(set(wanted) & set(permitted)))
        if actions:
            entries.append(ResourceAccess(scope.type, scope.name, actions))
    return merge_access(entries)
