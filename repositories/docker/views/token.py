"""The token endpoint: `/v2/token` (Distribution, docs/content/spec/auth/token.md and oauth.md)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from accounts.docker_tokens import (
    AllowedActions,
    RequestedScope,
    TokenAnswer,
    TokenRequest,
    answer_token_form,
    answer_token_request,
)
from accounts.errors import (
    CredentialsRefused,
    InvalidTokenRequest,
    RealmNotActive,
    TooManyAttempts,
)
from accounts.principals import Principal
from nexuslite import stamps
from repositories.docker import door
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.protocol.scopes import parse_scopes
from repositories.records import snapshot

LONGEST_FORM = 64 * 1024
_Answer = Callable[[AllowedActions], TokenAnswer]
_NO_STORE = [("Cache-Control", "no-store")]


def get(request: RegistryRequest) -> RegistryResponse:
    """A token for the holder of Basic credentials, or for anonymous where that is enabled."""
    wanted = _token_request(
        request,
        scopes=request.query.get("scope", []),
        offline=request.parameter("offline_token") == "true",
    )
    authorization = request.header("AUTHORIZATION")
    return _answered(request, lambda allowed: answer_token_request(wanted, authorization, allowed))


def post(request: RegistryRequest) -> RegistryResponse:
    """The same by a form: `grant_type` password or refresh_token."""
    form = _form(request)
    wanted = _token_request(
        request, scopes=form.get("scope", []), offline=form.get("access_type") == ["offline"]
    )
    fields = {name: values[0] for name, values in form.items()}
    return _answered(request, lambda allowed: answer_token_form(wanted, fields, allowed))


def _token_request(request: RegistryRequest, scopes: list[str], offline: bool) -> TokenRequest:
    return TokenRequest(
        audience=request.address.service,
        scopes=tuple(parse_scopes(scopes)),
        offline=offline,
        remote_address=str(request.environ.get("REMOTE_ADDR", "")),
        anonymous=_takes_anonymous(request),
    )


def _takes_anonymous(request: RegistryRequest) -> bool:
    address = request.address
    if address.host_level or address.mounted or address.repository is None:
        # One answer for all names; the door looks at the repository itself.
        return True
    return door.takes_anonymous(address.repository)


def _answered(request: RegistryRequest, answer: _Answer) -> RegistryResponse:
    def allowed(principal: Principal, scope: RequestedScope) -> set[str]:
        return door.allowed_scope_actions(request.address, principal, scope.type, scope.name)

    try:
        # A scope for what is hidden then asks for as many stamps as one for nothing.
        with stamps.observed(stamps.CONFIGURATION, stamps.SECURITY):
            return json_response(answer(allowed), headers=_NO_STORE)
    except CredentialsRefused as refused:
        # Docker shows this message to the user at a failed login.
        value = door.challenge(snapshot(), request.address, request.environ)
        raise door.unauthorized(value, refused.message) from None
    except TooManyAttempts as attempts:
        raise door.too_many(attempts) from None
    except RealmNotActive as error:
        raise RegistryError(ErrorCode.DENIED, str(error)) from None
    except InvalidTokenRequest as error:
        raise RegistryError(ErrorCode.UNSUPPORTED, str(error), status=400) from None


def _form(request: RegistryRequest) -> dict[str, list[str]]:
    body = b""
    while part := request.body.read(LONGEST_FORM + 1 - len(body)):
        body += part
    if len(body) > LONGEST_FORM:
        raise RegistryError(ErrorCode.SIZE_INVALID, "The form is too long.", status=413)
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise RegistryError(ErrorCode.UNSUPPORTED, "The form cannot be read.", status=400) from None
