"""The system calls of a push: everything is on disk before the client is told so.

kill -9 alone proves nothing about that, since the kernel keeps what was written.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, digest_of, random_bytes
from tests.support.process import ProgramProcess
from tests.support.server import wait_for

MOST_SYNCS = 8
CALLS = "fsync,fdatasync,sync_file_range,link,linkat,sendto,sendmsg,write,writev"

_ASIDE = {"", "checkpoint", "sync database folder"}


class Trace:
    """What `strace -f -y` notes of a server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0

    def of(self, action: Callable[[], object], answers: int = 1) -> list[str]:
        """Return the calls that were made for the action, up to its last answer with 201."""
        self._seen = len(self._lines())
        action()
        wait_for(lambda: self._kinds().count("answer") == answers, 20, "the answers are noted")
        return [kind for kind in self._kinds() if kind not in _ASIDE]

    def _kinds(self) -> list[str]:
        return [_kind(line) for line in self._lines()[self._seen :]]

    def _lines(self) -> list[str]:
        return self._path.read_text(errors="replace").splitlines()


def _kind(line: str) -> str:
    """Say what a call does to the promise of a push; nothing for all others."""
    if re.search(r"(sendto|sendmsg|write|writev)\(.*HTTP/1\.1 201 ", line):
        return "answer"
    if re.search(r"link(at)?\(.*/staging/.*/content/", line):
        return "final name"
    found = re.search(r"(?:fsync|fdatasync)\(\d+<([^>]*)>", line)
    if found is None:
        return ""
    path = found[1]
    for pattern, kind in (
        (r"/staging/\w{32}$", "sync file"),
        (r"/content/sha(256|512)/\w\w$", "sync folder"),
        (r"sqlite3-wal$", "sync database"),
        (r"sqlite3$", "checkpoint"),
        # Once for each connection that finds the journal new.
        (r"/data\d+$", "sync database folder"),
    ):
        if re.search(pattern, path):
            return kind
    return f"sync {path}"


@pytest.fixture
def traced(program, tmp_path) -> tuple[Client, Trace]:
    path = tmp_path / "trace"
    prefix = ("strace", "-f", "-y", "-qq", "-s", "200", "-e", f"trace={CALLS}", "-o", str(path))
    server: ProgramProcess = program(prefix, NEXUSLITE_WORKERS=1).start()
    return Client(server.create_hosted("hosted").http_port), Trace(path)


IN_ORDER = ["sync file", "final name", "sync folder", "sync database", "answer"]
"""Starting a session and recording how far it is sync nothing."""


def test_a_push_is_on_disk_before_it_is_acknowledged(traced):
    client, trace = traced
    for number, way in enumerate(client.ways_to_push()):
        content = random_bytes(3_000_000, number)
        assert trace.of(lambda: way(content)) == IN_ORDER, way.__name__  # noqa: B023

    shared = digest_of(content)
    known = client.image("team/other")
    assert trace.of(
        lambda: known.request("POST", f"blobs/uploads/?mount={shared}&from={client.name}"),
    ) == ["sync database", "answer"]
    again = client.image("team/third")
    assert trace.of(lambda: again.push_monolithic(content)) == [
        "sync database",
        "answer",
    ]

    image = Image.make("manifest")
    for blob in (image.config, image.layer):
        client.push_monolithic(blob)
    for tag in ("new", "new", "moved"):
        calls = trace.of(lambda: client.put_manifest(tag, image.manifest))  # noqa: B023
        assert calls == ["sync database", "answer"]

    # Layer, configuration and manifest of an image that nobody has.
    small = Image.make("one layer", 1_000_000)
    calls = trace.of(lambda: client.push(small, "small"), answers=3)
    assert calls == [*IN_ORDER, *IN_ORDER, "sync database", "answer"]
    assert sum(call.startswith("sync") for call in calls) <= MOST_SYNCS
