"""Running container clients as a user would, each with credentials and storage of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_NOT_INHERITED = ("DOCKER_", "REGISTRY_", "CONTAINERS_", "BUILDAH_", "XDG_")


def require(*commands: str) -> None:
    """Make sure that ``commands`` are installed and that we are root.

    Only somebody who is not root and not in continuous integration may go without.
    """
    missing = [command for command in commands if shutil.which(command) is None]
    lacking = [f"{', '.join(missing)} (scripts/install-test-packages.sh)"] if missing else []
    if os.geteuid() != 0:
        lacking.append("root")
    if not lacking:
        return
    message = "real clients need " + " and ".join(lacking)
    if os.geteuid() == 0 or os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    command: str
    exit_code: int
    output: str
    errors: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything that it printed."""
        return f"{self.output}\n{self.errors}"

    def succeeded(self) -> "Outcome":
        """Return itself; fails the test when the command failed."""
        assert self.exit_code == 0, f"{self.command} ended with {self.exit_code}:\n{self.text}"
        return self

    def failed(self) -> "Outcome":
        """Return itself; fails the test when the command succeeded."""
        assert self.exit_code != 0, f"{self.command} should have failed:\n{self.text}"
        return self


class Client:
    """A command line client; calling it runs it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)
        }
        self._environment = {**inherited, **environment}

    def __call__(self, *arguments: str | Path, give: bytes = b"", timeout: float = 120) -> Outcome:
        """Run it with ``arguments``, ``give`` on its standard input."""
        command = [*self._command, *map(str, arguments)]
        started = time.monotonic()
        done = subprocess.run(
            command,
            input=give,
            capture_output=True,
            env=self._environment,
            timeout=timeout,
            check=False,
        )
        return Outcome(
            " ".join(command),
            done.returncode,
            done.stdout.decode(errors="replace"),
            # Some put their message in quotation marks, as one field of a log line.
            done.stderr.decode(errors="replace").replace('\\"', '"'),
            time.monotonic() - started,
        )

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start it with ``arguments``; its output can be read from the process."""
        return subprocess.Popen(
            [*self._command, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
        )


def skopeo(folder: Path) -> Client:
    """Return a skopeo that keeps its credentials in ``folder``."""
    return Client(["skopeo"], _containers_environment(folder))


def podman(folder: Path, environment: Mapping[str, str] | None = None) -> Client:
    """Return a podman that keeps everything in ``folder``."""
    command = ["podman", *_storage(folder), "--tmpdir", str(folder / "tmp")]
    return Client(command, {**_containers_environment(folder), **(environment or {})})


def buildah(folder: Path) -> Client:
    """Return a buildah that keeps everything in ``folder``."""
    return Client(["buildah", *_storage(folder)], _containers_environment(folder))


def _storage(folder: Path) -> list[str]:
    root, run = str(folder / "root"), str(folder / "run")
    return ["--root", root, "--runroot", run, "--storage-driver", "vfs"]


def _containers_environment(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    credentials = folder / "auth.json"
    if not credentials.exists():
        credentials.write_text("{}")
    return {
        "REGISTRY_AUTH_FILE": str(credentials),
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "TMPDIR": str(folder),
    }
