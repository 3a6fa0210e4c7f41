"""Which ports the server should open, told to it by a file.

The server's arbiter holds no database connection; a worker writes the wanted connectors to a file
whenever the configuration changes, and the arbiter follows it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from django.conf import settings

from nexuslite.server.connectors import WantedConnector, write_wanted
from repositories.models import Repository


def publish_wanted_connectors() -> None:
    """Writes the connectors of all repositories as they are in the database now.

    Called after every change and at start. The lock makes the last writer the one that read last.
    """
    folder = Path(settings.NEXUSLITE_RUN_DIR)
    lock = os.open(folder / "connectors.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_wanted(folder, _wanted())
    finally:
        os.close(lock)


def _wanted() -> list[WantedConnector]:
    wanted = []
    for repository in Repository.objects.order_by("pk"):
        host = repository.connector_host or settings.NEXUSLITE_CONNECTOR_HOST
        for scheme, port in (("http", repository.http_port), ("https", repository.https_port)):
            if port is not None:
                wanted.append(
                    WantedConnector(
                        id=connector_id(repository.pk, scheme),
                        host=host,
                        port=port,
                        tls=scheme == "https",
                    )
                )
    return wanted


def connector_id(repository_id: int, scheme: str) -> str:
    """Id of a repository's connector; `scheme` is http or https."""
    return f"{repository_id}:{scheme}"
