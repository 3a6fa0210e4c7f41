"""`manage.py serve`: the whole program in the foreground."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from nexuslite import first_start
from nexuslite.server import ServerOptions, StartError, run
from nexuslite.server.options import MinimumRate

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Serves the web interface, REST and every repository connector until SIGTERM."""

    help = "Serve the web interface, REST and the repository connectors."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run(
                server_options(),
                load_application=_load_application,
                load_background=_load_background,
                post_fork=_begin_process,
            )
        except StartError as error:
            raise CommandError(str(error)) from None


def server_options() -> ServerOptions:
    """The server's options as the environment sets them."""
    certificate = settings.NEXUSLITE_TLS_CERTIFICATE
    key = settings.NEXUSLITE_TLS_KEY
    return ServerOptions(
        data_folder=settings.NEXUSLITE_DATA_DIR,
        host=settings.NEXUSLITE_HOST,
        port=settings.NEXUSLITE_PORT,
        workers=settings.NEXUSLITE_WORKERS,
        threads=settings.NEXUSLITE_THREADS,
        header_timeout=settings.NEXUSLITE_HEADER_TIMEOUT,
        keepalive_timeout=settings.NEXUSLITE_KEEPALIVE_TIMEOUT,
        linger_timeout=settings.NEXUSLITE_LINGER_TIMEOUT,
        queue_timeout=settings.NEXUSLITE_QUEUE_TIMEOUT,
        graceful_timeout=settings.NEXUSLITE_GRACEFUL_TIMEOUT,
        max_connections=settings.NEXUSLITE_MAX_CONNECTIONS,
        access_log=settings.NEXUSLITE_ACCESS_LOG,
        minimum_rate=MinimumRate(
            settings.NEXUSLITE_BODY_MINIMUM_RATE, settings.NEXUSLITE_BODY_GRACE
        ),
        certificate=Path(certificate) if certificate else None,
        private_key=Path(key) if key else None,
        certificate_names=tuple(settings.NEXUSLITE_TLS_NAMES),
        trusted_proxies=tuple(str(network) for network in settings.NEXUSLITE_TRUSTED_PROXIES),
        log_level=settings.NEXUSLITE_LOG_LEVEL.lower(),
    )


def _load_application() -> Any:
    # The lock of the data folder is held here: no second instance can be preparing it.
    first_start.prepare()
    from nexuslite.wsgi import application

    return application


def _begin_process() -> None:
    from nexuslite.warming import warm_up

    warm_up()


def _load_background() -> None:
    from nexuslite.background import work

    work()
