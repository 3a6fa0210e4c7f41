"""httpx over sockets of our own, with or without a proxy in between."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore
import httpx

from repositories.remote import hosts
from repositories.remote.guard import Guard
from repositories.remote.network import CheckedBackend, Resolve, resolve_within
from repositories.remote.settings import RemoteSettings

MAX_CONNECTIONS = 100
MAX_IDLE_CONNECTIONS = 20
IDLE_SECONDS = 60.0

# They would write addresses with signatures, and headers, when the log level is low.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class RemoteTransport(httpx.BaseTransport):
    """Sends one request; follows nothing, remembers nothing but connections.

    Raises the errors of httpcore, `AddressRefused`, `clock.TooSlow`, and OSError or ssl.SSLError
    when certificates cannot be read.
    """

    def __init__(self, settings: RemoteSettings, guard: Guard, resolve: Resolve) -> None:
        self._settings = settings
        self._guard = guard
        self._resolve = resolve
        context = tls_context(settings.ca_file if settings.use_trust_store else "")
        self._direct = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=CheckedBackend(guard.check, resolve),
        )
        self._proxied = self._through_proxy(context) if settings.http_proxy else None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the answer as soon as its head is there; its stream must be closed."""
        url = request.url
        pool: httpcore.ConnectionPool = self._direct
        if self._proxied is not None and not self._goes_direct(url.host):
            self._check_before_proxy(url)
            pool = self._proxied
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer))

    def close(self) -> None:
        """Ends every connection, also those in use."""
        self._direct.close()
        if self._proxied is not None:
            self._proxied.close()

    def _through_proxy(self, context: ssl.SSLContext) -> httpcore.HTTPProxy:
        parts = urlsplit(self._settings.http_proxy)
        proxy = httpx.Proxy(self._settings.http_proxy)
        return httpcore.HTTPProxy(
            proxy_url=httpcore.URL(
                scheme=proxy.url.raw_scheme,
                host=proxy.url.raw_host,
                port=proxy.url.port,
                target="/",
            ),
            proxy_auth=proxy.raw_auth,
            ssl_context=context,
            proxy_ssl_context=context if parts.scheme == "https" else None,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=CheckedBackend(_permit, self._resolve),
        )

    def _goes_direct(self, host: str) -> bool:
        return hosts.matches(host, self._settings.no_proxy_hosts)

    def _check_before_proxy(self, url: httpx.URL) -> None:
        """Refuses a host that resolves here to an address that may not be asked.

        The proxy resolves by itself, and may know names that we do not; then it has to decide.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = resolve_within(self._resolve, url.host, port, self._settings.timeout)
        except (OSError, httpcore.TimeoutException):
            return
        for address in found:
            self._guard.check(url.host, address)


def _permit(host: str, address: str) -> None:
    """Refuses nothing: the proxy is the operator's, wherever it stands."""


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer.iter_stream())

    def close(self) -> None:
        self._answer.close()


@lru_cache(maxsize=8)
def tls_context(ca_file: str) -> ssl.SSLContext:
    """Verifies by the system's certificates, and by those of the file if there is one.

    A context holds megabytes and takes tens of milliseconds to make; clients share them. Raises
    OSError when the file cannot be read and ssl.SSLError when it holds no certificates.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
