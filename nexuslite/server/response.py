"""Responses: gunicorn's checks, fewer system calls."""

from collections.abc import Callable, Iterable
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Any

from gunicorn.http.wsgi import Response as GunicornResponse

from nexuslite.server.connection import FileTransfer
from nexuslite.server.files import FileSlice, FileWrapper, GrowingSlice

if TYPE_CHECKING:
    from nexuslite.server.request import Request

SERVER = "nexuslite"

# Up to this size head and body leave in one piece.
_JOIN = 64 * 1024


class _Clock:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def http_date(self) -> str:
        second = int(time())
        if second != self._second:
            self._text = formatdate(second, usegmt=True)
            self._second = second
        return self._text


_clock = _Clock()


class Response(GunicornResponse):  # type: ignore[misc]
    """Sends what the application returns.

    ``may_keep_alive`` is asked when the head is sent, since only then it is known how much of
    the request body was left unread.
    """

    response_length: int | None

    def __init__(self, request: "Request", cfg: Any, may_keep_alive: Callable[[], bool]) -> None:
        connection = request.connection
        super().__init__(request, connection.sock, cfg)
        self._connection = connection
        self._may_keep_alive = may_keep_alive

    def process_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Take the application's headers, its Server among them, which gunicorn would drop."""
        headers = list(headers)
        super().process_headers(headers)
        self.headers += [(name, value) for name, value in headers if name.lower() == "server"]

    def deliver(self, result: Iterable[bytes]) -> FileTransfer | None:
        """Send the application's result; return what of a file is left to be sent.

        Raises:
            ClientDisconnectedError: when the client is gone.
        """
        if isinstance(result, FileWrapper):
            result = result.as_slice() or result
        if isinstance(result, (FileSlice, GrowingSlice)):
            return self._begin_file(result)
        if isinstance(result, (list, tuple)):
            if self.response_length is None:
                self._announce_length(sum(map(len, result)))
            result = (b"".join(result),)
        for piece in result:
            self.write(piece)
        self.finish()
        return None

    def write(self, piece: bytes) -> None:
        """Send a piece of the body; also WSGI's ``write`` callable."""
        if self._omits_body:
            piece = b""
        elif self.response_length is not None:
            piece = piece[: self.response_length - self.sent]
        self.sent += len(piece)
        if piece and self.chunked:
            piece = b"%X\r\n%b\r\n" % (len(piece), piece)
        if self.headers_sent:
            if piece:
                self._connection.send(piece)
        elif len(piece) <= _JOIN:
            self._connection.send(self._head() + piece)
        else:
            self._connection.send(self._head(), more=True)
            self._connection.send(piece)

    def finish(self) -> None:
        """End the body."""
        if self.chunked:
            ending = b"0\r\n\r\n"
            self._connection.send(ending if self.headers_sent else self._head() + ending)
        elif not self.headers_sent:
            self._connection.send(self._head())
        if not self._omits_body and self.sent < (self.response_length or 0):
            # The client waits for more; only the end of the connection tells it the truth.
            self.force_close()

    @property
    def is_complete(self) -> bool:
        """Whether the client got as many bytes as were announced."""
        return self._omits_body or self.sent >= (self.response_length or 0)

    def _announce_length(self, length: int) -> None:
        # Of a body that is not sent (HEAD, 304) nobody here knows the length.
        if not self._omits_body:
            self.headers.append(("Content-Length", str(length)))
            self.response_length = length
            self.chunked = False

    def _begin_file(self, piece: FileSlice | GrowingSlice) -> FileTransfer | None:
        length = piece.length
        if self.response_length is None:
            self._announce_length(length)
        else:
            length = min(length, self.response_length)
        if self._omits_body or not length:
            self.finish()
            return None
        self.sent = length
        self._connection.send(self._head(), more=True)
        keep_alive = not self.should_close() and self.is_complete
        growing = piece if isinstance(piece, GrowingSlice) else None
        return FileTransfer(piece.file.fileno(), piece.offset, length, keep_alive, growing)

    def _head(self) -> bytes:
        if not self._may_keep_alive():
            self.force_close()
        self.headers_sent = True
        lines = [f"HTTP/1.1 {self.status}"]
        names = {name.lower() for name, _ in self.headers}
        if "server" not in names:
            lines.append(f"Server: {SERVER}")
        if "date" not in names:
            lines.append(f"Date: {_clock.http_date()}")
        lines.append(f"Connection: {'close' if self.should_close() else 'keep-alive'}")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
