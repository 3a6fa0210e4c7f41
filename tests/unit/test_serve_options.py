"""What the environment says about the server reaches it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SHOW = """
import dataclasses, json, sys
import django
django.setup()
from nexuslite.management.commands.serve import server_options
print(json.dumps(dataclasses.asdict(server_options()), default=str))
"""

CHOSEN = {
    "NEXUSLITE_KEEPALIVE_TIMEOUT": ("keepalive_timeout", 7),
    "NEXUSLITE_QUEUE_TIMEOUT": ("queue_timeout", 8),
    "NEXUSLITE_GRACEFUL_TIMEOUT": ("graceful_timeout", 9),
    "NEXUSLITE_LINGER_TIMEOUT": ("linger_timeout", 10),
    "NEXUSLITE_HEADER_TIMEOUT": ("header_timeout", 11),
    "NEXUSLITE_MAX_CONNECTIONS": ("max_connections", 12),
    "NEXUSLITE_WORKERS": ("workers", 13),
    "NEXUSLITE_THREADS": ("threads", 14),
    "NEXUSLITE_ACCESS_LOG": ("access_log", True),
}


@pytest.fixture
def options(tmp_path):
    def read(**variables: object) -> dict[str, object]:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "nexuslite.settings",
            "NEXUSLITE_DATA_DIR": str(tmp_path),
            **{name: str(value) for name, value in variables.items()},
        }
        shown = subprocess.run(
            [sys.executable, "-c", SHOW], env=environment, check=True, capture_output=True
        )
        return json.loads(shown.stdout)

    return read


def test_every_limit_of_the_server_can_be_chosen(options):
    chosen = options(**{name: value for name, (_, value) in CHOSEN.items()})
    assert {field: chosen[field] for field, _ in CHOSEN.values()} == dict(CHOSEN.values())


def test_without_a_choice_the_server_keeps_its_own(options):
    from nexuslite.server import ServerOptions

    ours = options()
    for field in ("keepalive_timeout", "queue_timeout", "graceful_timeout", "linger_timeout"):
        assert ours[field] == getattr(ServerOptions, field)
    assert (ours["max_connections"], ours["access_log"]) == (0, False)
