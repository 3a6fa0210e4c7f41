"""What breaks on the way to a remote, in words."""

from __future__ import annotations

import ssl

import httpcore

from repositories.remote.clock import TooSlow
from repositories.remote.errors import RemoteUnavailable, TooManyConnections

CAUSES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    TooSlow,
    OSError,
)
"""What the network raises."""


def is_broken_connection(error: Exception) -> bool:
    """Whether a connection that stood was closed before an answer came."""
    broken = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
    return isinstance(error, broken)


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a moment later.

    A remote that was slow once has used up the patience of who waits; a certificate that is not
    trusted stays so.
    """
    if isinstance(error, httpcore.ConnectError):
        return _certificate_error(error) is None
    return is_broken_connection(error) or isinstance(error, httpcore.ConnectTimeout)


def unavailable(error: Exception) -> RemoteUnavailable:
    """The error for what the network raised."""
    if isinstance(error, httpcore.PoolTimeout):
        return TooManyConnections("all connections to the remote are in use", timed_out=True)
    if isinstance(error, httpcore.ConnectTimeout):
        return RemoteUnavailable("no connection to the remote in time", timed_out=True)
    if isinstance(error, httpcore.TimeoutException | TooSlow):
        return RemoteUnavailable("the remote is too slow", timed_out=True)
    if isinstance(error, httpcore.ConnectError):
        return RemoteUnavailable(_connect_reason(error))
    if isinstance(error, httpcore.ProxyError):
        return RemoteUnavailable("the HTTP proxy does not connect us")
    if isinstance(error, httpcore.NetworkError | httpcore.RemoteProtocolError):
        return RemoteUnavailable("the remote broke off the connection or speaks no HTTP")
    if isinstance(error, httpcore.ProtocolError):
        return RemoteUnavailable("the request cannot be sent as the remote is configured")
    return RemoteUnavailable("the certificates to trust cannot be read")


def _connect_reason(error: httpcore.ConnectError) -> str:
    untrusted = _certificate_error(error)
    if untrusted is not None:
        return f"the certificate of the remote is not trusted: {untrusted.verify_message}"
    cause = _cause(error)
    if isinstance(cause, ssl.SSLError):
        return "the remote does not speak TLS as it should"
    if isinstance(cause, OSError):
        return f"no connection to the remote: {cause.strerror or 'network error'}"
    return str(error)


def _certificate_error(error: httpcore.ConnectError) -> ssl.SSLCertVerificationError | None:
    cause = _cause(error)
    return cause if isinstance(cause, ssl.SSLCertVerificationError) else None


def _cause(error: httpcore.ConnectError) -> object:
    """What the socket raised; httpcore's pool cuts the chain of causes."""
    return error.args[0] if error.args else None
