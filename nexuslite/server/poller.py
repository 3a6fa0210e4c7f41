"""Everything that waits without a thread: handshakes, heads, idle and slow clients, goodbyes.

epoll watches each connection with EPOLLONESHOT, so after an event it is nobody's but the main
thread's, until that arms it again or hands it to a request thread. A thread arms it as the last
thing it does with it.
"""

import logging
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from nexuslite.server.admission import Claimant
from nexuslite.server.connection import NEVER, Connection, FileTransfer, TLSConnection
from nexuslite.server.environ import TrustedProxies
from nexuslite.server.files import BrokenOffError
from nexuslite.server.listener import Port
from nexuslite.server.options import ServerOptions
from nexuslite.server.request import LARGEST_HEAD
from nexuslite.server.threads import RequestThreads
from nexuslite.server.tls import Certificate

log = logging.getLogger("gunicorn.error")

_READ = select.EPOLLIN | select.EPOLLONESHOT
_WRITE_ONCE = select.EPOLLOUT | select.EPOLLONESHOT
# While a file is sent the event comes again by itself.
_WRITE = select.EPOLLOUT

_LONGEST_LINGER = 6
# A request may already be under way on a connection that was announced as kept.
_CLOSING_IDLE = 1.0

_TLS_ON_PLAIN = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"
_PLAIN_ON_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class Poller:
    """The connections of a worker and what they wait for; ``fresh`` counts those that have not
    made a request yet.

    Methods say who may call them: the main thread, or the thread that has the connection.
    """

    def __init__(
        self,
        options: ServerOptions,
        threads: RequestThreads,
        certificate: Certificate,
        proxies: TrustedProxies,
    ) -> None:
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.is_stopping = False
        self.fresh = 0
        # Whose file has to grow before there is more to send; the main thread's alone.
        self.followers: set[Connection] = set()
        self.serve: Callable[[Connection], Callable[[], None]]
        self._options = options
        self._threads = threads
        self._certificate = certificate
        self._proxies = proxies
        # Closing and cutting off must not meet: the descriptor's number is soon used again.
        self._closing_lock = Lock()

    # ---- main thread

    def welcome(self, sock: socket.socket, client: tuple[Any, ...], port: Port) -> None:
        """Take a new connection."""
        connection = (TLSConnection if port.tls else Connection)(sock, client, port)
        if connection.address in self._proxies:
            connection.claimant = Claimant(port.id, None)
        connection.work = partial(self.serve, connection)
        connection.deadline = monotonic() + self._options.header_timeout
        with self._closing_lock:
            self.connections[connection.fd] = connection
            self.fresh += 1
            port.connections += 1
        connection.step = self._sniff if port.tls else self._read_head
        connection.step(connection)

    def ready(self, descriptor: int) -> None:
        """Go on with a connection that has an event."""
        connection = self.connections.get(descriptor)
        if connection is None:
            return
        try:
            connection.step(connection)
        except Exception:
            # One connection's trouble must not end the worker.
            log.exception("Unexpected error with a connection of %s", connection.address)
            self.close(connection)

    def check(self, now: float) -> None:
        """Give up on what has waited too long or moves too slowly."""
        for connection in list(self.connections.values()):
            if connection.deadline != NEVER:
                if now >= connection.deadline:
                    self._give_up(connection)
            elif connection.pace.is_too_slow(
                now, self._options.minimum_rate, connection.unacknowledged
            ):
                self._cut_off(connection)

    def check_growth(self) -> None:
        """Go on with those whose file has grown, or will never grow again."""
        for connection in list(self.followers):
            transfer = connection.transfer
            ready = 0 if transfer is None else self._ready(connection, transfer)
            if ready and connection in self.followers:
                self.followers.discard(connection)
                self.await_writable(connection)

    def end_idle(self, port: Port | None = None) -> None:
        """Let idle connections, of one port or all, end soon."""
        deadline = monotonic() + _CLOSING_IDLE
        for connection in self._idle():
            if port is None or connection.port is port:
                connection.deadline = min(connection.deadline, deadline)

    def close_oldest_idle(self, count: int) -> None:
        """Close connections that have been idle longest, to make room."""
        oldest = sorted(self._idle(), key=lambda each: each.deadline)
        for connection in oldest[:count]:
            self.close(connection)

    # ---- the thread that has the connection, as the last thing it does with it

    def await_head(self, connection: Connection) -> None:
        """Wait for the next request."""
        connection.leave_thread()
        connection.step = self._read_head
        if connection.has_head():
            self._submit(connection)
            return
        options = self._options
        is_idle = not connection.buffer and not connection.skip
        wait = options.keepalive_timeout if is_idle else options.header_timeout
        if is_idle and (self.is_stopping or connection.port.closing):
            wait = _CLOSING_IDLE
        connection.deadline = monotonic() + wait
        if connection.port.tls:
            # OpenSSL may hold bytes already, of which epoll knows nothing.
            self._read_head(connection)
        else:
            self._arm(connection, _READ)

    def await_writable(self, connection: Connection) -> None:
        """Send the rest of a file as the client takes it."""
        connection.pace.begin()
        connection.is_parked = True
        if connection.port.tls:
            # Encrypting is work for a thread, waiting is not.
            connection.step = self._resume_in_thread
            self._arm(connection, _WRITE_ONCE)
        else:
            connection.step = self._send_file
            self._arm(connection, _WRITE)

    def await_growth(self, connection: Connection) -> None:
        """Send the rest of a file that is still being written, as it grows."""
        # The event comes as soon as the client can take more, and brings the main thread here.
        connection.is_parked = True
        connection.step = self._follow
        self._arm(connection, _WRITE_ONCE)

    def linger(self, connection: Connection) -> None:
        """Close in a way that lets the answer arrive (RFC 9112 section 9.6).

        The client may still be sending.
        Closing with unread bytes would reset the connection and destroy the answer on its way.
        """
        connection.end_sending()
        now = monotonic()
        wait = self._options.linger_timeout
        connection.linger_until = now + _LONGEST_LINGER * wait
        connection.deadline = now + wait
        connection.step = self._drain
        self._arm(connection, _READ)

    def finish(self, connection: Connection) -> None:
        """Close the connection after its last answer."""
        connection.say_goodbye()
        self.close(connection)

    def close(self, connection: Connection) -> None:
        """Close the connection; over TLS the client sees that it was cut off."""
        with self._closing_lock:
            if connection.is_closed:
                return
            # First, since the number may be given to a new connection at once.
            del self.connections[connection.fd]
            self.followers.discard(connection)
            connection.port.connections -= 1
            self._is_fresh_no_longer(connection)
            connection.close()

    # ---- steps: what the main thread does on an event

    def _sniff(self, connection: Connection) -> None:
        assert isinstance(connection, TLSConnection)
        try:
            first = connection.peek()
            if first is None:
                self._arm(connection, _READ)
            elif first == 0x16:
                connection.start_tls(self._certificate.context())
                connection.step = self._shake_hands
                self._shake_hands(connection)
            elif first < 0:
                self.close(connection)
            else:
                self._refuse(connection, _PLAIN_ON_TLS)
        except OSError as error:
            log.debug("TLS with %s failed: %s", connection.address, error)
            self.close(connection)

    def _shake_hands(self, connection: Connection) -> None:
        assert isinstance(connection, TLSConnection)
        try:
            event = connection.shake_hands()
        except OSError as error:
            log.debug("TLS handshake with %s failed: %s", connection.address, error)
            self.close(connection)
            return
        if event:
            self._arm(connection, event | select.EPOLLONESHOT)
            return
        connection.step = self._read_head
        self._read_head(connection)

    def _read_head(self, connection: Connection) -> None:
        while True:
            try:
                data = connection.receive()
            except OSError:
                data = b""
            if data is None:
                self._arm(connection, _READ)
                return
            if not data:
                self.close(connection)
                return
            if connection.requests and not connection.buffer:
                connection.deadline = monotonic() + self._options.header_timeout
            connection.take(data)
            if not connection.buffer:
                continue
            if connection.is_tls_hello():
                self._refuse(connection, _TLS_ON_PLAIN)
            elif connection.has_head():
                self._submit(connection)
            elif len(connection.buffer) > LARGEST_HEAD:
                self._refuse(connection, plain_answer("431 Request Header Fields Too Large"))
            else:
                continue
            return

    def _is_fresh_no_longer(self, connection: Connection) -> None:
        if connection.is_fresh:
            connection.is_fresh = False
            self.fresh -= 1

    def _submit(self, connection: Connection) -> None:
        if connection.is_fresh:
            with self._closing_lock:
                self._is_fresh_no_longer(connection)
        connection.deadline = monotonic() + self._options.queue_timeout
        connection.is_queued = True
        self._threads.submit(connection)

    def _send_file(self, connection: Connection) -> None:
        transfer = connection.transfer
        assert transfer is not None
        connection.pace.end(0)
        ready = self._ready(connection, transfer)
        if not ready:
            if not connection.is_closed:
                self._follow(connection)
            return
        try:
            connection.send_file_piece(transfer, ready)
        except OSError:
            self.close(connection)
            return
        if transfer.left:
            connection.pace.begin()
            return
        connection.is_parked = False
        connection.set_blocking(True)
        if connection.finish_file():
            self.await_head(connection)
        else:
            self.linger(connection)

    def _follow(self, connection: Connection) -> None:
        self.followers.add(connection)
        # Nothing is wanted of the client; the one event that still comes is its end.
        connection.step = self.close
        self._arm(connection, select.EPOLLONESHOT)

    def _ready(self, connection: Connection, transfer: FileTransfer) -> int:
        """Return how much of a file can be sent; ends the connection if the rest never comes."""
        try:
            return transfer.ready()
        except BrokenOffError as error:
            log.warning("An answer is broken off with %d bytes left: %s", transfer.left, error)
        except Exception:
            # One answer's trouble must not end the worker.
            log.exception("An answer is broken off with %d bytes left", transfer.left)
        self.close(connection)
        return 0

    def _resume_in_thread(self, connection: Connection) -> None:
        connection.pace.end(0)
        connection.is_parked = False
        self._submit(connection)

    def _drain(self, connection: Connection) -> None:
        if not connection.discard():
            self.close(connection)
            return
        deadline = monotonic() + self._options.linger_timeout
        connection.deadline = min(deadline, connection.linger_until)
        self._arm(connection, _READ)

    # ---- helpers

    def _arm(self, connection: Connection, events: int) -> None:
        if connection.is_registered:
            self.epoll.modify(connection.fd, events)
        else:
            connection.is_registered = True
            self.epoll.register(connection.fd, events)

    def _idle(self) -> Iterator[Connection]:
        for connection in list(self.connections.values()):
            # In the order in which a thread that takes the connection changes them, reversed.
            if (
                connection.requests
                and not connection.is_queued
                and connection.deadline != NEVER
                and not connection.buffer
                and not connection.linger_until
            ):
                yield connection

    def _refuse(self, connection: Connection, answer: bytes) -> None:
        with suppress(OSError):
            connection.sock.setblocking(False)
            connection.sock.send(answer)
        self.linger(connection)

    def _give_up(self, connection: Connection) -> None:
        # A thread that takes it clears the deadline before the flag, hence this order.
        if not connection.is_queued:
            if connection.deadline != NEVER:
                self.close(connection)
        elif self._threads.withdraw(connection):
            connection.is_queued = False
            if connection.transfer is None:
                self._refuse(connection, plain_answer("503 Service Unavailable", "Retry-After: 5"))
            else:
                self.close(connection)

    def _cut_off(self, connection: Connection) -> None:
        log.info("%s is too slow on port %s", connection.address, connection.port.port)
        with self._closing_lock:
            if not connection.is_closed:
                connection.cut_off()
        if connection.is_parked:
            self.close(connection)


def plain_answer(status: str, *headers: str) -> bytes:
    """Return a whole answer that has nothing to say but its status."""
    text = status.partition(" ")[2] + "\n"
    lines = [
        f"HTTP/1.1 {status}",
        "Server: nexuslite",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(text)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode("latin-1")
