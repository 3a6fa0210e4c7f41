"""The sockets of the client: resolve once, check, connect to the checked address, keep time."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import httpcore

from repositories.remote import hosts
from repositories.remote.clock import running_clock
from repositories.remote.errors import AddressRefused

Resolve = Callable[[str, int], list[str]]
"""Finds the addresses of a host, in the order in which they are tried. Raises OSError."""
Check = Callable[[str, str], None]
"""Refuses an address of a host by raising `AddressRefused`."""

_MAX_ADDRESSES = 6


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver has for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float | None) -> list[str]:
    """What `resolve` finds in time. Raises OSError, or httpcore's ConnectTimeout.

    The system's resolver cannot be interrupted, so a thread waits for it that may be left behind.
    """
    if hosts.is_address(host):
        return [hosts.normalised(host)]
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError("no host name"))

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        result = found.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from None
    if isinstance(result, OSError):
        raise result
    return result


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were checked; TLS still verifies the name of the host."""

    def __init__(self, check: Check, resolve: Resolve) -> None:
        self._check = check
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Tries the permitted addresses one after the other.

        Raises `AddressRefused` when the host has addresses and none is permitted.
        """
        try:
            found = resolve_within(self._resolve, host, port, _limit(timeout))
        except OSError:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from None
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._permitted(host, found):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, _limit(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream)
        raise failure

    def _permitted(self, host: str, addresses: list[str]) -> list[str]:
        permitted: list[str] = []
        refusal: AddressRefused | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                self._check(host, address)
            except AddressRefused as error:
                refusal = error
            else:
                permitted.append(address)
        if refusal is not None and not permitted:
            raise refusal
        return permitted


class TimedStream(httpcore.NetworkStream):
    """A connection whose waits are counted by the clock of the thread that waits."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        clock = running_clock()
        if clock is None:
            return self._stream.read(max_bytes, timeout)
        limit = clock.limit(timeout)
        began = monotonic()
        data = self._stream.read(max_bytes, limit)
        clock.waited(monotonic() - began, len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, _limit(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _limit(timeout: float | None) -> float | None:
    clock = running_clock()
    return timeout if clock is None else clock.limit(timeout)
