"""A request of the registry API, read from the WSGI environ without Django's request machinery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs

from accounts.principals import Principal
from repositories.addressing import Address
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.records import RepositoryRecord

_LONGEST_QUERY = 16 * 1024


class Body(Protocol):
    """What the server hands over as `wsgi.input`."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readinto(self, buffer: Any, /) -> int: ...


@dataclass(slots=True)
class RegistryRequest:
    """One request: who asks, of which repository, for which image."""

    environ: dict[str, Any]
    method: str
    address: Address
    principal: Principal
    image_name: str = ""
    target: str = ""
    _query: dict[str, list[str]] | None = field(default=None)

    @property
    def repository(self) -> RepositoryRecord:
        """The repository asked for; views behind the door always have one."""
        repository = self.address.repository
        if repository is None:
            raise RegistryError(ErrorCode.NAME_UNKNOWN)
        return repository

    @property
    def body(self) -> Body:
        """The request's body; reading it may raise when the client goes away."""
        body: Body = self.environ["wsgi.input"]
        return body

    def header(self, name: str) -> str | None:
        """Value of a header by its WSGI name without `HTTP_`, repeated lines joined by commas."""
        value: str | None = self.environ.get(f"HTTP_{name}")
        return value

    @property
    def content_type(self) -> str:
        return self.environ.get("CONTENT_TYPE") or ""

    @property
    def content_length(self) -> int | None:
        """Declared length of the body in bytes; None for a chunked one."""
        text = self.environ.get("CONTENT_LENGTH")
        return int(text) if text else None

    @property
    def query(self) -> dict[str, list[str]]:
        """The query parameters; raises `RegistryError` when there are absurdly many."""
        if self._query is None:
            text = self.environ.get("QUERY_STRING", "")
            if len(text) > _LONGEST_QUERY:
                raise RegistryError(ErrorCode.UNSUPPORTED, "The query is too long.", status=414)
            try:
                self._query = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
            except ValueError:
                raise RegistryError(
                    ErrorCode.UNSUPPORTED, "The query cannot be read.", status=400
                ) from None
        return self._query

    def parameter(self, name: str) -> str | None:
        """First value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def known_name(self) -> str:
        """The image's name as this client knows it: with the repository's before it where that is
        part of the path."""
        return self.address.scope_prefix + self.image_name

    def path_to(self, *parts: str) -> str:
        """URL path of something under the image, as this client reaches it."""
        return self.address.prefix + "/".join((self.image_name, *parts))
