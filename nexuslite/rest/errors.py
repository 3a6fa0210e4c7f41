"""Every error of REST in Nexus's shapes, rendered in one place.

A validation error is an array of `{id, message}`. An error with a message of its own is one such
object, its message in literal quotes. Everything else has an empty body.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.response import Response

from accounts import directory
from accounts.csrf import CsrfTokenMismatch
from accounts.errors import NotPermitted, TooManyAttempts
from accounts.middleware import BASIC_CHALLENGE, requesting_principal
from nexuslite.errors import (
    WHOLE_REQUEST,
    Conflict,
    FieldError,
    NotFound,
    OperationRefused,
    ValidationError,
)

logger = logging.getLogger(__name__)

VALIDATION_ERRORS_TYPE = "application/vnd.siesta-validation-errors-v1+json"
RETRY_AFTER_SECONDS = "2"
_SENTENCES = {
    "required": "must not be null",
    "null": "must not be null",
    "blank": "must not be empty",
}
"""Of Java's bean validation, by the codes of REST framework."""


def render(error: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
    """The answer to an exception of a view; None for one that nobody foresaw."""
    request = context["request"]
    if isinstance(error, exceptions.ValidationError):
        error = ValidationError(field_errors(error.detail))
    if isinstance(error, ValidationError):
        return _validation(error, request.headers.get("Accept", ""))
    if isinstance(error, exceptions.ParseError):
        return _message(400, f"Could not process the input: {error.detail}", quoted=False)
    if isinstance(error, OperationRefused):
        return _message(400, str(error))
    if isinstance(error, NotFound):
        return _message(404, str(error))
    if isinstance(error, Conflict):
        return _message(409, str(error))
    if isinstance(error, TooManyAttempts):
        return Response(status=429, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, CsrfTokenMismatch):
        # No challenge: a browser would ask its user for a password.
        return HttpResponse(str(error), status=401, content_type="text/plain")
    if isinstance(error, NotPermitted):
        return _not_permitted(request)
    if isinstance(error, DatabaseError | InterfaceError):
        logger.warning("database not available: %s", error)
        return Response(status=503, headers={"Retry-After": RETRY_AFTER_SECONDS})
    return _of_framework(error)


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """REST framework's nested errors, flat; a nested field is named by its path."""
    if isinstance(detail, Mapping):
        for name, nested in detail.items():
            yield from field_errors(nested, _below(path, name))
    elif isinstance(detail, list):
        for nested in detail:
            yield from field_errors(nested, path)
    else:
        yield FieldError(path or WHOLE_REQUEST, _SENTENCES.get(detail.code, str(detail)))


def _below(path: str, name: object) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _validation(error: ValidationError, accept: str) -> Response:
    errors = [{"id": each.id, "message": each.message} for each in error.errors]
    wanted = VALIDATION_ERRORS_TYPE if VALIDATION_ERRORS_TYPE in accept else None
    return Response(errors, status=400, content_type=wanted)


def _message(status: int, text: str, *, quoted: bool = True) -> Response:
    message = f'"{text}"' if quoted else text
    return Response({"id": WHOLE_REQUEST, "message": message}, status=status)


def _not_permitted(request: Any) -> Response:
    """401 to somebody unknown, 403 to others; with anonymous access on everybody is known."""
    principal = requesting_principal(request._request)
    if principal.is_anonymous and not directory.security_settings().anonymous_enabled:
        return Response(status=401, headers={"WWW-Authenticate": BASIC_CHALLENGE})
    return Response(status=403)


def _of_framework(error: Exception) -> Response | None:
    if isinstance(error, Http404):
        return Response(status=404)
    if isinstance(error, exceptions.PermissionDenied):
        return _message(403, str(error.detail))
    if isinstance(error, exceptions.APIException):
        headers = {"WWW-Authenticate": BASIC_CHALLENGE} if error.status_code == 401 else None
        return Response(status=error.status_code, headers=headers)
    return None
