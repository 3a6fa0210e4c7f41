"""Fresh databases within the process of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connections


@contextmanager
def database_file(path: Path) -> Iterator[None]:
    """Makes the file the default database, for connections of every thread."""
    settings = connections.settings["default"]
    outer, name = connections["default"], settings["NAME"]
    settings["NAME"] = str(path)
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = name
        connections["default"] = outer


def migrate() -> None:
    """Makes the tables in the default database."""
    call_command("migrate", verbosity=0, interactive=False)
