"""A docker daemon for tests, and the docker command that talks to it.

The daemon runs in namespaces of its own: mounts and processes that it leaves behind end with them,
whatever happens, and nothing of the machine is changed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.clients.commands import Client
from tests.support.images import Image, docker_archive
from tests.support.server import children, wait_for

# Debian's own, also where a newer one stands before it in PATH.
_CLI = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"


class DockerDaemon:
    """A dockerd with its state in ``folder``.

    It does not touch the network of the machine: no bridge, no packet filter. It takes 127.0.0.0/8
    for insecure registries, as every dockerd does.
    """

    def __init__(
        self, folder: Path, network: Path | None = None, options: Sequence[str] = ()
    ) -> None:
        """Prepare one.

        Args:
            folder: short, because the paths of Unix sockets are limited to 107 bytes.
            network: the network namespace to run in, by default the machine's.
            options: more options of the daemon.
        """
        self._options = tuple(options)
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.certificates = folder / "certs.d"
        self._network = network
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "DockerDaemon":
        """Start it and wait until it answers."""
        self.certificates.mkdir(parents=True)
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._namespaces(), "sh", "-c", _START, "sh", str(self.folder), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, 30.0, "the docker daemon's first answer")
        return self

    def stop(self) -> None:
        """End it and remove everything that it kept."""
        if self._process is not None:
            for daemon in children(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(daemon, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def docker(self, name: str = "cli") -> Client:
        """Return a docker command; each ``name`` has credentials of its own."""
        configuration = self.folder / name
        if not configuration.exists():
            configuration.mkdir()
            (configuration / "config.json").write_text("{}")
        environment = {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(configuration),
            "HOME": str(configuration),
        }
        return Client([_CLI], environment)

    def load(self, tagged: Mapping[str, Image]) -> None:
        """Give the daemon images, by reference."""
        self.docker("load")("load", give=docker_archive(tagged)).succeeded()

    def trust(self, registry: str, authority: bytes) -> None:
        """Accept certificates of the PEM ``authority`` from ``registry`` (host:port)."""
        folder = self.certificates / registry
        folder.mkdir()
        (folder / "ca.crt").write_bytes(authority)

    def _namespaces(self) -> list[str]:
        enter = [] if self._network is None else ["nsenter", f"--net={self._network}"]
        return [*enter, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

    def _answers(self) -> bool:
        assert self._process is not None
        ended = self._process.poll() is not None
        assert not ended, (self.folder / "log").read_text(errors="replace")
        return self.socket.exists() and self.docker("probe")("version").exit_code == 0


# /etc/docker/certs.d cannot be moved, so the daemon sees a folder of ours in its place.
_START = """
mkdir -p /etc/docker
mount -t tmpfs none /etc/docker
mkdir /etc/docker/certs.d
mount --bind "$1/certs.d" /etc/docker/certs.d
folder=$1
shift
exec dockerd --bridge=none --iptables=false --ip6tables=false --storage-driver=vfs \
  --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
  --host "unix://$folder/docker.sock" "$@"
"""


@contextlib.contextmanager
def running_daemon(
    folder: Path, network: Path | None = None, options: Sequence[str] = ()
) -> Iterator[DockerDaemon]:
    """Run a daemon for as long as the block lasts."""
    daemon = DockerDaemon(folder, network, options)
    try:
        yield daemon.start()
    finally:
        daemon.stop()
