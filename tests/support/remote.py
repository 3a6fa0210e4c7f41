"""A remote registry on loopback that does what it is told: also to lie, stall and break off.

A test adds content, looks at the log of requests, and scripts faults::

    with running_remote() as remote:
        image = remote.add_image("team/app", "v1")
        remote.script("/blobs/", Fault(after=1000, then="close"))
        remote.requests("GET", image.layers[0])
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.manifests import descriptor, image_manifest
from tests.support.registry import digest_of

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_PIECE = 64 * 1024
_LONG = 3600.0
_BURST_SECONDS = 0.2


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead of, or in, its right answer.

    `status`, `headers` and `body` replace those of the answer. After `after` bytes of the body
    follows `then`: "close", "stall", "wait" (until `Remote.resume`), or nothing. `alter` changes
    the bytes that are sent and keeps their number; `silent` sends nothing at all. `length` is
    announced instead of the true one, "none" for chunked coding. `times` is how many requests it
    holds for.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: int | None = None
    then: str = "close"
    alter: bool = False
    silent: bool = False
    length: int | str | None = None
    ranges: bool = True
    times: int | None = None


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    at: float


@dataclass(frozen=True)
class RemoteImage:
    """What `Remote.add_image` has added."""

    name: str
    content: bytes
    config: bytes
    layers: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return digest_of(self.content)

    @property
    def layer_digests(self) -> tuple[str, ...]:
        """The layers' digests."""
        return tuple(map(digest_of, self.layers))

    @property
    def blobs(self) -> tuple[bytes, ...]:
        """The layers and the config."""
        return (*self.layers, self.config)

    @property
    def descriptor(self) -> dict[str, Any]:
        """Its descriptor, for an index."""
        return descriptor(self.content, OCI_MANIFEST)


@dataclass
class _Script:
    pattern: re.Pattern[str]
    method: str | None
    fault: Fault
    left: int | None


class Remote:
    """The content of the remote, its log and its script. Used by many threads."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.tags: dict[str, list[str]] = {}
        self.referrers: dict[str, list[dict[str, Any]]] | None = {}
        self.bytes_per_second: float | None = None
        self.sent = 0
        """Bytes of bodies sent so far."""
        self._log: list[Asked] = []
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()
        self._resumed = threading.Event()
        self._ended = threading.Event()
        self._line_free_at = 0.0
        self.port = 0

    @property
    def url(self) -> str:
        """The address to be written into a proxy repository."""
        return f"http://127.0.0.1:{self.port}"

    # ---- content

    def add_blob(self, name: str, content: bytes) -> str:
        """Shows a blob under an image's name; returns its digest."""
        digest = digest_of(content)
        self.blobs[name, digest] = content
        return digest

    def add_manifest(
        self, name: str, content: bytes, tag: str | None = None, media_type: str = OCI_MANIFEST
    ) -> str:
        """Shows a manifest, by its digest and by a tag."""
        digest = digest_of(content)
        self.manifests[name, digest] = (media_type, content)
        if tag is not None:
            self.manifests[name, tag] = (media_type, content)
            tags = self.tags.setdefault(name, [])
            if tag not in tags:
                tags.append(tag)
        return digest

    def add_image(
        self, name: str, tag: str | None = "latest", *, seed: str = "", layers: Any = (b"layer",)
    ) -> RemoteImage:
        """Shows an image whose layers have these contents, told apart by the seed."""
        contents = tuple(layer + seed.encode() for layer in layers)
        config = json.dumps({"architecture": "amd64", "os": "linux", "seed": seed}).encode()
        for content in (*contents, config):
            self.add_blob(name, content)
        manifest = image_manifest(
            descriptor(config, OCI_CONFIG), [descriptor(each, OCI_LAYER) for each in contents]
        )
        self.add_manifest(name, manifest, tag)
        return RemoteImage(name, manifest, config, contents)

    # ---- the script

    def script(self, pattern: str, fault: Fault, method: str | None = None) -> None:
        """Answers requests whose path holds the expression with the fault; the last one wins."""
        with self._lock:
            self._scripts.append(_Script(re.compile(pattern), method, fault, fault.times))

    def behave(self) -> None:
        """Ends all faults."""
        with self._lock:
            self._scripts.clear()
        self._resumed.clear()

    def resume(self) -> None:
        """Lets answers go on that wait."""
        self._resumed.set()

    # ---- the log

    def requests(self, method: str | None = None, part: str = "") -> list[Asked]:
        """The requests so far by method and a part of the path."""
        with self._lock:
            return [
                each
                for each in self._log
                if (method is None or each.method == method) and part in each.path
            ]

    def forget(self) -> None:
        """Empties the log."""
        with self._lock:
            self._log.clear()

    # ---- for the handler

    def note(self, asked: Asked) -> Fault | None:
        """Logs a request; returns the fault that it meets."""
        with self._lock:
            self._log.append(asked)
            for script in reversed(self._scripts):
                fits = script.method in {None, asked.method}
                if fits and script.left != 0 and script.pattern.search(asked.path):
                    if script.left is not None:
                        script.left -= 1
                    return script.fault
        return None

    def pace(self, size: int) -> None:
        """Waits for the line, which all answers share."""
        with self._lock:
            self.sent += size
            if self.bytes_per_second is None:
                return
            # What a late thread has lost may be made up for, within bounds.
            start = max(self._line_free_at, time.monotonic() - _BURST_SECONDS)
            self._line_free_at = start + size / self.bytes_per_second
        time.sleep(max(0.0, self._line_free_at - time.monotonic()))

    def wait(self, *, for_ever: bool) -> None:
        """Waits until `resume`, or until the remote ends."""
        (self._ended if for_ever else self._resumed).wait(_LONG)

    def end(self) -> None:
        """Lets everything that waits go on."""
        self._ended.set()
        self._resumed.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    remote: Remote
    server_version = "scripted"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """The log is the remote's."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, url.path, parse_qs(url.query), headers, time.monotonic())
        fault = self.remote.note(asked)
        try:
            self._answer(asked, fault or Fault(), has_fault=fault is not None)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self, asked: Asked, fault: Fault, *, has_fault: bool) -> None:
        if fault.silent:
            self.remote.wait(for_ever=True)
            self._break_off()
            return
        status, headers, body = self._right_answer(asked)
        if status == 200 and fault.ranges:
            status, headers, body = _ranged(asked, headers, body)
        if has_fault:
            status = fault.status or status
            if fault.body is not None:
                body, headers = fault.body, {"Content-Type": "text/html"}
            elif fault.status and fault.status >= 400:
                body, headers = b'{"errors":[]}', {"Content-Type": "application/json"}
            headers = {**headers, **fault.headers}
        self.send_response(status)
        length: int | str = len(body) if fault.length is None else fault.length
        if length == "none":
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(length)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.alter:
            body = body[:-1] + bytes([body[-1] ^ 1])
        self._send(body, fault, chunked=length == "none")

    def _send(self, body: bytes, fault: Fault, *, chunked: bool) -> None:
        cut = len(body) if fault.after is None else min(fault.after, len(body))
        self._send_pieces(body[:cut], chunked=chunked)
        if fault.after is not None:
            if fault.then == "close":
                self._break_off()
                return
            self.remote.wait(for_ever=fault.then == "stall")
            self._send_pieces(body[cut:], chunked=chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        elif fault.length is not None:
            self._break_off()

    def _send_pieces(self, body: bytes, *, chunked: bool) -> None:
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            self.remote.pace(len(piece))
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _break_off(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _right_answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/v2/":
            return 200, {"Content-Type": "application/json"}, b"{}"
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags|referrers)/([^/]+)", asked.path)
        if found is not None:
            name, kind, target = found.groups()
            answer = getattr(self, f"_{kind}")(name, target)
            if answer is not None:
                return answer
        error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown", "detail": None}]}
        return 404, {"Content-Type": "application/json"}, json.dumps(error).encode()

    def _manifests(self, name: str, target: str) -> Any:
        found = self.remote.manifests.get((name, target))
        if found is None:
            return None
        headers = {"Content-Type": found[0], "Docker-Content-Digest": digest_of(found[1])}
        return 200, headers, found[1]

    def _blobs(self, name: str, target: str) -> Any:
        content = self.remote.blobs.get((name, target))
        if content is None:
            return None
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": target}
        return 200, headers, content

    def _tags(self, name: str, _: str) -> Any:
        tags = self.remote.tags.get(name)
        if tags is None:
            return None
        body = json.dumps({"name": name, "tags": tags}).encode()
        return 200, {"Content-Type": "application/json"}, body

    def _referrers(self, _: str, target: str) -> Any:
        if self.remote.referrers is None:
            return None
        manifests = self.remote.referrers.get(target, [])
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        return 200, {"Content-Type": OCI_INDEX}, json.dumps(document).encode()


def _ranged(
    asked: Asked, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
    if found is None:
        return 200, headers, body
    start = int(found[1])
    stop = min(int(found[2]) + 1, len(body)) if found[2] else len(body)
    if start >= stop:
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    content_range = f"bytes {start}-{stop - 1}/{len(body)}"
    return 206, {**headers, "Content-Range": content_range}, body[start:stop]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none."""


@contextlib.contextmanager
def running_remote(port: int = 0, remote: Remote | None = None) -> Iterator[Remote]:
    """Runs a remote for as long as the block lasts; a port lets one come back where it was."""
    remote = remote or Remote()
    handler: Callable[..., Any] = type("Handler", (_Handler,), {"remote": remote})
    server = _Server(("127.0.0.1", port), handler)  # type: ignore[arg-type]
    remote.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield remote
    finally:
        remote.end()
        server.shutdown()
        server.server_close()
        thread.join(5)
