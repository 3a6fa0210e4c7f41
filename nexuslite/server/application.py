"""The program: takes the lock, opens the port, loads the application, runs gunicorn."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from nexuslite.server import certificates
from nexuslite.server.arbiter import Arbiter
from nexuslite.server.background import BackgroundProcess
from nexuslite.server.errors import PortUnavailableError
from nexuslite.server.listener import reason
from nexuslite.server.loads import Loads
from nexuslite.server.lock import DataFolderLock
from nexuslite.server.options import ServerOptions, parse_networks
from nexuslite.server.ports import Ports
from nexuslite.server.process import raise_open_files_limit
from nexuslite.server.tls import Certificate

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a file system in memory, nothing predictable in it


def run(
    options: ServerOptions,
    load_application: Callable[[], WSGIApplication],
    load_background: Callable[[], None] | None = None,
    post_fork: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then end the process.

    Args:
        options: how to serve.
        load_application: returns the WSGI application; called once, before the workers fork.
        load_background: the work of the background process; it runs until SystemExit.
        post_fork: called first in every worker and in the background process.

    Raises:
        AlreadyRunningError: when another instance holds the data folder.
        PortUnavailableError: when the port of the web interface cannot be bound.
        ValueError: when an option makes no sense.
        SystemExit: at the end.
    """
    parse_networks(options.trusted_proxies)
    lock = DataFolderLock(options.run_folder)
    raise_open_files_limit()
    certificate = Certificate(*certificate_files(options))
    ports = Ports(options.run_folder, certificate.check)
    try:
        port = ports.open_web_interface(options.host, options.port)
    except OSError as error:
        lock.release()
        raise PortUnavailableError(
            f"The web interface cannot listen on {options.host}:{options.port}: {reason(error)}."
        ) from error
    (options.run_folder / "port").write_text(f"{port}\n", encoding="ascii")
    background = None
    if load_background is not None:
        background = BackgroundProcess(_after(post_fork, load_background))
    application = Application(options, load_application, post_fork, certificate)
    Arbiter(application, ports, background).run()


def certificate_files(options: ServerOptions) -> tuple[Path, Path]:
    """Return certificate and key of the HTTPS connectors; makes self-signed ones if need be."""
    if options.certificate is not None:
        return options.certificate, options.private_key or options.certificate
    return certificates.ensure_self_signed(options.data_folder / "tls", options.certificate_names)


def _after(first: Callable[[], None] | None, then: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        if first is not None:
            first()
        then()

    return both


def _forget_worker(arbiter: Arbiter, worker: Any) -> None:
    worker.arbiter_end.close()
    worker.app.loads.free_slot(worker.slot)


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn's view of the options. Nothing comes from a file, arguments or environment."""

    def __init__(
        self,
        options: ServerOptions,
        load_application: Callable[[], WSGIApplication],
        post_fork: Callable[[], None] | None,
        certificate: Certificate,
    ) -> None:
        self.options = options
        self.certificate = certificate
        self.loads = Loads()
        self._load_application = load_application
        self._post_fork = post_fork
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings."""
        options = self.options
        settings: dict[str, Any] = {
            "worker_class": "nexuslite.server.worker.Worker",
            "workers": options.workers,
            "threads": options.threads,
            "preload_app": True,
            "graceful_timeout": max(1, int(options.graceful_timeout)),
            "keepalive": int(options.keepalive_timeout),
            "loglevel": options.log_level,
            "errorlog": "-",
            "accesslog": "-" if options.access_log else None,
            "control_socket_disable": True,
            # Forwarded headers are our own business (environ.py), not gunicorn's.
            "forwarded_allow_ips": "",
            "limit_request_line": 8190,
            "limit_request_fields": 100,
            "http_protocols": "h1",
            "http_parser": "python",
            "proc_name": "nexuslite",
            "post_fork": self._in_worker,
            "child_exit": _forget_worker,
        }
        if os.access(_SHARED_MEMORY, os.W_OK):
            # The heartbeat touches a file every second; it need not reach a disk.
            settings["worker_tmp_dir"] = _SHARED_MEMORY
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Load the WSGI application."""
        return self._load_application()

    def _in_worker(self, arbiter: Arbiter, worker: Any) -> None:
        arbiter.close_for_worker(worker)
        if self._post_fork is not None:
            self._post_fork()

    def run(self) -> None:
        """Not used: ``run`` above starts our own arbiter."""
        sys.exit("use nexuslite.server.run")
