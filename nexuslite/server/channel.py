"""The arbiter's line to a worker: ports and connections travel over it as file descriptors."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nexuslite.server.listener import Port

_LARGEST_MESSAGE = 4096

Order = Literal["open", "close", "adopt"]


@dataclass(frozen=True)
class Message:
    """An order of the arbiter.

    ``open``: accept on this listening socket. ``close``: stop accepting on the port and say so.
    ``adopt``: serve this connection, which came in while the port closed.
    """

    order: Order
    port: Port
    descriptor: int | None


class ArbiterEnd:
    """The arbiter's end. It never blocks: a worker that does not read is a broken worker."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection

    def send(self, order: Order, port: Port, descriptor: int | None = None) -> None:
        """Send an order.

        Raises:
            OSError: when the worker is gone or does not read.
        """
        payload = json.dumps({"order": order, "port": port.as_message()}).encode()
        descriptors = [] if descriptor is None else [descriptor]
        socket.send_fds(self._connection, [payload], descriptors)

    def closed_ports(self) -> Iterator[int]:
        """Yield the serials of the ports that the worker has closed since the last call."""
        while True:
            try:
                payload = self._connection.recv(_LARGEST_MESSAGE)
            except OSError:
                return
            if not payload:
                return
            yield int(payload)

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


class WorkerEnd:
    """The worker's end."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._connection.fileno()

    def receive(self) -> Message | None:
        """Return the next order, or None when there is none now.

        Raises:
            EOFError: when the arbiter is gone.
        """
        try:
            payload, descriptors, _, _ = socket.recv_fds(self._connection, _LARGEST_MESSAGE, 1)
        except BlockingIOError:
            return None
        except OSError as error:
            raise EOFError from error
        if not payload:
            raise EOFError
        message: dict[str, Any] = json.loads(payload)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        port = Port(**message["port"])
        return Message(message["order"], port, descriptors[0] if descriptors else None)

    def confirm_closed(self, port: Port) -> None:
        """Tell the arbiter that the port is closed here."""
        self._connection.send(str(port.serial).encode())

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


def channel() -> tuple[ArbiterEnd, WorkerEnd]:
    """Make a channel. Each side closes the other's end after the fork."""
    arbiter, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return ArbiterEnd(arbiter), WorkerEnd(worker)
