"""The door of the registry API: who asks, may they, and what a refusal looks like.

Every refusal is built from the request alone, never from what exists, so that hidden and unknown
things answer alike (fault 25, 27).
"""

from __future__ import annotations

from typing import NoReturn

from accounts import audit
from accounts.authentication import authenticate
from accounts.decisions import may, permissions_of, repository_view
from accounts.docker_tokens import realm_is_active
from accounts.errors import CredentialsRefused, Refusal, TooManyAttempts
from accounts.principals import Principal
from repositories import content_permissions
from repositories.addressing import Address
from repositories.content.name_filter import NameFilter
from repositories.docker.request import RegistryRequest
from repositories.protocol.errors import ErrorCode, RegistryError, group_deployment
from repositories.records import RepositoryRecord, Snapshot, snapshot

BASIC_CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'

# Nexus's mapping of HTTP methods to actions (one permission for each request).
ACTIONS = {
    "GET": "read",
    "HEAD": "read",
    "POST": "add",
    "PATCH": "add",
    "PUT": "edit",
    "DELETE": "delete",
}
READS = ("GET", "HEAD")
# The action of a token's scope that covers a permission action.
SCOPE_ACTIONS = {"read": "pull", "add": "push", "edit": "push", "delete": "delete"}


CATALOG = "_catalog"
CATALOG_SCOPE = "registry:catalog:*"
SEARCH_SCOPE = "registry:catalog:search"
"""What docker asks a token for when it searches."""


def origin(environ: dict[str, object]) -> str:
    """Scheme and host under which the client reached this server."""
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{scheme}://{host}"


def challenge(
    snapshot: Snapshot,
    address: Address,
    environ: dict[str, object],
    *,
    scope: str = "",
    error: str = "",
) -> str:
    """The one `WWW-Authenticate` value of an answer (RFC 6750, Docker token authentication).

    Exactly one scheme is offered: docker, offered both, would overwrite its token by Basic.
    """
    if _basic_only(snapshot, address):
        return BASIC_CHALLENGE
    host = origin(environ).replace('"', "").replace("\\", "")
    value = f'Bearer realm="{host}{address.token_path}",service="{address.service}"'
    if scope:
        value += f',scope="{scope}"'
    if error:
        value += f',error="{error}"'
    return value


def _basic_only(snapshot: Snapshot, address: Address) -> bool:
    if address.host_level:
        # One challenge for all paths of the host, whichever names exist.
        enabled = snapshot.path_enabled
        return bool(enabled) and all(record.force_basic_auth for record in enabled)
    if address.mounted:
        # One challenge for all names again, and one that all repositories can be used with.
        return True
    repository = address.repository
    return repository is None or repository.force_basic_auth


def identify(
    snapshot: Snapshot, address: Address, environ: dict[str, object], scope: str
) -> Principal:
    """The principal of a request; raises `RegistryError` 401 for credentials that are wrong."""
    authorization = environ.get("HTTP_AUTHORIZATION")
    try:
        return authenticate(
            None if authorization is None else str(authorization),
            audience=address.service,
            remote_address=str(environ.get("REMOTE_ADDR", "")),
        )
    except CredentialsRefused as refused:
        # containerd drops a cached token only when the challenge names an error.
        error = "invalid_token" if refused.refusal is Refusal.TOKEN else ""
        value = challenge(snapshot, address, environ, scope=scope, error=error)
        raise unauthorized(value) from None
    except TooManyAttempts as attempts:
        raise too_many(attempts) from None


def too_many(attempts: TooManyAttempts) -> RegistryError:
    """429: more passwords wait to be checked than can be in time."""
    return RegistryError(
        ErrorCode.TOOMANYREQUESTS,
        "Too many authentication attempts",
        headers={"Retry-After": str(attempts.retry_after)},
    )


def unauthorized(challenge_value: str, message: str | None = None) -> RegistryError:
    """401 with its challenge."""
    return RegistryError(
        ErrorCode.UNAUTHORIZED, message, headers={"WWW-Authenticate": challenge_value}
    )


def scope_for(address: Address, image_name: str, action: str) -> str:
    """The scope that a client should ask for, as Distribution names it in its challenges."""
    if address.is_v1:
        return SEARCH_SCOPE
    if address.path == CATALOG:
        return CATALOG_SCOPE
    if not image_name:
        return ""
    actions = {"read": "pull", "delete": "delete"}.get(action, "pull,push")
    return f"repository:{address.scope_prefix}{image_name}:{actions}"


def admit_to_base(snapshot: Snapshot, request: RegistryRequest) -> None:
    """Lets anybody who has signed in see `/v2/`; it always challenges the others.

    docker learns from this answer alone whether it has to send credentials (nexus.md: always 401
    without them, even where anonymous pull works).
    """
    if request.principal.credential is None:
        raise unauthorized(challenge(snapshot, request.address, request.environ))


def admit(snapshot: Snapshot, request: RegistryRequest, action: str) -> None:
    """Lets the principal in for the action, or raises the refusal.

    Anonymous gets 401 with the challenge, a token 401 `insufficient_scope`, Basic 403 `DENIED`.
    """
    if not _allowed(request, action):
        raise _refusal(snapshot, request, action)


def admit_to_mirror(request: RegistryRequest, route_name: str) -> None:
    """Lets everybody see `/v2/` of a mirror, and read what anonymous may read.

    It never challenges: dockerd would answer with the user's password of Docker Hub (moby, "Prevent
    Docker Hub credentials from being sent to registry mirrors").
    """
    if request.method not in READS:
        raise RegistryError(
            ErrorCode.UNSUPPORTED,
            "This port is a read-only mirror.",
            detail={"port": request.environ["SERVER_PORT"]},
            headers={"Allow": ", ".join(READS)},
        )
    if route_name == "token":
        raise RegistryError(ErrorCode.UNSUPPORTED, "Nobody signs in here.", status=404)
    if route_name != "base" and not _allowed(request, "read"):
        raise _denied(request, "read")


def refuse_group_deployment(snapshot: Snapshot, request: RegistryRequest, action: str) -> NoReturn:
    """Refuses a push to a group, whatever else the principal may do.

    Whoever has signed in and may read the group is told why, even by a token that was given for
    less: nothing is granted by it. The others get what every refusal looks like.
    """
    principal = request.principal
    _weigh(principal)
    if principal.credential is not None and content_permissions.may_on_some_of_image(
        principal, request.repository, request.image_name, "read"
    ):
        raise group_deployment()
    raise _refusal(snapshot, request, action)


def _refusal(snapshot: Snapshot, request: RegistryRequest, action: str) -> RegistryError:
    _note_denial(request, action)
    address = request.address
    if request.principal.credential == "basic":
        return _denied(request, action)
    error = "insufficient_scope" if request.principal.credential == "token" else ""
    scope = scope_for(address, request.image_name, action)
    return unauthorized(challenge(snapshot, address, request.environ, scope=scope, error=error))


def _note_denial(request: RegistryRequest, action: str) -> None:
    principal, repository = request.principal, request.address.repository
    by_token = principal.credential == "token"
    if (
        by_token
        and repository is not None
        and _may(principal, repository, action, request.address.path)
    ):
        # Clients ask for a token with a wider scope then; nobody was refused what they may not.
        return
    audit.denied(principal, f"{request.method} {request.environ['PATH_INFO']}")


def _denied(request: RegistryRequest, action: str) -> RegistryError:
    # Without a detail docker repeats a refused push for 50 seconds: it takes a code with its own
    # default message and nothing more for an error that may pass.
    detail = [{"Type": "repository", "Name": request.image_name, "Action": action}]
    return RegistryError(ErrorCode.DENIED, detail=detail)


def admit_to_tag(snapshot: Snapshot, request: RegistryRequest, tag: str) -> None:
    """Lets the principal point a further tag at the manifest it pushes, or raises the refusal."""
    path = f"{request.image_name}/manifests/{tag}"
    if not _granted(request.principal, request.repository, request.known_name, "edit", path):
        raise _refusal(snapshot, request, "edit")


def may_read_blob(
    request: RegistryRequest, repository: RepositoryRecord, image_name: str, digest: str
) -> bool:
    """Whether the principal may read a blob of another image (mount's `from`)."""
    address = request.address
    prefix = f"{repository.name}/" if address.host_level else ""
    path = f"{image_name}/blobs/{digest}"
    return _granted(request.principal, repository, prefix + image_name, "read", path)


def visible_images(request: RegistryRequest) -> NameFilter | None:
    """Which images the principal may find in the catalog; None for all."""
    return content_permissions.visible_images(request.principal, request.repository, "read")


def allowed_scope_actions(address: Address, principal: Principal, kind: str, name: str) -> set[str]:
    """What a token for the resource may say at most.

    Push needs both of the permissions that a push uses.
    """
    _weigh(principal)
    repository = _of_scope(address, name)
    if repository is None or not _comes_in(principal, repository):
        return set()
    if kind == "registry":
        readable = content_permissions.may_on_something(principal, repository, "read")
        return {"*", "search"} if name == "catalog" and readable else set()
    if kind != "repository":
        return set()
    image_name = name.partition("/")[2] if address.host_level else name
    held = {
        action
        for action in ("read", "add", "edit", "delete")
        if content_permissions.may_on_some_of_image(principal, repository, image_name, action)
    }
    granted = {SCOPE_ACTIONS[action] for action in held & {"read", "delete"}}
    return granted | {"push"} if {"add", "edit"} <= held else granted


def _of_scope(address: Address, name: str) -> RepositoryRecord | None:
    if not address.host_level:
        return address.repository
    found = snapshot().by_name.get(name.partition("/")[0])
    return found if found is not None and found.path_enabled else None


def _weigh(principal: Principal) -> None:
    """Does the work of a decision before it is known whether there is something to decide about.

    What a principal may is worked out once and remembered; done only for what exists, it would show
    in the time and the queries of the first refusal (fault 25).
    """
    permissions_of(principal)


def _allowed(request: RegistryRequest, action: str) -> bool:
    _weigh(request.principal)
    repository = request.address.repository
    if repository is None:
        # Whoever has signed in and may do it everywhere is told that there is no such repository.
        return request.principal.credential in {"basic", "session"} and may(
            request.principal, repository_view("*", "*", action)
        )
    # A search shows of the catalog what is looked for.
    is_search = request.address.is_v1
    path = CATALOG if is_search else request.address.path
    if path == CATALOG and not request.principal.token_allows(
        "registry", "catalog", "search" if is_search else "*"
    ):
        # The names of all images are more than what a token for one of them is for.
        return False
    name = request.known_name if request.image_name else ""
    return _granted(request.principal, repository, name, action, path)


def _granted(
    principal: Principal, repository: RepositoryRecord, scope_name: str, action: str, path: str
) -> bool:
    """Whether the token, if there is one, and roles allow the action at a path behind `/v2/`."""
    if scope_name and not principal.token_allows("repository", scope_name, SCOPE_ACTIONS[action]):
        return False
    return _may(principal, repository, action, path)


def _may(principal: Principal, repository: RepositoryRecord, action: str, path: str) -> bool:
    """Whether roles and the repository's own settings allow the action at a path."""
    if not _comes_in(principal, repository):
        return False
    if path == CATALOG:
        # It shows what may be read, so it needs something that may.
        return content_permissions.may_on_something(principal, repository, action)
    whole_path = content_permissions.ROOT + path
    return content_permissions.may_on_path(principal, repository, whole_path, action)


def _comes_in(principal: Principal, repository: RepositoryRecord) -> bool:
    """Whether the repository's own settings let the principal in."""
    return not principal.is_anonymous or takes_anonymous(repository)


def takes_anonymous(repository: RepositoryRecord) -> bool:
    """Whether docker clients may come without credentials, if anonymous access gives the right.

    As in Nexus, "Allow anonymous docker pull" needs the Docker Bearer Token Realm too.
    """
    return not repository.force_basic_auth and realm_is_active()
