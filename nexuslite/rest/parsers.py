"""Reading JSON bodies that may be anything."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class BodyTooLarge(APIException):
    """The body is longer than any configuration is."""

    status_code = 413


class JsonParser(BaseParser):
    """Strict UTF-8 JSON of bounded length.

    Python's limits on nesting and on digits guard against what would cost much to read.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of the document. Raises `ParseError`, `BodyTooLarge`."""
        try:
            return json.loads(_read(stream).decode("utf-8"), parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError("the JSON is nested too deeply") from None
        except ValueError as error:
            raise ParseError(str(error)) from None


class PlainTextParser(BaseParser):
    """A UTF-8 text of bounded length."""

    media_type = "text/plain"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The text. Raises `ParseError`, `BodyTooLarge`."""
        try:
            return _read(stream).decode("utf-8")
        except ValueError as error:
            raise ParseError(str(error)) from None


def give_length_to_chunked_body(request: HttpRequest) -> None:
    """Reads a chunked body beforehand: Django takes one without a length for empty.

    One that is too large is cut behind the limit, so that the parser refuses it.
    """
    if request.META.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" not in request.META:
        return
    body = _read_up_to(request.META["wsgi.input"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = io.BytesIO(body)


def _read(stream: IO[Any]) -> bytes:
    body = _read_up_to(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise BodyTooLarge
    return body


def _read_up_to(stream: IO[Any], limit: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := stream.read(limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
