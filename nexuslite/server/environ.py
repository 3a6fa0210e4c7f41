"""The WSGI environ of a request, and what of X-Forwarded-* is believed."""

import ipaddress
import itertools
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gunicorn.http.wsgi import WSGIErrorsWrapper
from gunicorn.util import unquote_to_wsgi_str

from nexuslite.server.files import file_wrapper
from nexuslite.server.options import Network

if TYPE_CHECKING:
    from nexuslite.server.connection import Connection
    from nexuslite.server.request import Request

Environ = dict[str, Any]

_FORWARDED = frozenset(
    (
        "HTTP_FORWARDED",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PORT",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_PROTOCOL",
        "HTTP_X_FORWARDED_SCHEME",
        "HTTP_X_FORWARDED_SSL",
        "HTTP_X_REAL_IP",
    )
)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class TrustedProxies:
    """The addresses whose word about the client counts."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: object) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


class EnvironMaker:
    """Makes environs; one per worker process."""

    def __init__(self, cfg: Any, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count()
        self._base: Environ = {
            "wsgi.errors": WSGIErrorsWrapper(cfg),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": file_wrapper,
            "wsgi.input_terminated": True,
            "SERVER_SOFTWARE": "nexuslite",
            "SCRIPT_NAME": "",
        }

    def of_connection(self, connection: "Connection") -> Environ:
        """Return what stays the same for all requests of a connection."""
        port = connection.port
        address = connection.address
        return {
            **self._base,
            "REMOTE_ADDR": address,
            "REMOTE_PORT": str(connection.client[1]),
            "SERVER_NAME": port.host or "0.0.0.0",
            "SERVER_PORT": str(port.port),
            "wsgi.url_scheme": "https" if port.tls else "http",
            "nexuslite.connector": port.id,
        }

    def of_request(self, request: "Request") -> Environ:
        """Return the environ of a request."""
        connection = request.connection
        if connection.environ is None:
            connection.environ = self.of_connection(connection)
        environ = {**connection.environ, **request.header_environ}
        environ["REQUEST_METHOD"] = request.method
        environ["RAW_URI"] = request.uri
        environ["PATH_INFO"] = unquote_to_wsgi_str(request.path)
        environ["QUERY_STRING"] = request.query
        environ["SERVER_PROTOCOL"] = "HTTP/1.1" if request.version >= (1, 1) else "HTTP/1.0"
        environ["wsgi.input"] = request.body
        environ["nexuslite.request_id"] = f"{self._prefix}{next(self._numbers):08x}"
        if not _FORWARDED.isdisjoint(environ):
            if connection.address in self._proxies:
                self._believe(environ)
            else:
                for key in _FORWARDED:
                    environ.pop(key, None)
        return environ

    def _believe(self, environ: Environ) -> None:
        """Take the word of a trusted proxy. What it appended last is its own word."""
        scheme = _last(environ, "HTTP_X_FORWARDED_PROTO").lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = _last(environ, "HTTP_X_FORWARDED_HOST")
        if _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host
        port = _last(environ, "HTTP_X_FORWARDED_PORT")
        if port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            environ["nexuslite.forwarded_port"] = port
        for address in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            try:
                client = str(ipaddress.ip_address(address.strip()))
            except ValueError:
                break
            environ["REMOTE_ADDR"] = client
            if client not in self._proxies:
                break


def _last(environ: Environ, key: str) -> str:
    value: str = environ.get(key, "")
    return value.rpartition(",")[2].strip()
