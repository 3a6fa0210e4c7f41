"""A client of the registry API that checks every answer it gets.

One client for two transports: straight into the WSGI application, and over sockets to a server.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote, unquote_to_bytes

from repositories.protocol.errors import ErrorCode
from repositories.protocol.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.support.manifests import descriptor, image_manifest

UI_PORT = 8081
KNOWN_CODES = frozenset(code.name for code in ErrorCode)
_TOKEN_CHARACTERS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def basic(user_id: str, password: str) -> str:
    """An Authorization header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user_id}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """An Authorization header with a token."""
    return f"Bearer {token}"


ADMIN = basic("admin", "admin-password")
STRANGER = basic("stranger", "stranger-password")
"""A local user who has no right at all."""
ANONYMOUS = None


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """The digest of the content as text."""
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


@dataclass(frozen=True)
class Answer:
    """A response that has passed `check`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """The values of a header that may come several times."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The first error of an error body."""
        first: dict[str, Any] = self.json()["errors"][0]
        return first

    def expect(self, status: int, code: str | None = None) -> Answer:
        """The answer itself if it has the status and the error code."""
        assert self.status == status, f"{self.status}, not {status}: {self.headers} {self.body!r}"
        if code is not None:
            assert self.error["code"] == code, self.body
        return self

    @property
    def location(self) -> str:
        """The Location, which is always relative to the host."""
        location = self.header("Location")
        assert location is not None
        return location

    @property
    def next_page(self) -> str:
        """The target of the Link to the next page."""
        link = self.header("Link") or ""
        found = re.fullmatch(r'<(/[^>]*)>; rel="next"', link)
        assert found, link
        return found[1]


def check(method: str, answer: Answer) -> Answer:
    """Holds an answer to what HTTP and the distribution-spec demand of every one."""
    names = [name.lower() for name, _ in answer.headers]
    for name, value in answer.headers:
        assert _TOKEN_CHARACTERS.fullmatch(name), name
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), (name, value)
        assert value == value.strip(), (name, value)
    single = [name for name in names if name != "oci-tag"]
    assert len(single) == len(set(single)), f"a header twice: {names}"
    assert answer.header("Docker-Distribution-Api-Version") == "registry/2.0"
    _check_body(method, answer)
    if answer.status >= 400:
        _check_error(method, answer)
    else:
        assert "www-authenticate" not in names
    if answer.status in {201, 202} and "location" in names:
        assert answer.location.startswith("/"), answer.location
    return answer


def _check_body(method: str, answer: Answer) -> None:
    length = answer.header("Content-Length")
    if answer.status in {204, 304}:
        assert length is None
        assert answer.body == b""
        return
    assert length is not None
    assert length.isdigit()
    if method == "HEAD":
        assert answer.body == b""
        return
    assert len(answer.body) == int(length)
    digest = answer.header("Docker-Content-Digest")
    if digest is not None and answer.status == 200:
        assert digest == digest_of(answer.body, digest.partition(":")[0])


def _check_error(method: str, answer: Answer) -> None:
    assert answer.status != 500, answer.body
    challenge = answer.header("WWW-Authenticate")
    assert (challenge is not None) == (answer.status == 401)
    if challenge is not None:
        _check_challenge(challenge)
    if answer.status == 405 and method not in {"DELETE"}:
        assert answer.header("Allow")
    assert answer.header("Content-Type") == "application/json"
    if method == "HEAD":
        return
    content = answer.json()
    assert set(content) == {"errors"}
    assert content["errors"]
    for error in content["errors"]:
        assert set(error) == {"code", "message", "detail"}
        assert error["code"] in KNOWN_CODES
        assert isinstance(error["message"], str)
        assert error["message"]


def _check_challenge(value: str) -> None:
    """Exactly one challenge, with quoted parameters."""
    parameter = r'[a-z]+="[^"\\]*"'
    assert re.fullmatch(rf"(BASIC|Bearer) {parameter}(,{parameter})*", value), value
    # The conformance suite takes the last of these words in the whole header for the scheme.
    assert len(re.findall(r"basic|bearer", value, re.IGNORECASE)) == 1, value


Body = bytes | Iterable[bytes]
"""Bytes go with a Content-Length, pieces with chunked coding."""


class PiecesReader(io.RawIOBase):
    """A request body that arrives in pieces, as `wsgi.input`; an exception among them is raised."""

    def __init__(self, pieces: Iterable[bytes | Exception]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            if isinstance(piece, Exception):
                raise piece
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


@dataclass(frozen=True)
class Entrance:
    """Where requests come in: a port, and the Host header that clients send to it."""

    port: int
    connector: str
    host: str
    scheme: str = "http"


class Transport(Protocol):
    """Brings one request to a server."""

    def send(
        self, entrance: Entrance, method: str, target: str, headers: dict[str, str], body: Body
    ) -> Answer: ...


class InProcess:
    """Calls the WSGI application as the server does."""

    def send(
        self, entrance: Entrance, method: str, target: str, headers: dict[str, str], body: Body
    ) -> Answer:
        from nexuslite.wsgi import application

        started: list[tuple[str, list[tuple[str, str]]]] = []
        environ = _environ(entrance, method, target, headers, body)
        parts = application(environ, lambda status, fields: started.append((status, fields)))
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        ((status, fields),) = started
        assert re.fullmatch(r"[1-5]\d\d [ -~]+", status), status
        return Answer(int(status[:3]), tuple(fields), content)


def _environ(
    entrance: Entrance, method: str, target: str, headers: dict[str, str], body: Body
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "0.0.0.0",
        "SERVER_PORT": str(entrance.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": entrance.host,
        "SCRIPT_NAME": "",
        "wsgi.url_scheme": entrance.scheme,
        "nexuslite.connector": entrance.connector,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if isinstance(body, bytes):
        environ["wsgi.input"] = io.BytesIO(body)
        if body or method in {"POST", "PUT", "PATCH"}:
            environ["CONTENT_LENGTH"] = str(len(body))
    else:
        environ["wsgi.input"] = PiecesReader(body)
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    return environ


class OverSockets:
    """Speaks HTTP with a server, a connection for each request."""

    def send(
        self, entrance: Entrance, method: str, target: str, headers: dict[str, str], body: Body
    ) -> Answer:
        connection = _connect(entrance)
        try:
            headers = {"Host": entrance.host, **headers}
            chunked = not isinstance(body, bytes)
            if chunked:
                headers["Transfer-Encoding"] = "chunked"
            connection.request(method, target, body, headers, encode_chunked=chunked)
            response = connection.getresponse()
            content = response.read()
            fields = tuple(
                (name, value)
                for name, value in response.getheaders()
                if name.lower() not in {"date", "server", "connection", "keep-alive"}
            )
            return Answer(response.status, fields, content)
        finally:
            connection.close()


def _connect(entrance: Entrance) -> http.client.HTTPConnection:
    if entrance.scheme == "http":
        return http.client.HTTPConnection("127.0.0.1", entrance.port, timeout=30)
    # Whether clients verify the certificate is tested with clients.
    context = ssl._create_unverified_context()
    return http.client.HTTPSConnection("127.0.0.1", entrance.port, timeout=30, context=context)


@dataclass(frozen=True)
class PushedImage:
    """What `push_image` has pushed."""

    digest: str
    content: bytes
    config: bytes
    layers: tuple[bytes, ...]

    @property
    def descriptor(self) -> dict[str, Any]:
        """Its descriptor, for an index."""
        return descriptor(self.content, OCI_MANIFEST)


@dataclass(frozen=True)
class RegistryClient:
    """Talks to a registry by one way in, as one actor.

    Paths are relative to `prefix`, unless they begin with a slash.
    """

    transport: Transport
    entrance: Entrance
    prefix: str = "/v2/"
    authorization: str | None = ADMIN
    token_path: str = "/v2/token"

    def as_(self, authorization: str | None) -> RegistryClient:
        """The same way in for somebody else."""
        return replace(self, authorization=authorization)

    def with_token(self, *scopes: str) -> RegistryClient:
        """The same way in with a bearer token for the scopes."""
        return self.as_(bearer(self.token(*scopes)))

    def token(self, *scopes: str) -> str:
        """A bearer token for the scopes."""
        query = "&".join(f"scope={quote(scope)}" for scope in scopes)
        answer = self.get(f"{self.token_path}?service=any&{query}").expect(200)
        text: str = answer.json()["token"]
        return text

    def request(
        self, method: str, path: str, body: Body = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Sends a request and checks the answer."""
        target = path if path.startswith("/") else self.prefix + path
        headers = dict(headers or {})
        if self.authorization is not None:
            headers.setdefault("Authorization", self.authorization)
        answer = self.transport.send(self.entrance, method, target, headers, body)
        return check(method, answer)

    def get(self, path: str, **headers: str) -> Answer:
        """GET; headers by their names with underscores."""
        return self.request("GET", path, headers=_header_names(headers))

    def head(self, path: str, **headers: str) -> Answer:
        """HEAD, as `get`."""
        return self.request("HEAD", path, headers=_header_names(headers))

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.request("DELETE", path)

    def post(self, path: str, body: Body = b"", **headers: str) -> Answer:
        """POST."""
        return self.request("POST", path, body, _header_names(headers))

    def patch(self, path: str, body: Body = b"", **headers: str) -> Answer:
        """PATCH."""
        return self.request("PATCH", path, body, _header_names(headers))

    def put(self, path: str, body: Body = b"", **headers: str) -> Answer:
        """PUT."""
        return self.request("PUT", path, body, _header_names(headers))

    def start_upload(self, image: str, query: str = "") -> str:
        """The Location of a new upload session."""
        return self.post(f"{image}/blobs/uploads/{query}").expect(202).location

    def push_blob(self, image: str, content: bytes, algorithm: str = "sha256") -> str:
        """Pushes a blob by POST and PUT; returns its digest."""
        digest = digest_of(content, algorithm)
        location = self.start_upload(image)
        self.put(f"{location}?digest={digest}", content).expect(201)
        return digest

    def put_manifest(
        self, image: str, reference: str, content: Body, media_type: str = OCI_MANIFEST
    ) -> Answer:
        """PUTs a manifest under a reference, to which a query may be added."""
        return self.put(f"{image}/manifests/{reference}", content, Content_Type=media_type)

    def push_image(
        self, image: str, tag: str | None = None, *, seed: str = "", layers: int = 2, **extra: Any
    ) -> PushedImage:
        """Pushes layers, a config and an OCI manifest; equal seeds give equal images."""
        contents = tuple(f"layer {number} {seed}".encode() for number in range(layers))
        config = json.dumps({"architecture": "amd64", "os": "linux", "seed": seed}).encode()
        for content in (*contents, config):
            self.push_blob(image, content)
        manifest = image_manifest(
            descriptor(config, OCI_CONFIG),
            [descriptor(content, OCI_LAYER_GZIP) for content in contents],
            **extra,
        )
        digest = digest_of(manifest)
        self.put_manifest(image, tag or digest, manifest).expect(201)
        return PushedImage(digest, manifest, config, contents)


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def pieces_of(content: bytes, size: int) -> Iterator[bytes]:
    """The content in pieces, to be sent with chunked coding."""
    return (content[start : start + size] for start in range(0, len(content), size))
