"""The worker process: accepts, polls, and hands complete requests to threads."""

import errno
import os
import select
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from gunicorn.workers.base import Worker as GunicornWorker

from nexuslite.server.channel import Message, channel
from nexuslite.server.environ import EnvironMaker, TrustedProxies
from nexuslite.server.exchange import Exchanges
from nexuslite.server.files import GROWTH_SECONDS
from nexuslite.server.listener import Listener
from nexuslite.server.options import parse_networks
from nexuslite.server.poller import Poller
from nexuslite.server.process import die_with_parent, raise_open_files_limit
from nexuslite.server.threads import RequestThreads

if TYPE_CHECKING:
    from nexuslite.server.application import Application

_TICK = 0.5
# How far ahead a less busy worker gets in the race for a new connection.
_HANDICAP = 0.0002
_MOST_CONNECTIONS = 8192
_GROWTH_SECONDS_EACH = 0.0002
_RESERVED_FILES = 256


class Worker(GunicornWorker):  # type: ignore[misc]
    """A threaded worker in the manner of gunicorn's gthread, made for slow clients.

    It stands on gunicorn's base worker, not on gthread: accepting, waiting, threads and responses
    all differ. ``sockets`` stays gunicorn's list of what this worker accepts on.
    """

    app: "Application"
    sockets: list[Listener]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Runs in the arbiter, before the fork."""
        super().__init__(*args, **kwargs)
        self.arbiter_end, self.worker_end = channel()
        self.slot = self.app.loads.take_slot()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._paused: set[int] = set()
        self._next_tick = 0.0
        self._next_growth = 0.0
        self._most_connections = 0
        self._busy = 0

    def init_process(self) -> None:
        """Set up after the fork; ends by running the loop."""
        die_with_parent(self.ppid)
        options = self.app.options
        self.sockets = list(self.sockets)
        self._most_connections = options.max_connections or min(
            _MOST_CONNECTIONS, (raise_open_files_limit() - _RESERVED_FILES) // 2
        )
        self._certificate = self.app.certificate
        self._proxies = TrustedProxies(parse_networks(options.trusted_proxies))
        self._threads = RequestThreads(options.threads, self._publish_busy)
        self._poller = Poller(options, self._threads, self._certificate, self._proxies)
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then finish what is under way."""
        environs = EnvironMaker(self.cfg, self._proxies)
        exchanges = Exchanges(
            self.wsgi, self.cfg, self.app.options, self._poller, self._threads, environs
        )
        self._poller.serve = exchanges.serve
        self._watch(self.PIPE[0], self._drain_signals)
        self._watch(self.worker_end.fileno(), self._obey)
        for listener in self.sockets:
            self._watch_listener(listener)
        self._publish()
        while self.alive:
            self._turn()
        self._finish()

    def _finish(self) -> None:
        for listener in self.sockets[:]:
            self._stop_accepting(listener)
        self._poller.is_stopping = True
        self.app.loads.leave(self.slot)
        self._poller.end_idle()
        until = monotonic() + self.app.options.graceful_timeout
        while self._poller.connections and monotonic() < until:
            self._turn()

    def _turn(self) -> None:
        wait = max(0.0, self._next_tick - monotonic())
        if self._poller.followers:
            wait = min(wait, GROWTH_SECONDS)
        for descriptor, _ in self._poller.epoll.poll(wait):
            handler = self._handlers.get(descriptor)
            if handler is not None:
                handler()
            else:
                self._poller.ready(descriptor)
        now = monotonic()
        if self._poller.followers and now >= self._next_growth:
            # Looking costs some microseconds for each: many of them wait a little longer.
            looked = len(self._poller.followers) * _GROWTH_SECONDS_EACH
            self._next_growth = now + max(GROWTH_SECONDS, looked)
            self._poller.check_growth()
        if now >= self._next_tick:
            self._next_tick = now + _TICK
            self._tick(now)

    def _tick(self, now: float) -> None:
        self.notify()
        if self.ppid != os.getppid():
            self.alive = False
        self._poller.check(now)
        self._certificate.refresh()
        if len(self._poller.connections) > self._most_connections * 0.9:
            self._poller.close_oldest_idle(self._most_connections // 10)
        for listener in self.sockets:
            if listener.fileno() in self._paused and self._has_room(listener):
                self._paused.discard(listener.fileno())
                self._poller.epoll.modify(listener.fileno(), select.EPOLLIN)

    # ---- accepting

    def _has_room(self, listener: Listener) -> bool:
        """A port may hold no more connections than are still free, so none starves the others."""
        free = self._most_connections - len(self._poller.connections)
        return listener.connector.connections < free

    def _accept(self, listener: Listener) -> bool:
        if not self._has_room(listener):
            self._pause(listener)
            return False
        try:
            connection, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self.log.error("No room for connections: %s", error)
                self._poller.close_oldest_idle(self._most_connections // 10)
                self._pause(listener)
                return False
            self.log.error("A connection was lost while it was accepted: %s", error)
            return False
        self._poller.welcome(connection, client, listener.connector)
        self._publish()
        return True

    def _pause(self, listener: Listener) -> None:
        if listener.fileno() in self._handlers and listener.fileno() not in self._paused:
            self._paused.add(listener.fileno())
            self._poller.epoll.modify(listener.fileno(), 0)

    def _watch(self, descriptor: int, handler: Callable[[], object]) -> None:
        self._handlers[descriptor] = handler  # type: ignore[assignment]
        self._poller.epoll.register(descriptor, select.EPOLLIN)

    def _watch_listener(self, listener: Listener) -> None:
        self._watch(listener.fileno(), partial(self._welcome, listener))

    def _welcome(self, listener: Listener) -> None:
        """Accept a connection, unless a less busy worker has it first."""
        if self.app.loads.is_above_others(self.slot):
            sleep(_HANDICAP)
        self._accept(listener)

    def _publish_busy(self, busy: int) -> None:
        self._busy = busy
        self._publish()

    def _publish(self) -> None:
        if self.alive:
            self.app.loads.publish(self.slot, self._busy + self._poller.fresh)

    def _stop_accepting(self, listener: Listener) -> None:
        """Take what is queued, then close this worker's copy of the socket."""
        while self._accept(listener):
            pass
        descriptor = listener.fileno()
        self._poller.epoll.unregister(descriptor)
        del self._handlers[descriptor]
        self._paused.discard(descriptor)
        self.sockets.remove(listener)
        listener.close()

    # ---- orders of the arbiter

    def _obey(self) -> None:
        while True:
            try:
                message = self.worker_end.receive()
            except EOFError:
                self._poller.epoll.unregister(self.worker_end.fileno())
                self.alive = False
                return
            if message is None:
                return
            self._carry_out(message)

    def _carry_out(self, message: Message) -> None:
        if message.order == "close":
            for listener in self.sockets[:]:
                if listener.connector.serial == message.port.serial:
                    self._close_port(listener)
            self.worker_end.confirm_closed(message.port)
        elif message.descriptor is None:
            self.log.error("The arbiter sent no descriptor")
        elif message.order == "adopt":
            connection = socket.socket(fileno=message.descriptor)
            try:
                client = connection.getpeername()
            except OSError:
                connection.close()
                return
            self._poller.welcome(connection, client, message.port)
        elif self.alive:
            listener = Listener(message.descriptor, message.port)
            self.sockets.append(listener)
            self._watch_listener(listener)
        else:
            os.close(message.descriptor)

    def _close_port(self, listener: Listener) -> None:
        self._stop_accepting(listener)
        listener.connector.closing = True
        self._poller.end_idle(listener.connector)

    def _drain_signals(self) -> None:
        os.read(self.PIPE[0], 4096)
