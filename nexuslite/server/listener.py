"""Listening sockets that know which connector they are."""

import errno
import os
import socket
from dataclasses import asdict, dataclass
from typing import Any

BACKLOG = 4096


@dataclass
class Port:
    """What a connection needs to know of the connector it came in on.

    Attributes:
        id: connector id; "" is the web interface.
        host, port: where it listens.
        tls: whether it speaks HTTPS.
        serial: tells one opening of a port from the next.
        closing: set once the port closes; active requests then end with Connection: close.
        connections: how many connections the worker holds on it.
    """

    id: str
    host: str
    port: int
    tls: bool
    serial: int
    closing: bool = False
    connections: int = 0

    def as_message(self) -> dict[str, Any]:
        """Return it as the arbiter sends it to workers."""
        message = asdict(self)
        del message["connections"]
        return message


class Listener(socket.socket):
    """A listening socket with its ``Port``; it can stand in gunicorn's list of listeners."""

    def __init__(self, descriptor: int, port: Port) -> None:
        super().__init__(fileno=descriptor)
        self.connector = port
        self.setblocking(False)

    def __str__(self) -> str:
        scheme = "https" if self.connector.tls else "http"
        return f"{scheme}://{self.connector.host}:{self.connector.port}"


def _bind_address(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    if host == "localhost":
        host = "127.0.0.1"
    # Numbers only: the arbiter must not wait for a name server.
    flags = socket.AI_PASSIVE | socket.AI_NUMERICHOST
    found = socket.getaddrinfo(host or "0.0.0.0", port, 0, socket.SOCK_STREAM, 0, flags)
    family, _, _, _, address = found[0]
    return family, address


def listen(host: str, port: int) -> int:
    """Bind the address for this process alone and listen; return the file descriptor.

    Raises:
        OSError: when the system will not give the address; ``reason`` words it.
    """
    try:
        family, address = _bind_address(host, port)
    except (socket.gaierror, OverflowError) as error:
        raise OSError(errno.EADDRNOTAVAIL, f"not an address of this machine: {host}") from error
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        # Not SO_REUSEPORT: that would share the port silently with another server.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        return listening.detach()


def reason(error: OSError) -> str:
    """Word why a port could not be opened."""
    if error.errno == errno.EADDRINUSE:
        return "the port is already in use by another program"
    if error.errno == errno.EACCES:
        return "no permission to open the port (below 1024 it takes CAP_NET_BIND_SERVICE)"
    return error.strerror or os.strerror(error.errno or 0)
