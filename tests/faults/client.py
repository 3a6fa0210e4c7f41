"""A small registry client that notes what it was promised, and looks whether it was kept.

Every request goes over a connection of its own, so that requests alternate between workers.
"""

import hashlib
import http.client
import json
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.process import ADMIN, ADMIN_PASSWORD, LOOPBACK, basic_authorization
from tests.support.server import Answer, read_answer

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
LOST = (OSError, http.client.HTTPException)
"""What a request raises when the server dies under it."""


def digest_of(content: bytes) -> str:
    """Return ``sha256:<hex>`` of the content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def random_bytes(size: int, seed: object) -> bytes:
    """Return the same bytes for the same seed."""
    return random.Random(str(seed)).randbytes(size)


@dataclass(frozen=True)
class Image:
    """Two blobs and the manifest that names them."""

    config: bytes = field(repr=False)
    layer: bytes = field(repr=False)

    @classmethod
    def make(cls, seed: object, size: int = 20_000) -> "Image":
        """Return an image that no other seed gives."""
        return cls(json.dumps({"seed": str(seed)}).encode(), random_bytes(size, seed))

    @property
    def manifest(self) -> bytes:
        """The manifest's bytes."""
        config = {"mediaType": CONFIG_TYPE, **_descriptor(self.config)}
        layers = [{"mediaType": LAYER_TYPE, **_descriptor(self.layer)}]
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE}
        return json.dumps({**document, "config": config, "layers": layers}).encode()

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return digest_of(self.manifest)


def _descriptor(content: bytes) -> dict[str, Any]:
    return {"digest": digest_of(content), "size": len(content)}


@dataclass(frozen=True)
class Client:
    """Talks to one image of one repository, as the administrator."""

    port: int
    name: str = "team/app"
    timeout: float = 60.0
    authorization: str = basic_authorization(ADMIN, ADMIN_PASSWORD)

    def image(self, name: str) -> "Client":
        """Return the client of another image."""
        return replace(self, name=name)

    def with_token(self) -> "Client":
        """Return a client that may do everything with this image by a bearer token."""
        scope = f"repository:{self.name}:pull,push,delete"
        answer = self.request("GET", f"/v2/token?scope={scope}")
        assert answer.status == 200, answer
        return replace(self, authorization=f"Bearer {json.loads(answer.body)['token']}")

    def connect(self) -> http.client.HTTPConnection:
        """Return a new connection."""
        return http.client.HTTPConnection(LOOPBACK, self.port, self.timeout)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a request; ``path`` follows the image's name unless it begins with ``/v2``."""
        connection = self.connect()
        chunked = body is not None and not isinstance(body, bytes)
        try:
            connection.request(
                method, self.path(path), body, self.headers(headers), encode_chunked=chunked
            )
            return read_answer(connection)
        finally:
            connection.close()

    def path(self, path: str) -> str:
        """Return the whole path."""
        return path if path.startswith("/v2") else f"/v2/{self.name}/{path}"

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the headers of a request."""
        return {"Authorization": self.authorization, **(more or {})}

    # ---- blobs, by every way there is

    def start_upload(self) -> str:
        """Begin a session and return its path."""
        answer = self.request("POST", "blobs/uploads/")
        assert answer.status == 202, answer
        return answer.headers["location"]

    def finish_upload(self, location: str, digest: str, rest: bytes = b"") -> Answer:
        """Send the closing PUT."""
        return self.request("PUT", f"{location}?digest={digest}", rest)

    def push_monolithic(self, content: bytes) -> Answer:
        """POST, then PUT with everything."""
        return self.finish_upload(self.start_upload(), digest_of(content), content)

    def push_single_post(self, content: bytes) -> Answer:
        """One POST with everything."""
        return self.request("POST", f"blobs/uploads/?digest={digest_of(content)}", content)

    def push_streamed(self, content: bytes) -> Answer:
        """POST, one PATCH of chunked encoding, closing PUT, as docker does."""
        location = self.start_upload()
        middle = len(content) // 2
        answer = self.request("PATCH", location, iter((content[:middle], content[middle:])))
        assert answer.status == 202, answer
        return self.finish_upload(location, digest_of(content))

    def push_chunked(self, content: bytes, chunks: int = 3) -> Answer:
        """POST, several PATCHes with their ranges, closing PUT."""
        location = self.start_upload()
        size = -(-len(content) // chunks)
        for start in range(0, len(content), size):
            answer = self.patch(location, content[start : start + size], start)
            assert answer.status == 202, answer
        return self.finish_upload(location, digest_of(content))

    def patch(self, location: str, content: bytes, start: int) -> Answer:
        """Send one chunk."""
        return self.request(
            "PATCH", location, content, {"Content-Range": f"{start}-{start + len(content) - 1}"}
        )

    def ways_to_push(self) -> list[Any]:
        """Return the methods that push one blob."""
        return [
            self.push_monolithic,
            self.push_single_post,
            self.push_streamed,
            self.push_chunked,
        ]

    # ---- images

    def put_manifest(self, reference: str, manifest: bytes) -> Answer:
        """Store a manifest under a tag or its digest."""
        return self.request(
            "PUT", f"manifests/{reference}", manifest, {"Content-Type": MANIFEST_TYPE}
        )

    def push(self, image: Image, tag: str) -> Answer:
        """Push blobs and manifest; return the answer of the manifest PUT."""
        for content in (image.layer, image.config):
            answer = self.push_monolithic(content)
            assert answer.status == 201, answer
        return self.put_manifest(tag, image.manifest)

    def assert_whole(self, reference: str) -> str:
        """Pull everything of an image, check it and return the manifest's digest."""
        answer = self.request("GET", f"manifests/{reference}")
        assert answer.status == 200, (reference, answer)
        document = json.loads(answer.body)
        for descriptor in (document["config"], *document["layers"]):
            blob = self.request("GET", f"blobs/{descriptor['digest']}")
            assert blob.status == 200, (reference, descriptor, blob)
            assert digest_of(blob.body) == descriptor["digest"]
        return digest_of(answer.body)


@dataclass
class Ledger:
    """What the server promised, over any number of crashes."""

    blobs: dict[tuple[str, str], int] = field(default_factory=dict)
    """Size of each blob that was answered 201, by image name and digest."""
    tags: dict[tuple[str, str], set[str | None]] = field(default_factory=dict)
    """What a tag may point at: one digest, more after a request without answer; None is no tag."""
    attempts: set[tuple[str, str]] = field(default_factory=set)
    """Blobs that were sent and not answered: each has to be whole or absent."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def push_blob(self, client: Client, content: bytes, way: Any = None) -> None:
        """Push a blob; when it was acknowledged it has to stay."""
        key = (client.name, digest_of(content))
        with self._lock:
            self.attempts.add(key)
        answer = (way or client.push_monolithic)(content)
        assert answer.status == 201, answer
        with self._lock:
            self.attempts.discard(key)
            self.blobs[key] = len(content)

    def put_manifest(self, client: Client, tag: str, image: Image) -> None:
        """Point a tag at the image, whose blobs are there."""
        self._attempt(client, tag, image.digest)
        answer = client.put_manifest(tag, image.manifest)
        assert answer.status == 201, answer
        self._settle(client, tag, image.digest)

    def push(self, client: Client, tag: str, image: Image, way: Any = None) -> None:
        """Push a whole image."""
        for content in (image.layer, image.config):
            self.push_blob(client, content, way)
        self.put_manifest(client, tag, image)

    def delete_tag(self, client: Client, tag: str) -> None:
        """Delete a tag that may be there."""
        self._delete(client, tag, tag)

    def delete_manifest(self, client: Client, tag: str, digest: str) -> None:
        """Delete the manifest to which only this tag points, if it is there."""
        self._delete(client, tag, digest)

    def _delete(self, client: Client, tag: str, reference: str) -> None:
        self._attempt(client, tag, None)
        answer = client.request("DELETE", f"manifests/{reference}")
        assert answer.status in {202, 404}, answer
        self._settle(client, tag, None)

    def _attempt(self, client: Client, tag: str, digest: str | None) -> None:
        with self._lock:
            self.tags.setdefault((client.name, tag), {None}).add(digest)

    def _settle(self, client: Client, tag: str, digest: str | None) -> None:
        with self._lock:
            self.tags[client.name, tag] = {digest}

    def verify(self, client: Client) -> None:
        """Look at everything; afterwards each tag has one value."""
        for (name, digest), size in self.blobs.items():
            answer = client.image(name).request("GET", f"blobs/{digest}")
            assert answer.status == 200, (name, digest, answer)
            assert (digest_of(answer.body), len(answer.body)) == (digest, size)
        for name, digest in self.attempts - self.blobs.keys():
            answer = client.image(name).request("GET", f"blobs/{digest}")
            assert answer.status == 404 or digest_of(answer.body) == digest, (name, digest)
        for (name, tag), allowed in self.tags.items():
            image = client.image(name)
            answer = image.request("GET", f"manifests/{tag}")
            assert answer.status in {200, 404}, answer
            found = image.assert_whole(tag) if answer.status == 200 else None
            assert found in allowed, (name, tag, found, allowed)
            self.tags[name, tag] = {found}
