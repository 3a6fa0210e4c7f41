"""The arbiter's ports: what is wanted against what is open."""

import errno
import itertools
import logging
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from nexuslite.server import connectors
from nexuslite.server.channel import ArbiterEnd, Order
from nexuslite.server.connectors import WEB_INTERFACE, ConnectorState, WantedConnector
from nexuslite.server.listener import Listener, Port, listen, reason

log = logging.getLogger("gunicorn.error")

_LOOK_EVERY = 0.25
_LOOK_WHILE_CLOSING = 0.02
_RETRY_EVERY = 1.0
_PUBLISH_AGAIN_AFTER = 5.0
# A worker that does not confirm in this time is stuck; gunicorn's timeout deals with it.
_CONFIRM_WITHIN = 1.0

Address = tuple[str, int]
Workers = Mapping[int, ArbiterEnd]


@dataclass
class _Closing:
    listener: Listener
    unconfirmed: set[int]
    deadline: float


class Ports:
    """Opens, moves and closes ports.

    ``listeners`` is the very list that gunicorn gives to new workers, so they inherit what is
    open; running ones get it over their channels. Addresses are compared, not ids: a port that
    goes from one connector to another stays open, and nothing queued on it is lost.
    """

    def __init__(self, run_folder: Path, check_tls: Callable[[], None]) -> None:
        """``check_tls`` raises OSError when HTTPS is not possible now."""
        self.listeners: list[Listener] = []
        self._run_folder = run_folder
        self._check_tls = check_tls
        self._serials = itertools.count(1)
        self._signature: connectors.Signature | None = None
        self._wanted: dict[Address, WantedConnector] = {}
        self._rejected: dict[str, ConnectorState] = {}
        self._failed: dict[Address, str] = {}
        self._closing: list[_Closing] = []
        self._web_interface: Listener | None = None
        self._published: dict[str, ConnectorState] | None = None
        self._next_retry = 0.0
        self._next_publication = 0.0

    def open_web_interface(self, host: str, port: int) -> int:
        """Open the port of the web interface and return its number.

        Raises:
            OSError: when it cannot be bound.
        """
        listener = self._listen(WantedConnector(WEB_INTERFACE, host, port))
        self._web_interface = listener
        return listener.connector.port

    def seconds_to_next_look(self) -> float:
        """How long the arbiter may sleep."""
        return _LOOK_WHILE_CLOSING if self._closing else _LOOK_EVERY

    def look(self, workers: Workers) -> None:
        """Compare wanted with open ports, act on the difference and publish the states."""
        self._finish_closing(workers)
        if self._read_wanted():
            self._next_retry = 0.0
            self._close_unwanted(workers)
        if monotonic() >= self._next_retry:
            self._open_missing(workers)
        if not self._closing:
            # A port is gone once it is closed everywhere, not before.
            self._publish()

    def close_in_child(self, keep_open: bool) -> None:
        """Close inherited sockets in a forked process: all, or those of closing ports.

        A copy left open would keep its port occupied.
        """
        for closing in self._closing:
            closing.listener.close()
        if not keep_open:
            for listener in self.listeners:
                listener.close()

    def _read_wanted(self) -> bool:
        try:
            signature = connectors.wanted_signature(self._run_folder)
            if signature == self._signature:
                return False
            self._signature = signature
            wanted = connectors.read_wanted(self._run_folder)
        except (ValueError, OSError) as error:
            log.error("The wanted connectors cannot be read: %s", error)
            return False
        self._sort(wanted)
        return True

    def _sort(self, wanted: Iterable[WantedConnector]) -> None:
        self._wanted, self._rejected = {}, {}
        web = self._web_interface.connector if self._web_interface else None
        for connector in wanted:
            address = (connector.host, connector.port)
            other = self._wanted.get(address)
            if web is not None and address == (web.host, web.port):
                why = "the web interface has this port"
            elif other is not None:
                why = f"connector {other.id} has this port"
            else:
                self._wanted[address] = connector
                continue
            self._rejected[connector.id] = ConnectorState(
                connector.port, connector.tls, "failed", why
            )

    def _close_unwanted(self, workers: Workers) -> None:
        self._failed = {each: why for each, why in self._failed.items() if each in self._wanted}
        for listener in self.listeners[:]:
            if listener is self._web_interface:
                continue
            port = listener.connector
            wanted = self._wanted.get((port.host, port.port))
            if wanted is None:
                self._close(listener, workers)
            elif (wanted.id, wanted.tls) != (port.id, port.tls):
                self._hand_over(listener, wanted, workers)

    def _close(self, listener: Listener, workers: Workers) -> None:
        self.listeners.remove(listener)
        listener.connector.closing = True
        told = {pid for pid, end in workers.items() if _send(pid, end, "close", listener.connector)}
        self._closing.append(_Closing(listener, told, monotonic() + _CONFIRM_WITHIN))

    def _hand_over(self, listener: Listener, wanted: WantedConnector, workers: Workers) -> None:
        """Give an open socket another name; old connections end as with any closed port."""
        self.listeners.remove(listener)
        for pid, end in workers.items():
            _send(pid, end, "close", listener.connector)
        descriptor = listener.detach()
        try:
            if wanted.tls:
                self._check_tls()
        except OSError as error:
            os.close(descriptor)
            self._failed[(wanted.host, wanted.port)] = reason(error)
            return
        self._adopt_listener(descriptor, wanted, workers)

    def _open_missing(self, workers: Workers) -> None:
        self._next_retry = monotonic() + _RETRY_EVERY
        is_open = {(each.connector.host, each.connector.port) for each in self.listeners}
        for address, connector in self._wanted.items():
            if address in is_open:
                continue
            try:
                if connector.tls:
                    self._check_tls()
                self._listen(connector, workers)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and self._is_closing(connector.port):
                    # It is our own: no failure, only a moment too early.
                    self._next_retry = 0.0
                    continue
                if address not in self._failed:
                    log.error("Connector %s: port %s: %s", connector.id, address[1], reason(error))
                self._failed[address] = reason(error)
            else:
                self._failed.pop(address, None)

    def _is_closing(self, port: int) -> bool:
        return any(each.listener.connector.port == port for each in self._closing)

    def _listen(self, wanted: WantedConnector, workers: Workers | None = None) -> Listener:
        return self._adopt_listener(listen(wanted.host, wanted.port), wanted, workers or {})

    def _adopt_listener(
        self, descriptor: int, wanted: WantedConnector, workers: Workers
    ) -> Listener:
        port = Port(wanted.id, wanted.host, wanted.port, wanted.tls, next(self._serials))
        listener = Listener(descriptor, port)
        port.port = listener.getsockname()[1]
        self.listeners.append(listener)
        for pid, end in workers.items():
            _send(pid, end, "open", port, listener.fileno())
        return listener

    def _finish_closing(self, workers: Workers) -> None:
        for end in workers.values():
            serials = set(end.closed_ports())
            for closing in self._closing:
                if closing.listener.connector.serial in serials:
                    closing.unconfirmed -= {pid for pid, each in workers.items() if each is end}
        still_closing = []
        for closing in self._closing:
            closing.unconfirmed &= workers.keys()
            if closing.unconfirmed and monotonic() < closing.deadline:
                still_closing.append(closing)
            else:
                _drain(closing.listener, workers)
        self._closing = still_closing

    def _publish(self) -> None:
        states = dict(self._rejected)
        for listener in self.listeners:
            port = listener.connector
            states[port.id] = ConnectorState(port.port, port.tls, "open")
        for address, why in self._failed.items():
            connector = self._wanted[address]
            states[connector.id] = ConnectorState(connector.port, connector.tls, "failed", why)
        if states == self._published or monotonic() < self._next_publication:
            return
        try:
            connectors.write_states(self._run_folder, states)
            self._published = states
        except OSError as error:
            # A full disk must not stop the server.
            log.error("The connector states cannot be written: %s", error)
            self._next_publication = monotonic() + _PUBLISH_AGAIN_AFTER


def _send(
    pid: int, end: ArbiterEnd, order: Order, port: Port, descriptor: int | None = None
) -> bool:
    try:
        end.send(order, port, descriptor)
    except BlockingIOError:
        # It has not read its orders for long; its successor will start from what is open.
        log.error("Worker %s does not listen to the arbiter", pid)
        os.kill(pid, signal.SIGKILL)
        return False
    except OSError:
        return False
    return True


def _drain(listener: Listener, workers: Workers) -> None:
    """Close the socket; what was queued after the workers' last look goes to one of them."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        with connection:
            for pid, end in workers.items():
                if _send(pid, end, "adopt", listener.connector, connection.fileno()):
                    break
    listener.close()
