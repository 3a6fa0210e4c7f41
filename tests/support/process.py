"""The whole program as a process: ``manage.py serve`` on a data folder of its own.

A test gets one by ``running_program``, or makes a ``ProgramProcess`` and starts, stops and kills it
itself::

    with running_program(tmp_path / "data") as program:
        repository = program.create_hosted("docker-hosted", force_basic_auth=False)
        repository.http  # "127.0.0.1:41234", open when create_hosted returns
        program.kill()
        program.start()  # on the same data and the same ports
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuslite.server.connectors import STATES_FILE, read_states
from tests.support.server import PROJECT, Answer, free_port, read_answer, wait_for

ADMIN = "admin"
ADMIN_PASSWORD = "correct horse 1"
LOOPBACK = "127.0.0.1"
_OWN_VARIABLES = ("NEXUSLITE_", "DATABASE_URL", "DJANGO_")


@dataclass(frozen=True)
class HostedRepository:
    """A hosted repository whose connectors are open; a port that it has not is 0."""

    name: str
    http_port: int = 0
    https_port: int = 0

    @property
    def http(self) -> str:
        """Where clients reach it over HTTP."""
        return f"{LOOPBACK}:{self.http_port}"

    @property
    def https(self) -> str:
        """Where clients reach it over HTTPS."""
        return f"{LOOPBACK}:{self.https_port}"


class ProgramProcess:
    """``manage.py serve`` with a data folder, a fixed main port and a known password.

    Args:
        data: its data folder; the log is written beside it.
        environment: variables besides those that this class sets; they win.
        prefix: a command that runs it, such as ``("strace", "-f")``.
    """

    def __init__(
        self,
        data: Path,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.port = free_port()
        self.environment = dict(environment or {})
        self.prefix = tuple(prefix)
        self.log_path = data.with_name(f"{data.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Host and port of the web interface and REST, and of path-based routing."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Process number of the arbiter (of ``prefix`` if there is one)."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far, over all its starts."""
        return self.log_path.read_text(errors="replace")

    # ---- starting and ending

    def start(self) -> "ProgramProcess":
        """Start it and wait until it answers."""
        self.launch()
        wait_for(self._answers, 30.0, "the program's first answer")
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        assert not self.running, "started already"
        self.data.mkdir(parents=True, exist_ok=True)
        # Those of the last run say nothing about this one.
        (self.data / "run" / STATES_FILE).unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, "manage.py", "serve"],
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own, which kill() ends as a whole.
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """Stop it by SIGTERM and return its exit code; without effect when it has ended."""
        assert self._process is not None, "not started"
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not stop it:\n{self.log}") from None

    def kill(self) -> None:
        """End all its processes by SIGKILL, as a crash does, and wait until they are gone."""
        assert self._process is not None, "not started"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        wait_for(lambda: not self.processes(), 10.0, "all its processes are gone")

    def restart(self) -> "ProgramProcess":
        """Stop it and start it again on the same data."""
        self.stop()
        return self.start()

    def processes(self) -> list[int]:
        """Return the numbers of all its living processes."""
        return [pid for pid in _all_processes() if _group_of_living(pid) == self.pid]

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)
        }
        own = {
            "NEXUSLITE_DATA_DIR": str(self.data),
            "NEXUSLITE_HOST": LOOPBACK,
            "NEXUSLITE_PORT": str(self.port),
            "NEXUSLITE_ADMIN_PASSWORD": ADMIN_PASSWORD,
        }
        return {**inherited, **own, **self.environment}

    def _answers(self) -> bool:
        if not self.running:
            raise AssertionError(f"it ended before its first answer:\n{self.log}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/v2/").status < 500
        return False

    # ---- talking to it

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        port: int = 0,
        timeout: float = 20.0,
    ) -> Answer:
        """Make an HTTP request without credentials, on a connection of its own."""
        client = http.client.HTTPConnection(LOOPBACK, port or self.port, timeout)
        try:
            client.request(method, path, body, dict(headers or {}))
            return read_answer(client)
        finally:
            client.close()

    def rest(self, method: str, path: str, document: Any = None) -> Answer:
        """Make a REST request as the administrator; ``path`` follows ``/service/rest/v1``."""
        headers = {"Authorization": basic_authorization(ADMIN, ADMIN_PASSWORD)}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        return self.request(method, f"/service/rest/v1{path}", body, headers)

    # ---- repositories

    def create_hosted(
        self,
        name: str,
        *,
        http: bool = True,
        https: bool = False,
        force_basic_auth: bool = True,
        path_enabled: bool | None = None,
        write_policy: str = "ALLOW",
        latest_policy: bool | None = None,
    ) -> HostedRepository:
        """Create a hosted repository on free ports and wait until they are open.

        One that offers tokens gets their realm, which a fresh server has not activated.
        """
        if not force_basic_auth:
            self.activate_docker_tokens()
        repository = HostedRepository(name, free_port() if http else 0, free_port() if https else 0)
        document = {
            "name": name,
            "online": True,
            "storage": {
                "blobStoreName": "default",
                "strictContentTypeValidation": True,
                "writePolicy": write_policy,
                "latestPolicy": latest_policy,
            },
            "docker": {
                "v1Enabled": False,
                "forceBasicAuth": force_basic_auth,
                "httpPort": repository.http_port or None,
                "httpsPort": repository.https_port or None,
                "pathEnabled": path_enabled,
            },
        }
        answer = self.rest("POST", "/repositories/docker/hosted", document)
        assert answer.status == 201, (answer.status, answer.body)
        for port in (repository.http_port, repository.https_port):
            if port:
                self.wait_until_open(port)
        return repository

    def activate_docker_tokens(self) -> None:
        """Activate the Docker Bearer Token Realm beside the local one."""
        realms = ["NexusAuthenticatingRealm", "DockerToken"]
        answer = self.rest("PUT", "/security/realms/active", realms)
        assert answer.status == 204, (answer.status, answer.body)

    def wait_until_open(self, port: int, seconds: float = 10.0) -> None:
        """Wait until the program says that it listens on a connector's port."""

        def is_open() -> bool:
            states = read_states(self.data / "run").values()
            failed = [each.reason for each in states if each.port == port and each.reason]
            assert not failed, failed
            return any(each.port == port and each.state == "open" for each in states)

        wait_for(is_open, seconds, f"port {port} is open")


@contextlib.contextmanager
def running_program(
    data: Path, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Iterator[ProgramProcess]:
    """Run the program for as long as the block lasts."""
    program = ProgramProcess(data, environment, prefix)
    try:
        yield program.start()
    finally:
        if program.running:
            program.stop()


def basic_authorization(user: str, password: str) -> str:
    """Return the value of an ``Authorization`` header (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_of_living(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        # proc(5): the command in brackets may hold spaces; state, parent and group follow it.
        state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
        if state not in "ZX":
            return int(group)
    return None
