"""Many clients that pull one image at once, in a process of their own.

As a program (``python -m tests.support.crowd '<Crowd as JSON>'``) it prints their pulls as JSON.
"""

import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.server import PROJECT

_BUFFER = 256 * 1024


@dataclass
class Pull:
    """How one client fared; times are of the monotonic clock that all processes share."""

    began: float = 0.0
    first_byte: float = 0.0
    ended: float = 0.0
    blobs: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Length of the pull."""
        return self.ended - self.began


@dataclass
class Crowd:
    """`clients` pull `tag` of `image` on `port`, each by connections of its own."""

    port: int
    image: str
    tag: str = "latest"
    clients: int = 1
    authorization: str | None = None
    verifying: int = 1
    """Every how-manieth client verifies digests; the others only count, which costs less."""

    def start(self) -> "subprocess.Popen[str]":
        """Let them begin in another process."""
        argument = json.dumps(asdict(self))
        command = [sys.executable, "-m", "tests.support.crowd", argument]
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)

    def pull(self) -> list[Pull]:
        """Let them pull, and wait for all."""
        return pulls_of(self.start())


def pulls_of(process: "subprocess.Popen[str]") -> list[Pull]:
    """Wait for a crowd that was started."""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return [Pull(**each) for each in json.loads(output)]


def _pull(crowd: Crowd, pull: Pull, verifies: bool) -> None:
    pull.began = time.monotonic()
    try:
        client = http.client.HTTPConnection("127.0.0.1", crowd.port, timeout=60)
        manifest = json.loads(_get(client, crowd, f"manifests/{crowd.tag}").read())
        for descriptor in (manifest["config"], *manifest["layers"]):
            response = _get(client, crowd, f"blobs/{descriptor['digest']}")
            digest = _read(response, pull, verifies)
            assert digest in {None, descriptor["digest"]}, digest
            pull.blobs += 1
    except Exception as error:
        pull.errors.append(f"{type(error).__name__}: {error}")
    pull.ended = time.monotonic()


def _get(client: http.client.HTTPConnection, crowd: Crowd, path: str) -> Any:
    headers = {"Authorization": crowd.authorization} if crowd.authorization else {}
    client.request("GET", f"/v2/{crowd.image}/{path}", headers=headers)
    response = client.getresponse()
    assert response.status == 200, (response.status, response.read())
    return response


def _read(response: Any, pull: Pull, verifies: bool) -> str | None:
    hasher, buffer, left = hashlib.sha256(), memoryview(bytearray(_BUFFER)), response.length
    while count := response.readinto(buffer):
        pull.first_byte = pull.first_byte or time.monotonic()
        if verifies:
            hasher.update(buffer[:count])
        left -= count
    assert left == 0, f"broken off with {left} bytes left"
    return f"sha256:{hasher.hexdigest()}" if verifies else None


def main() -> None:
    """Pull as the argument says."""
    crowd = Crowd(**json.loads(sys.argv[1]))
    pulls = [Pull() for _ in range(crowd.clients)]
    threads = [
        threading.Thread(target=_pull, args=(crowd, pull, number % crowd.verifying == 0))
        for number, pull in enumerate(pulls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([asdict(pull) for pull in pulls]))


if __name__ == "__main__":
    main()
