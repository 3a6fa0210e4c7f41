"""Connections: one state, one owner at a time.

A connection belongs to the main thread while it waits in the poller, and to one request thread
while a request is served. Plain sockets stay blocking; pollers read them with MSG_DONTWAIT.
"""

import fcntl
import os
import select
import socket
import ssl
import struct
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nexuslite.server.admission import Claimant
from nexuslite.server.errors import ClientDisconnectedError
from nexuslite.server.files import GrowingSlice
from nexuslite.server.listener import Port
from nexuslite.server.pace import Pace
from nexuslite.server.request import is_complete

NEVER = float("inf")

_RECEIVE = 16 * 1024
# A blocking send returns once all is taken, so pieces bound how late progress is noticed.
_SEND_PIECE = 64 * 1024
_SENDFILE_PIECE = 1 << 20
_TLS_PIECE = 64 * 1024
_DISCARD = 256 * 1024
_TLS_HELLO = 0x16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FileTransfer:
    """What of a file is still to be sent; owns a duplicate of the file descriptor.

    ``growing`` is the slice of a file that is still being written; then it owns that instead.
    """

    def __init__(
        self,
        descriptor: int,
        offset: int,
        length: int,
        keep_alive: bool,
        growing: GrowingSlice | None = None,
    ) -> None:
        self.descriptor = os.dup(descriptor) if growing is None else descriptor
        self.offset = offset
        self.left = length
        self.keep_alive = keep_alive
        self.growing = growing
        self._length = length
        # OpenSSL wants the very same bytes again after it could not send them.
        self.unsent = b""

    def ready(self) -> int:
        """Return how many bytes can be sent now.

        Raises:
            BrokenOffError: when the rest will never come.
        """
        if self.growing is None:
            return self.left
        # A full disk may have cut off what was sent already.
        return max(0, self.growing.sendable() - (self._length - self.left))

    def close(self) -> None:
        """Close the descriptor."""
        if self.growing is None:
            os.close(self.descriptor)
        else:
            self.growing.close()


class Connection:
    """A plain TCP connection.

    Attributes:
        port: the connector it came in on.
        client: the peer's socket address; ``address`` is its IP address as text.
        claimant: for whom it takes a thread.
        buffer: bytes received and not yet used.
        searched: how much of ``buffer`` is known to hold no end of a head.
        skip: bytes of an unread request body to drop before the next head.
        requests: how many requests were begun.
        step: what the main thread does when the socket is ready.
        work: what a request thread does with it.
        deadline: when the main thread gives up waiting; NEVER while a thread has it.
        is_fresh: whether it has made no request yet.
        is_registered: whether the poller knows it.
        is_queued: whether it waits for a thread.
        is_parked: whether the poller sends its file.
        was_too_slow: whether it was cut off for that.
        transfer: the file that is being sent.
        environ: the part of the WSGI environ that stays the same.
    """

    def __init__(self, sock: socket.socket, client: tuple[Any, ...], port: Port) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.port = port
        self.client = client
        self.address = plain_address(str(client[0]))
        self.claimant = Claimant(port.id, self.address)
        self.buffer = b""
        self.searched = 0
        self.skip = 0
        self.requests = 0
        self.step: Callable[[Connection], None]
        self.work: Callable[[], Callable[[], None]]
        self.deadline = NEVER
        self.linger_until = 0.0
        self.is_registered = False
        self.is_queued = False
        self.is_parked = False
        self.was_too_slow = False
        self.is_closed = False
        self.is_fresh = True
        self.transfer: FileTransfer | None = None
        self.environ: dict[str, Any] | None = None
        self.pace = Pace()

    # ---- heads, without waiting

    def receive(self) -> bytes | None:
        """Return what has arrived, b"" at the end, None when nothing has.

        Raises:
            OSError: when the connection is broken.
        """
        try:
            return self.sock.recv(_RECEIVE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def take(self, data: bytes) -> None:
        """Add received bytes to the buffer, less what has to be skipped."""
        if self.skip:
            skipped = min(self.skip, len(data))
            self.skip -= skipped
            data = data[skipped:]
        self.searched = len(self.buffer)
        self.buffer = self.buffer + data if self.buffer else data

    def has_head(self) -> bool:
        """Whether a request can be parsed from the buffer."""
        return bool(self.buffer) and is_complete(self.buffer, self.searched)

    def is_tls_hello(self) -> bool:
        """Whether the client speaks TLS here, where nobody does."""
        return not self.requests and self.buffer[0] == _TLS_HELLO

    def wait_readable(self, milliseconds: float) -> bool:
        """Wait a moment for more."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(milliseconds))

    # ---- in a request thread

    def enter_thread(self) -> None:
        """A request thread takes over."""

    def leave_thread(self) -> None:
        """The main thread takes over again."""

    def recv_into(self, view: memoryview) -> int:
        """Wait for body bytes; 0 at the end.

        Raises:
            ClientDisconnectedError: when the connection is broken.
        """
        count = 0
        self.pace.begin(is_reading=True)
        try:
            count = self.sock.recv_into(view)
        except OSError as error:
            raise ClientDisconnectedError(str(error)) from error
        finally:
            self.pace.end(count)
        return count

    def send(self, data: bytes, more: bool = False) -> None:
        """Send all of ``data``; ``more`` says that a file follows at once.

        Raises:
            ClientDisconnectedError: when the connection is broken.
        """
        view = memoryview(data)
        while view:
            sent = 0
            self.pace.begin()
            try:
                sent = self._send_piece(view[:_SEND_PIECE], more)
            except OSError as error:
                raise ClientDisconnectedError(str(error)) from error
            finally:
                self.pace.end(sent)
            view = view[sent:]

    def _send_piece(self, view: memoryview, more: bool) -> int:
        return self.sock.send(view, socket.MSG_MORE if more else 0)

    # ---- files

    def set_blocking(self, blocking: bool) -> None:
        """Switch the socket's mode; sending files needs it non-blocking."""
        self.sock.setblocking(blocking)

    def wait_writable(self, milliseconds: float) -> bool:
        """Wait until the client has taken some."""
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        self.pace.begin()
        try:
            return bool(poll.poll(milliseconds))
        finally:
            self.pace.end(0)

    def send_file_piece(self, transfer: FileTransfer, ready: int) -> bool:
        """Send at most 1 MiB of the file without waiting; False when the client is behind.

        ``ready`` is what the transfer says of itself.

        Raises:
            OSError: when the connection is broken or the file is shorter than it was.
        """
        try:
            size = min(ready, _SENDFILE_PIECE)
            sent = os.sendfile(self.fd, transfer.descriptor, transfer.offset, size)
        except BlockingIOError:
            return False
        if not sent:
            raise OSError("the file is shorter than announced")
        self._has_sent(transfer, sent)
        return True

    def _has_sent(self, transfer: FileTransfer, sent: int) -> None:
        transfer.offset += sent
        transfer.left -= sent
        self.pace.moved += sent

    def unacknowledged(self) -> int:
        """Return how many of the bytes sent have not reached the client's kernel."""
        if self.pace.is_reading:
            return 0
        with suppress(OSError, ValueError):
            queued = fcntl.ioctl(self.sock.fileno(), termios.TIOCOUTQ, bytes(4))
            return int.from_bytes(queued, sys.byteorder)
        return 0

    # ---- the end

    def cut_off(self) -> None:
        """End the connection of a client that is too slow; wakes the thread that waits for it."""
        self.was_too_slow = True
        with suppress(OSError):
            if self.pace.is_reading:
                # There may still be an answer to send.
                socket.socket.shutdown(self.sock, socket.SHUT_RD)
            else:
                # Reset on close: megabytes in the kernel would otherwise take hours to trickle.
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def end_sending(self) -> None:
        """Tell the client that nothing more will come; it may still send."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def discard(self) -> bool:
        """Drop what the client still sends; False once it has ended."""
        try:
            return bool(self.sock.recv(_DISCARD, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def finish_file(self) -> bool:
        """Let go of a file that is sent; say whether the connection may be used again."""
        assert self.transfer is not None
        keep_alive = self.transfer.keep_alive
        self.transfer.close()
        self.transfer = None
        return keep_alive

    def say_goodbye(self) -> None:
        """Close in an orderly way."""

    def close(self) -> None:
        """Close the socket and the file."""
        self.is_closed = True
        if self.transfer is not None:
            self.transfer.close()
            self.transfer = None
        with suppress(OSError):
            self.sock.close()


class TLSConnection(Connection):
    """A TLS connection. Its socket is non-blocking in the poller and blocking in a thread."""

    sock: Any  # a plain socket until the handshake begins, then an SSLSocket

    def peek(self) -> int | None:
        """Return the first byte, -1 at the end, None when nothing has arrived.

        Raises:
            OSError: when the connection is broken.
        """
        try:
            first = self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        return first[0] if first else -1

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Begin the handshake.

        Raises:
            OSError: when the connection is broken.
        """
        self.sock.setblocking(False)
        self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)

    def shake_hands(self) -> int:
        """Go on with the handshake; return the event to wait for, 0 when it is done.

        Raises:
            OSError: when it fails.
        """
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return select.EPOLLIN
        except ssl.SSLWantWriteError:
            return select.EPOLLOUT
        return 0

    def is_tls_hello(self) -> bool:
        return False

    def receive(self) -> bytes | None:
        try:
            data: bytes = self.sock.recv(_RECEIVE)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        return data

    def wait_readable(self, milliseconds: float) -> bool:
        return bool(self.sock.pending()) or super().wait_readable(milliseconds)

    def enter_thread(self) -> None:
        self.sock.setblocking(True)

    def leave_thread(self) -> None:
        self.sock.setblocking(False)

    def _send_piece(self, view: memoryview, more: bool) -> int:
        return int(self.sock.send(view))

    def send_file_piece(self, transfer: FileTransfer, ready: int) -> bool:
        if not transfer.unsent:
            size = min(ready, _TLS_PIECE)
            transfer.unsent = os.pread(transfer.descriptor, size, transfer.offset)
            if not transfer.unsent:
                raise OSError("the file is shorter than announced")
        try:
            sent = self.sock.send(transfer.unsent)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        transfer.unsent = transfer.unsent[sent:]
        self._has_sent(transfer, sent)
        return True

    def say_goodbye(self) -> None:
        # close_notify tells the client that the answer was not cut off.
        if isinstance(self.sock, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.sock.setblocking(False)
                self.sock.unwrap()

    def end_sending(self) -> None:
        self.say_goodbye()
        super().end_sending()

    def discard(self) -> bool:
        try:
            # The bytes are worthless, so they are not decrypted either.
            return bool(socket.socket.recv(self.sock, _DISCARD, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False


def plain_address(address: str) -> str:
    """Return an IP address as text, without what a dual-stack socket puts before IPv4."""
    return address.removeprefix("::ffff:") if "." in address else address
