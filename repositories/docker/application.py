"""Entry of the registry API: one way through for every request.

connector -> address -> authentication -> permission -> view. Django's middleware is not on this
way: no session, CSRF, message or locale work is paid for by a pull.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    close_old_connections,
    connection,
)

from accounts import audit
from accounts.principals import ANONYMOUS
from nexuslite import stamps
from nexuslite.server.errors import BodyError
from nexuslite.server.files import FileSlice, GrowingSlice
from repositories import records
from repositories.addressing import Address, resolve
from repositories.blobs import AppendInterrupted, StorageFull, StorageUnavailable
from repositories.docker import door, hot, namespaces
from repositories.docker.namespaces import namespace_of
from repositories.docker.remote_errors import remote_error
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import VERSION_HEADER, RegistryResponse, error_response
from repositories.docker.routes import Match, match
from repositories.models.repository import RepositoryType
from repositories.protocol.errors import (
    VALUE_ERRORS,
    ErrorCode,
    RegistryError,
    registry_error,
    storage_full,
)
from repositories.protocol.names import image_name as check_image_name
from repositories.remote.errors import RemoteError

logger = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
RETRY_AFTER_SECONDS = "2"


def is_registry_path(path: str) -> bool:
    """Whether a path belongs to the registry API."""
    return path.startswith(("/v2/", "/repository/", "/v1/")) or path == "/v2"


def registry_application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answers a request whose path `is_registry_path`."""
    key = hot.key_of(environ)
    kept = None if key is None else hot.lookup(key)
    if kept is not None:
        start_response(kept.line, kept.headers)
        return kept.body
    audit.begin_request(environ)
    try:
        response = _answer(environ, key)
    except Exception as error:
        response = error_response(_error_of(error, environ))
    finally:
        # Held no longer than needed: a transfer may take hours.
        if connection.connection is not None:
            close_old_connections()
    start_response(response.line(), response.headers)
    body = response.body
    if environ["REQUEST_METHOD"] == "HEAD":
        if isinstance(body, (FileSlice, GrowingSlice)):
            body.close()
        return ()
    return (body,) if isinstance(body, bytes) else body


def _error_of(error: Exception, environ: dict[str, Any]) -> RegistryError:
    """What the client is told of an exception, whichever layer raised it."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, VALUE_ERRORS):
        return registry_error(error)
    if isinstance(error, (AppendInterrupted, BodyError)):
        # The client went away in the middle of its body, or broke its coding.
        return RegistryError(ErrorCode.BLOB_UPLOAD_INVALID, "The request body ended early.")
    if isinstance(error, StorageFull):
        return storage_full()
    if isinstance(error, StorageUnavailable):
        logger.error("blob store unavailable: %s", error)
        return _unavailable("The blob store is not available.")
    if isinstance(error, RemoteError):
        logger.warning("%s: %s", environ.get("PATH_INFO"), error)
        return remote_error(error)
    if isinstance(error, IntegrityError):
        # What the request refers to was deleted meanwhile: its repository.
        return RegistryError(ErrorCode.NAME_UNKNOWN)
    if isinstance(error, (DatabaseError, InterfaceError)):
        logger.warning("database not available: %s", error)
        return _unavailable("The database is busy or not available.")
    logger.error("unexpected error at %s", environ.get("PATH_INFO"), exc_info=error)
    return RegistryError(ErrorCode.UNKNOWN)


def _unavailable(message: str) -> RegistryError:
    return RegistryError(
        ErrorCode.UNAVAILABLE, message, headers={"Retry-After": RETRY_AFTER_SECONDS}
    )


def _answer(environ: dict[str, Any], key: hot.Key | None) -> RegistryResponse:
    with stamps.observed(stamps.CONFIGURATION, stamps.SECURITY):
        # Before anything that the answer is made of, or a change meanwhile would go unnoticed.
        settings = stamps.read(*hot.SETTINGS)
        snapshot = records.snapshot()
        address = resolve(
            snapshot,
            int(environ["SERVER_PORT"]),
            not environ.get("nexuslite.connector"),
            environ.get("HTTP_HOST", ""),
            environ["PATH_INFO"],
        )
        found = match(address.path, is_v1=address.is_v1) if address is not None else None
        if address is None or found is None:
            raise RegistryError(ErrorCode.UNSUPPORTED, "There is nothing here.", status=404)
        repository = address.repository
        made_from = None
        if key is not None and repository is not None and found.route.name in hot.ROUTES:
            made_from = hot.origin(settings, repository.slots)
        request = _admitted(snapshot, address, found, environ)
        view = found.route.views[environ["REQUEST_METHOD"]]
    response = view(request)
    response.headers.append(VERSION_HEADER)
    if found.image_name and (namespace := namespace_of(request)) is not None:
        response.headers.append((namespaces.HEADER, namespace))
    if key is not None and made_from is not None:
        hot.keep(key, made_from, response)
    return response


_PUSHING = frozenset({"POST", "PATCH", "PUT"})
_READ_ONLY = {
    RepositoryType.PROXY: "A proxy repository takes its content from its remote alone.",
    RepositoryType.GROUP: "What a group repository shows is deleted in its members.",
}


def _admitted(
    snapshot: records.Snapshot, address: Address, found: Match, environ: dict[str, Any]
) -> RegistryRequest:
    method = environ["REQUEST_METHOD"]
    route = found.route
    if method not in route.views:
        raise RegistryError(
            ErrorCode.UNSUPPORTED, headers={"Allow": ", ".join(sorted(route.views))}
        )
    if address.is_mirror:
        return _mirrored(address, found, environ)
    if route.public:
        # The token endpoint reads its credentials itself.
        return RegistryRequest(environ, method, address, ANONYMOUS)
    if found.image_name:
        # With the repository's name where the path brings it: it goes into challenges.
        check_image_name(address.scope_prefix + found.image_name)
    action = route.action(method)
    scope = door.scope_for(address, found.image_name, action)
    principal = door.identify(snapshot, address, environ, scope)
    request = RegistryRequest(environ, method, address, principal, found.image_name, found.target)
    repository = address.repository
    is_group = repository is not None and repository.type == RepositoryType.GROUP
    if route.name == "base":
        door.admit_to_base(snapshot, request)
    elif is_group and method in _PUSHING:
        door.refuse_group_deployment(snapshot, request, action)
    else:
        door.admit(snapshot, request, action)
        if repository is None:
            raise RegistryError(ErrorCode.NAME_UNKNOWN)
    _refuse_offline(address)
    if (
        repository is not None
        and repository.type != RepositoryType.HOSTED
        and method not in door.READS
    ):
        raise RegistryError(
            ErrorCode.UNSUPPORTED,
            _READ_ONLY[RepositoryType(repository.type)],
            detail={"repository": repository.name},
            headers={"Allow": ", ".join(door.READS)},
        )
    return request


def _mirrored(address: Address, found: Match, environ: dict[str, Any]) -> RegistryRequest:
    """A request to a mirror, whoever it comes from: its credentials are not looked at."""
    if found.image_name:
        check_image_name(found.image_name)
    request = RegistryRequest(
        environ, environ["REQUEST_METHOD"], address, ANONYMOUS, found.image_name, found.target
    )
    door.admit_to_mirror(request, found.route.name)
    _refuse_offline(address)
    return request


def _refuse_offline(address: Address) -> None:
    repository = address.repository
    if repository is not None and not repository.online:
        raise RegistryError(ErrorCode.UNAVAILABLE, "Repository offline")
