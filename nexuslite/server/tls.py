"""TLS settings of the HTTPS connectors."""

import errno
import logging
import os
import ssl
from pathlib import Path

log = logging.getLogger("gunicorn.error")

_Signature = tuple[int, int, int, int]


def make_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make a server context: TLS 1.2 or newer, HTTP/1.1 only.

    Raises:
        OSError: when the files cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        why = f"certificate and key cannot be used: {error.reason or error}"
        raise OSError(errno.EINVAL, why) from error
    except OSError as error:
        why = f"certificate or key cannot be read: {error.strerror}"
        raise OSError(error.errno, why) from error
    return context


def _no_password() -> str:
    # Without this OpenSSL asks on the terminal and the server hangs.
    return ""


class Certificate:
    """Certificate and key on disk, and the context made of them; follows renewed files."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._context: ssl.SSLContext | None = None
        self._signature: _Signature | None = None

    def check(self) -> None:
        """Make sure that HTTPS is possible now.

        Raises:
            OSError: when it is not; ``strerror`` says why.
        """
        signature = self._look()
        if self._context is None or signature != self._signature:
            self._context = make_context(self._certificate, self._key)
            self._signature = signature

    def refresh(self) -> None:
        """Take renewed files; keep the old certificate while the new files are not usable."""
        if self._context is None:
            return
        try:
            self.check()
        except OSError as error:
            log.error("The renewed TLS files are not used: %s", error.strerror)

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection.

        Raises:
            OSError: when there is none yet and the files are not usable.
        """
        if self._context is None:
            self.check()
        assert self._context is not None
        return self._context

    def _look(self) -> _Signature | None:
        try:
            certificate, key = os.stat(self._certificate), os.stat(self._key)
        except OSError:
            return None
        return certificate.st_mtime_ns, certificate.st_ino, key.st_mtime_ns, key.st_ino
