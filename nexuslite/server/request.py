"""Request heads: gunicorn's parser, fed with a head that has already arrived."""

from typing import TYPE_CHECKING, Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHTTPVersion,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request as GunicornRequest

from nexuslite.server.body import Body, ChunkedBody, LengthBody

if TYPE_CHECKING:
    from nexuslite.server.connection import Connection

HEAD_END = b"\r\n\r\n"
LARGEST_HEAD = 64 * 1024

_CACHED_HEADS = 256
_LARGEST_CACHED_HEAD = 4096

_STATUS_OF_ERROR = {
    LimitRequestLine: "414 URI Too Long",
    LimitRequestHeaders: "431 Request Header Fields Too Large",
    ExpectationFailed: "417 Expectation Failed",
    UnsupportedTransferCoding: "501 Not Implemented",
    InvalidHTTPVersion: "505 HTTP Version Not Supported",
}


def is_complete(head: bytes, searched: int) -> bool:
    """Say whether gunicorn's parser can decide about ``head`` without reading more.

    It can at the empty line, and earlier at a bare LF, which it refuses. The first ``searched``
    bytes are known to hold neither.
    """
    if head.find(HEAD_END, max(0, searched - 3)) >= 0:
        return True
    # A CR that waits for its LF belongs to what is new.
    start = searched - 1 if head[searched - 1 : searched] == b"\r" else searched
    return head.count(b"\n", start) != head.count(b"\r\n", start)


def status_of(error: Exception) -> str:
    """Return the status line for a head that was refused."""
    return _STATUS_OF_ERROR.get(type(error), "400 Bad Request")


class Head:
    """What gunicorn's parser reads from: the bytes at hand, and never the socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """Return all that is left."""
        data, self._data = self._data, b""
        return data

    def unread(self, data: bytes) -> None:
        """Take back what follows the head."""
        self._data = data + self._data

    def rest(self) -> bytes:
        """Return what follows the head."""
        return self.read()


class Request(GunicornRequest):  # type: ignore[misc]
    """A parsed head with a body of our own.

    Attributes:
        header_environ: the headers as WSGI environ keys; shared, not to be changed.
        body: the request body.
    """

    body: Body
    _known: "dict[bytes, tuple[list[tuple[str, str]], dict[str, str]]]" = {}

    def __init__(self, cfg: Any, head: Head, connection: "Connection", number: int) -> None:
        """Parse.

        Raises:
            ParseException: when the head is refused; ``status_of`` has the answer.
        """
        self.connection = connection
        self.header_environ: dict[str, str] = {}
        super().__init__(cfg, head, connection.client, number)

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> list[tuple[str, str]]:
        """Parse a header block, or recall the result: clients repeat theirs byte for byte.

        The result depends on nothing but the bytes, since no peer is trusted with headers that
        gunicorn interprets, and the version only matters to Expect, which is not remembered.
        """
        known = None if from_trailer else self._known.get(data)
        if known is None:
            headers: list[tuple[str, str]] = super().parse_headers(data, from_trailer)
            if from_trailer:
                return headers
            known = headers, _as_environ(headers)
            if len(data) <= _LARGEST_CACHED_HEAD and "HTTP_EXPECT" not in known[1]:
                if len(self._known) >= _CACHED_HEADS:
                    self._known.clear()
                self._known[data] = known
        self.header_environ = known[1]
        return known[0]

    def set_body_reader(self) -> None:
        """Let gunicorn decide how the body is framed; read it our way."""
        super().set_body_reader()
        reader = self.body.reader  # type: ignore[attr-defined]
        if isinstance(reader, ChunkedReader):
            self.body = ChunkedBody(self)
        else:
            self.body = LengthBody(self, reader.length)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue."""
        return bool(self._expected_100_continue)

    def check_host(self) -> None:
        """Refuse HTTP/1.1 without Host (RFC 9112 section 3.2).

        Raises:
            ParseException: when it is missing.
        """
        if self.version >= (1, 1) and "HTTP_HOST" not in self.header_environ:
            raise ParseException("Host is missing")


def _as_environ(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Map headers to environ keys as gunicorn does; repeated ones are joined (RFC 9110 5.3)."""
    environ: dict[str, str] = {}
    for name, value in headers:
        if name in ("CONTENT-TYPE", "CONTENT-LENGTH"):
            key = name.replace("-", "_")
        else:
            key = "HTTP_" + name.replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


__all__ = ["HEAD_END", "LARGEST_HEAD", "Head", "NoMoreData", "Request", "is_complete", "status_of"]
