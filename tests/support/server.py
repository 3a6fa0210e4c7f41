"""A server process for tests: real sockets, a tiny WSGI application, no Django.

As a program (``python -m tests.support.server '<options as JSON>'``) it is that server.
"""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuslite.server import ServerOptions, StartError, connectors, run
from nexuslite.server.connectors import ConnectorState, WantedConnector
from nexuslite.server.errors import BodyError
from nexuslite.server.files import BrokenOffError, FileSlice, GrowingSlice
from nexuslite.server.options import MinimumRate

PROJECT = Path(__file__).resolve().parents[2]


# ---- in the server process


class TinyApplication:
    """Routes: see the methods. ``folder`` holds the files that /file/<name> serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        name, _, argument = environ["PATH_INFO"].strip("/").partition("/")
        route = getattr(self, f"do_{name or 'hello'}", None)
        if route is None:
            return self.answer(start_response, "404 Not Found", b"not found")
        return route(environ, start_response, argument)

    def answer(self, start_response: Any, status: str, body: bytes, *headers: Any) -> list[bytes]:
        fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers]
        start_response(status, fields)
        return [body]

    def do_hello(self, environ: Any, start_response: Any, argument: str) -> Any:
        return self.answer(start_response, "200 OK", b"hello")

    def do_pid(self, environ: Any, start_response: Any, argument: str) -> Any:
        return self.answer(start_response, "200 OK", str(os.getpid()).encode())

    def do_environ(self, environ: Any, start_response: Any, argument: str) -> Any:
        plain = {key: value for key, value in environ.items() if isinstance(value, (str, bool))}
        return self.answer(start_response, "200 OK", json.dumps(plain).encode())

    def do_sleep(self, environ: Any, start_response: Any, argument: str) -> Any:
        time.sleep(float(argument))
        return self.answer(start_response, "200 OK", str(os.getpid()).encode())

    def do_sum(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Read the body with readinto; answer its size and SHA-256."""
        body, size, digest = environ["wsgi.input"], 0, hashlib.sha256()
        buffer = memoryview(bytearray(int(argument or 1 << 20)))
        try:
            while count := body.readinto(buffer):
                digest.update(buffer[:count])
                size += count
        except BodyError as error:
            if environ["QUERY_STRING"] != "catch":
                raise
            return self.answer(start_response, "418 Caught", type(error).__name__.encode())
        return self.answer(start_response, "200 OK", f"{size} {digest.hexdigest()}".encode())

    def do_read(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Answer the body as ``read`` gives it, in pieces of the given size."""
        pieces = iter(lambda: environ["wsgi.input"].read(int(argument or -1)), b"")
        return self.answer(start_response, "200 OK", b"|".join(pieces))

    def do_lines(self, environ: Any, start_response: Any, argument: str) -> Any:
        return self.answer(start_response, "200 OK", b"|".join(environ["wsgi.input"]))

    def do_refuse(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Read so many bytes of the body and refuse the rest."""
        if argument:
            environ["wsgi.input"].read(int(argument))
        return self.answer(start_response, "403 Forbidden", b"denied: not here")

    def do_file(self, environ: Any, start_response: Any, argument: str) -> Any:
        file = (self.folder / argument).open("rb")
        size = os.fstat(file.fileno()).st_size
        offset, length = 0, size
        if environ["QUERY_STRING"]:
            offset, length = map(int, environ["QUERY_STRING"].split("-"))
        start_response("200 OK", [("Content-Length", str(length))])
        return FileSlice(file, offset, length)

    def do_growing(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Serve a file while it grows to the size in the query; a mark beside it may break it."""
        size = int(environ["QUERY_STRING"])
        path = self.folder / argument
        file = path.open("rb")

        def sendable() -> int:
            if path.with_suffix(".broken").exists():
                raise BrokenOffError("it will grow no more")
            if path.with_suffix(".failing").exists():
                raise RuntimeError("the application fails")
            return os.fstat(file.fileno()).st_size

        def closed() -> None:
            with path.with_suffix(".closed").open("a") as mark:
                mark.write("closed\n")

        start_response("200 OK", [("Content-Length", str(size))])
        return GrowingSlice(file, 0, size, sendable, closed)

    def do_wrapped(self, environ: Any, start_response: Any, argument: str) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"]((self.folder / argument).open("rb"))

    def do_stream(self, environ: Any, start_response: Any, argument: str) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"piece " for _ in range(int(argument)))

    def do_flood(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Stream so many MiB out of memory, holding a thread."""
        start_response("200 OK", [("Content-Length", str(int(argument) << 20))])
        return (bytes(1 << 18) for _ in range(int(argument) * 4))

    def do_short(self, environ: Any, start_response: Any, argument: str) -> Any:
        start_response("200 OK", [("Content-Length", "100")])
        return [b"only this"]

    def do_empty(self, environ: Any, start_response: Any, argument: str) -> Any:
        start_response("204 No Content", [])
        return []

    def do_fail(self, environ: Any, start_response: Any, argument: str) -> Any:
        if argument:
            start_response("200 OK", [("Content-Type", "text/plain")])(argument.encode())
        raise RuntimeError("the application fails")

    def do_split(self, environ: Any, start_response: Any, argument: str) -> Any:
        """Try to smuggle a header into the answer."""
        start_response("200 OK", [("X-Evil", "a\r\nSet-Cookie: b")])
        return []


def main() -> None:
    """Run the server that the JSON argument describes."""
    wanted = json.loads(sys.argv[1])
    data = Path(wanted["options"]["data_folder"])
    options = wanted["options"]
    options["data_folder"] = data
    for name in ("certificate", "private_key"):
        if name in options:
            options[name] = Path(options[name])
    options["minimum_rate"] = MinimumRate(*options.get("minimum_rate", (4096, 60.0)))
    for name in ("trusted_proxies", "certificate_names"):
        options[name] = tuple(options.get(name, ()))
    background = None
    if wanted["background"]:
        background = lambda: _background(data, wanted["background"])  # noqa: E731

    def post_fork() -> None:
        with (data / "forks").open("a") as file:
            file.write(f"{os.getpid()}\n")

    try:
        run(ServerOptions(**options), lambda: TinyApplication(data), background, post_fork)
    except StartError as error:
        sys.exit(str(error))


def _background(data: Path, kind: str) -> None:
    with (data / "background").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if kind == "crash":
        os.abort()
    try:
        while True:
            time.sleep(60)
    finally:
        (data / "background-ended").write_text("orderly")


# ---- in the test


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], seconds: float = 10.0, what: str = "") -> Any:
    """Wait until ``condition`` gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.01)


@dataclass
class Answer:
    """A response with its body."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class RunningServer:
    """A server process and ways to talk to it."""

    def __init__(self, data: Path, background: str = "", **options: Any) -> None:
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        options = {"host": "127.0.0.1", "port": 0, "data_folder": str(data), **options}
        argument = json.dumps({"options": options, "background": background})
        self.log_path = data / "log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.server", argument],
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )

    @property
    def run_folder(self) -> Path:
        """Where the connector files are."""
        return self.data / "run"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_path.read_text(errors="replace")

    @property
    def port(self) -> int:
        """Port of the web interface."""
        return int((self.run_folder / "port").read_text())

    def wait_until_ready(self) -> "RunningServer":
        """Wait for the first answer."""

        def answers() -> bool:
            assert self.process.poll() is None, self.log
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                return self.get("/").status == 200
            return False

        wait_for(answers, 20.0, "first answer")
        return self

    def want(self, *wanted: WantedConnector) -> None:
        """Ask for connectors."""
        connectors.write_wanted(self.run_folder, wanted)

    def wait_for_state(
        self, connector: str, state: str = "open", seconds: float = 3.0
    ) -> ConnectorState:
        """Wait until a connector is in ``state``; "gone" is one too."""

        def reached() -> ConnectorState | bool:
            found = connectors.read_states(self.run_folder).get(connector)
            if found is None:
                return state == "gone"
            return found.state == state and found

        return wait_for(reached, seconds, f"connector {connector} {state}")

    def open(self, connector: str, tls: bool = False, port: int = 0) -> int:
        """Open one connector besides those that are wanted already; return its port."""
        port = port or free_port()
        others = connectors.read_wanted(self.run_folder)
        self.want(*others, WantedConnector(connector, "127.0.0.1", port, tls))
        self.wait_for_state(connector)
        return port

    def close_connector(self, connector: str) -> None:
        """Close a connector."""
        others = connectors.read_wanted(self.run_folder)
        self.want(*[each for each in others if each.id != connector])
        self.wait_for_state(connector, "gone")

    def connect(self, port: int = 0, tls: bool = False, timeout: float = 20.0) -> socket.socket:
        """Open a connection."""
        sock = socket.create_connection(("127.0.0.1", port or self.port), timeout)
        if not tls:
            return sock
        return self.tls_context().wrap_socket(sock, server_hostname="localhost")

    def tls_context(self) -> ssl.SSLContext:
        """Return a context that trusts the server's self-signed certificate."""
        return ssl.create_default_context(cafile=self.data / "tls" / "certificate.pem")

    def get(self, path: str, port: int = 0, tls: bool = False, timeout: float = 20.0) -> Answer:
        """GET on a connection of its own."""
        return self.request("GET", path, port=port, tls=tls, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        port: int = 0,
        tls: bool = False,
        timeout: float = 20.0,
    ) -> Answer:
        """Make a request on a connection of its own."""
        client = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout)
        client.sock = self.connect(port, tls, timeout)
        try:
            client.request(method, path, body, headers or {})
            return read_answer(client)
        finally:
            client.close()

    def workers(self) -> list[int]:
        """Return the process numbers of the workers once there are two."""

        def two_workers() -> list[int] | bool:
            found = set(children(self.process.pid)) - set(self.background_pids())
            return len(found) == 2 and all(map(is_alive, found)) and sorted(found)

        return list(wait_for(two_workers, what="two workers"))

    def background_pids(self) -> list[int]:
        """Return the process numbers of all background processes there have been."""
        path = self.data / "background"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def answering_pids(self, port: int = 0) -> set[int]:
        """Return the workers that answer a burst of connections."""
        clients = [self.connect(port) for _ in range(8)]
        for client in clients:
            client.sendall(b"GET /pid HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [read_all(client) for client in clients]
        for client in clients:
            client.close()
        return {int(answer.partition(b"\r\n\r\n")[2]) for answer in answers}

    def signal(self, number: int) -> None:
        """Send a signal to the arbiter."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """Stop and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def memory(self) -> int:
        """Return the proportional set size of all its processes in bytes."""
        return sum(pss(pid) for pid in [self.process.pid, *children(self.process.pid)])


def read_answer(client: http.client.HTTPConnection) -> Answer:
    """Read an answer of ``http.client``."""
    response = client.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, response.reason, headers, response.read())


def read_all(sock: socket.socket) -> bytes:
    """Read until the server closes."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def is_cut_off(client: socket.socket, seconds: float, pause: float = 0.1) -> bool:
    """Send byte by byte; say whether the server ends the connection within ``seconds``."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            client.sendall(b"x")
            time.sleep(pause)
    except OSError:
        return True
    return False


def children(parent: int) -> list[int]:
    """Return the child processes of ``parent``."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in text.split()]


def is_alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def running_server(data: Path, **options: Any) -> Iterator[RunningServer]:
    """Run a server for as long as the block lasts."""
    server = RunningServer(data, **options)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
