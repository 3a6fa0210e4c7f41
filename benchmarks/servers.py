"""The servers that are compared, each started for the run and stopped after it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

from benchmarks import processes

PROJECT = Path(__file__).resolve().parent.parent
_PASSWORD = "benchmark-password"
_BASIC = {
    "Authorization": "Basic " + base64.b64encode(f"admin:{_PASSWORD}".encode()).decode(),
}
_START_SECONDS = 30.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process with its own folder; `port` is where the load goes."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Its environment."""
        return dict(os.environ)

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.launch()
        self.wait_for_answer(self.port, self.first_path())

    def launch(self) -> None:
        """Starts it without waiting."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def first_path(self) -> str:
        """What is asked until it answers."""
        return "/v2/"

    def wait_for_answer(
        self,
        port: int,
        path: str,
        statuses: tuple[int, ...] = (200, 401),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Asks until one of the statuses comes; raises SystemExit when it never does."""
        until = time.monotonic() + _START_SECONDS
        answer: object = None
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                answer = request(port, "GET", path, headers=headers)[0]
            except (OSError, http.client.HTTPException) as error:
                answer = error
            if answer in statuses:
                return
            time.sleep(0.005)
        self.stop()
        log = (self.folder / "log").read_text(errors="replace")[-2000:]
        raise SystemExit(f"{self.name} does not answer at {path} ({answer}):\n{log}")

    def stop(self) -> None:
        """Ends it; kills it when that takes too long."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def cpu_seconds(self) -> float:
        """CPU seconds of all its processes so far."""
        return processes.cpu_seconds(self.pid)

    def memory(self) -> int:
        """Proportional set size of all its processes, in bytes."""
        return processes.memory(self.pid)

    def token(self, scope: str) -> str:
        """A bearer token for the scope; "-" where nobody signs in."""
        return "-"


class Nexuslite(Server):
    """This project, as `make run` starts it, with one hosted repository on a port of its own."""

    name = "nexuslite"
    repository = "hosted"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.main_port = free_port()
        self._client: http.client.HTTPConnection | None = None

    def command(self) -> list[str]:
        return [sys.executable, "manage.py", "serve"]

    def environment(self) -> dict[str, str]:
        return {
            **{key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
            "NEXUSLITE_DATA_DIR": str(self.folder / "data"),
            "NEXUSLITE_HOST": "127.0.0.1",
            "NEXUSLITE_PORT": str(self.main_port),
            "NEXUSLITE_ADMIN_PASSWORD": _PASSWORD,
        }

    def start(self) -> None:
        self.start_program()
        self._activate_docker_tokens()
        self._create_repository()
        self.wait_for_answer(self.port, "/v2/")

    def start_program(self) -> None:
        """Starts it as it is and waits for the first 200 of its status."""
        self.launch()
        self.wait_for_answer(self.main_port, "/service/rest/v1/status", (200,))

    def start_to_manifest(self, image: str) -> None:
        """Starts it and waits for the image's manifest."""
        self.launch()
        self.wait_for_answer(self.port, f"/v2/{image}/manifests/tag", (200,), _BASIC)

    def _activate_docker_tokens(self) -> None:
        status, body = request(
            self.main_port,
            "PUT",
            "/service/rest/v1/security/realms/active",
            json.dumps(["NexusAuthenticatingRealm", "DockerToken"]).encode(),
            {**_BASIC, "Content-Type": "application/json"},
        )
        if status != 204:
            raise SystemExit(f"Docker tokens were not activated: {status} {body.decode()}")

    def _create_repository(self) -> None:
        wanted = {
            "name": self.repository,
            "online": True,
            "storage": {
                "blobStoreName": "default",
                "strictContentTypeValidation": True,
                "writePolicy": "ALLOW",
            },
            "docker": {"v1Enabled": False, "forceBasicAuth": False, "httpPort": self.port},
        }
        status, body = request(
            self.main_port,
            "POST",
            "/service/rest/v1/repositories/docker/hosted",
            json.dumps(wanted).encode(),
            {**_BASIC, "Content-Type": "application/json"},
        )
        if status != 201:
            raise SystemExit(f"The repository was not created: {status} {body.decode()}")

    def token(self, scope: str) -> str:
        if self._client is None:
            self._client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        query = urlencode({"service": "any", "scope": scope})
        self._client.request("GET", f"/v2/token?{query}", headers=_BASIC)
        response = self._client.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"No token: {response.status} {body.decode()}")
        return str(json.loads(body)["token"])

    def stop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        super().stop()


class DockerRegistry(Server):
    """Distribution's registry as Debian ships it: no sign-in, errors only in the log."""

    name = "docker-registry"

    def command(self) -> list[str]:
        configuration = self.folder / "config.yml"
        configuration.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: true}}\n"
            "storage:\n"
            f"  filesystem: {{rootdirectory: {self.folder / 'data'}}}\n"
            "  cache: {blobdescriptor: inmemory}\n"
            "  delete: {enabled: true}\n"
            f"http: {{addr: '127.0.0.1:{self.port}'}}\n"
        )
        return ["docker-registry", "serve", str(configuration)]


class Nginx(Server):
    """nginx with sendfile, for static files below `files`."""

    name = "nginx"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = self.folder / "files"
        self.files.mkdir(exist_ok=True)
        (self.files / "index.html").write_text("hello\n")

    def command(self) -> list[str]:
        configuration = self.folder / "nginx.conf"
        user = "user root;\n" if os.geteuid() == 0 else ""
        temporary = "".join(
            f"{kind}_temp_path {self.folder / 'temporary'};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration.write_text(
            f"{user}daemon off;\nworker_processes 2;\npid {self.folder / 'pid'};\n"
            f"error_log {self.folder / 'error.log'} error;\n"
            "events { worker_connections 1024; }\n"
            "http {\n"
            "access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
            f"{temporary}"
            f"server {{ listen 127.0.0.1:{self.port}; root {self.files}; }}\n"
            "}\n"
        )
        return [find_program("nginx") or "nginx", "-p", str(self.folder), "-c", str(configuration)]

    def first_path(self) -> str:
        return "/"


class BareApplication(Server):
    """A WSGI application that does nothing, under the same server and worker as nexuslite."""

    name = "bare WSGI"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.bare", str(self.folder), str(self.port)]

    def first_path(self) -> str:
        return "/"


def find_program(name: str) -> str | None:
    """Where a program is, also where only root's path looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def request(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request(method, path, body, dict(headers))
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()
