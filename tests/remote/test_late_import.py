"""What a server without proxy repositories does not pay for."""

from __future__ import annotations

import subprocess
import sys

from tests.support.server import PROJECT

PROGRAM = """
import sys
import nexuslite.wsgi
import nexuslite.background
import nexuslite.urls
assert "repositories.remote.blocking" in sys.modules
print([name for name in ("httpx", "httpcore", "h11", "anyio") if name in sys.modules])
"""


def test_httpx_is_loaded_for_the_first_remote_and_not_before() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.strip() == "[]", ran.stderr
