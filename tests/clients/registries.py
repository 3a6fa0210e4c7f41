"""Debian's docker-registry, as the third party that others pull from."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.server import free_port, wait_for


@contextlib.contextmanager
def running_docker_registry(folder: Path, port: int = 0) -> Iterator[str]:
    """Runs one without sign-in for as long as the block lasts; gives its host and port.

    On the same folder and port it comes back with what it had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    (folder / "config.yml").write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        wait_for(lambda: _answers(port), 20.0, "docker-registry answers")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    return False
