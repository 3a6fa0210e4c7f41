"""A bucket in memory that insists on the limits of object storage."""

import hashlib
import io
import itertools
import threading
from datetime import UTC, datetime

from repositories.blobs import ObjectMissing, StagingLost, StoredObject
from repositories.blobs.objects import Bucket, FoundUpload, Part


class MemoryBucket(Bucket):
    """Whole objects and multipart uploads; keys are written once, small parts come last."""

    def __init__(self, minimum_part_size: int = 5 << 20, part_size: int = 8 << 20) -> None:
        self.minimum_part_size = minimum_part_size
        self.part_size = part_size
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.uploads: dict[str, tuple[str, datetime, dict[int, bytes]]] = {}
        self._numbers = itertools.count(1)
        self._completing = threading.Lock()

    def create(self):
        pass

    def check(self):
        pass

    def put(self, key, content):
        assert isinstance(content, bytes)
        assert key not in self.objects, "keys are never written twice"
        self.objects[key] = (content, datetime.now(UTC))

    def get(self, key, offset=0):
        return io.BufferedReader(io.BytesIO(self._object(key)[0][offset:]))

    def size(self, key):
        return len(self._object(key)[0])

    def delete(self, key):
        self.objects.pop(key, None)

    def list(self, prefix, after):
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after:
                content, modified = self.objects[key]
                yield StoredObject(key, len(content), modified)

    def start_upload(self, key):
        upload_id = f"upload-{next(self._numbers)}"
        self.uploads[upload_id] = (key, datetime.now(UTC), {})
        return upload_id

    def put_part(self, key, upload_id, number, content):
        assert 1 <= number <= 10_000
        self._parts(key, upload_id)[number] = content
        return _part(content)

    def list_parts(self, key, upload_id):
        parts = self._parts(key, upload_id)
        numbers = itertools.takewhile(lambda number: number in parts, itertools.count(1))
        return [_part(parts[number]) for number in numbers]

    def complete_upload(self, key, upload_id, parts):
        with self._completing:
            self._complete(key, upload_id, parts)

    def _complete(self, key, upload_id, parts):
        held = self._parts(key, upload_id)
        contents = [held.get(number) for number in range(1, len(parts) + 1)]
        if [content and _part(content) for content in contents] != parts:
            raise StagingLost("InvalidPart")
        assert all(part.size >= self.minimum_part_size for part in parts[:-1]), "EntityTooSmall"
        self.put(key, b"".join(contents))
        del self.uploads[upload_id]

    def abort_upload(self, key, upload_id):
        self.uploads.pop(upload_id, None)

    def list_uploads(self, prefix):
        for upload_id, (key, started, _) in list(self.uploads.items()):
            if key.startswith(prefix):
                yield FoundUpload(key, upload_id, started)

    def download_address(self, key, expires_seconds, content_type):
        return None

    def _object(self, key):
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    def _parts(self, key, upload_id):
        if upload_id not in self.uploads:
            raise StagingLost("NoSuchUpload")
        assert self.uploads[upload_id][0] == key
        return self.uploads[upload_id][2]


def _part(content: bytes) -> Part:
    return Part(hashlib.md5(content).hexdigest(), len(content))
