"""What REST opens instead of S3: buckets in memory."""

from __future__ import annotations

from repositories.blobs import StorageUnavailable
from repositories.blobs.objects import ObjectStorage
from repositories.blobs.s3_configuration import S3Configuration
from tests.storage.memory import MemoryBucket


class Buckets:
    """A bucket for each name, made when it is first opened."""

    def __init__(self) -> None:
        self.opened: list[S3Configuration] = []
        self.by_name: dict[str, MemoryBucket] = {}

    def open(self, configuration: dict) -> ObjectStorage:
        """Takes the place of `open_s3`; the bucket `refused` cannot be opened."""
        parsed = S3Configuration.parse(configuration)
        self.opened.append(parsed)
        if parsed.bucket == "refused":
            raise StorageUnavailable("403 Forbidden")
        return ObjectStorage(self.by_name.setdefault(parsed.bucket, MemoryBucket()))
