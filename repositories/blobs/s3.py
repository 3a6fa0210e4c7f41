"""Blobs in Amazon S3, or in what speaks its language.

Importing this module imports boto3: ``open_store`` does so only for a store of this type.
"""

import builtins
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any, BinaryIO, Final, cast

from boto3.resources.base import ServiceResource
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from repositories.blobs.contract import StoredObject
from repositories.blobs.errors import (
    ObjectMissing,
    StagingLost,
    StorageFull,
    StorageUnavailable,
)
from repositories.blobs.objects import Bucket, FoundUpload, ObjectStorage, Part
from repositories.blobs.s3_configuration import S3Configuration

MINIMUM_PART_SIZE: Final = 5 << 20
"""Bytes (Amazon S3 user guide, "Multipart upload limits")."""
PART_SIZE: Final = 8 << 20
CONNECT_TIMEOUT_SECONDS: Final = 10
READ_TIMEOUT_SECONDS: Final = 60
ATTEMPTS: Final = 4
DEFAULT_CONNECTIONS: Final = 64
"""Connections kept open to the bucket by a process; botocore's own 10 make threads wait."""

_NO_SUCH_KEY: Final = frozenset({"NoSuchKey", "404"})
_LOST: Final = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder"})
_FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity"})
_NOT_THERE: Final = frozenset({"NoSuchBucket", "404"})


def open_s3(configuration: Mapping[str, Any]) -> ObjectStorage:
    """Return the storage for a configuration as Nexus's REST has it. Raises InvalidConfiguration.

    Touches no network.
    """
    return ObjectStorage(S3Bucket(S3Configuration.parse(configuration)))


class _SharedS3Storage(S3Storage):  # type: ignore[misc]
    """django-storages' storage with one connection for all threads.

    It keeps one for each thread by itself: megabytes times hundreds of threads. Clients may be
    shared, resources may be as long as each thread makes its own Object, which they do.
    """

    _making = Lock()

    @cached_property
    def connection(self) -> ServiceResource:
        with self._making:
            return super().connection


class S3Bucket(Bucket):
    """A bucket, or the part of it under a prefix."""

    minimum_part_size = MINIMUM_PART_SIZE
    part_size = PART_SIZE

    def __init__(self, configuration: S3Configuration) -> None:
        self._configuration = configuration
        self._name = configuration.bucket
        self._storage = _SharedS3Storage(
            bucket_name=configuration.bucket,
            location=configuration.prefix,
            region_name=configuration.region,
            endpoint_url=configuration.endpoint,
            access_key=configuration.access_key,
            secret_key=configuration.secret_key,
            security_token=configuration.session_token,
            object_parameters=configuration.encryption_parameters(),
            client_config=_client_config(configuration),
            # What an environment meant for something else may set.
            session_profile=None,
            custom_domain=None,
            querystring_auth=True,
            gzip=False,
        )

    def create(self) -> None:
        with _translated():
            try:
                self._client.head_bucket(Bucket=self._name)
            except ClientError as error:
                if _code(error) not in _NOT_THERE:
                    raise
                self._client.create_bucket(Bucket=self._name, **self._location())

    def check(self) -> None:
        try:
            with _translated():
                self._client.head_bucket(Bucket=self._name)
        except ObjectMissing:
            raise StorageUnavailable(f"bucket {self._name} does not exist") from None

    def put(self, key: str, content: bytes) -> None:
        with _translated():
            self._client.put_object(**self._at(key), Body=content, **self._write_parameters(key))

    def get(self, key: str, offset: int = 0) -> BinaryIO:
        wanted = {"Range": f"bytes={offset}-"} if offset else {}
        with _translated():
            try:
                answer = self._client.get_object(**self._at(key), **wanted)
            except ClientError as error:
                if _code(error) != "InvalidRange":
                    raise
                return io.BytesIO()
        return cast("BinaryIO", _Reader(answer["Body"]))

    def size(self, key: str) -> int:
        with _translated():
            return cast("int", self._storage.size(key))

    def delete(self, key: str) -> None:
        with _translated():
            self._storage.delete(key)

    def list(self, prefix: str, after: str) -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name,
            Prefix=self._full(prefix),
            StartAfter=self._full(after) if after else "",
        )
        for item in _pages(pages, "Contents"):
            key = self._relative(item["Key"])
            yield StoredObject(key, item["Size"], item["LastModified"])

    def start_upload(self, key: str) -> str:
        with _translated():
            answer = self._client.create_multipart_upload(
                **self._at(key), **self._write_parameters(key)
            )
        return cast("str", answer["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        with _translated():
            answer = self._client.upload_part(
                **self._at(key), UploadId=upload_id, PartNumber=number, Body=content
            )
        return Part(answer["ETag"], len(content))

    def list_parts(self, key: str, upload_id: str) -> builtins.list[Part]:
        pages = self._client.get_paginator("list_parts").paginate(
            **self._at(key), UploadId=upload_id
        )
        parts: list[Part] = []
        for item in _pages(pages, "Parts"):
            if item["PartNumber"] != len(parts) + 1:
                break
            parts.append(Part(item["ETag"], item["Size"]))
        return parts

    def complete_upload(self, key: str, upload_id: str, parts: builtins.list[Part]) -> None:
        numbered = [
            {"PartNumber": number, "ETag": part.tag} for number, part in enumerate(parts, 1)
        ]
        with _translated():
            self._client.complete_multipart_upload(
                **self._at(key), UploadId=upload_id, MultipartUpload={"Parts": numbered}
            )

    def abort_upload(self, key: str, upload_id: str) -> None:
        with _translated():
            try:
                self._client.abort_multipart_upload(**self._at(key), UploadId=upload_id)
            except ClientError as error:
                if _code(error) != "NoSuchUpload":
                    raise

    def list_uploads(self, prefix: str) -> Iterator[FoundUpload]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._name, Prefix=self._full(prefix)
        )
        for item in _pages(pages, "Uploads"):
            yield FoundUpload(self._relative(item["Key"]), item["UploadId"], item["Initiated"])

    def download_address(
        self, key: str, expires_seconds: int, content_type: str | None
    ) -> str | None:
        if not self._configuration.signed_addresses:
            return None
        parameters = {} if content_type is None else {"ResponseContentType": content_type}
        with _translated():
            return cast("str", self._storage.url(key, parameters, expires_seconds))

    @property
    def _client(self) -> Any:
        client: BaseClient = self._storage.connection.meta.client
        return client

    def _full(self, key: str) -> str:
        prefix = self._configuration.prefix
        return f"{prefix}/{key}" if prefix else key

    def _relative(self, full_key: str) -> str:
        prefix = self._configuration.prefix
        return full_key.removeprefix(f"{prefix}/") if prefix else full_key

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._name, "Key": self._full(key)}

    def _write_parameters(self, key: str) -> dict[str, str]:
        return cast("dict[str, str]", self._storage.get_object_parameters(key))

    def _location(self) -> dict[str, Any]:
        # us-east-1 is the one region that may not be named (S3 API, CreateBucket).
        region = self._configuration.region
        if region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": region}}


class _Reader(io.RawIOBase):
    """The body of a GET, with the contract's errors."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _translated():
            return cast("int", self._body.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()


def _client_config(configuration: S3Configuration) -> Config:
    # Servers that are not Amazon's often refuse the checksums that boto3 adds by itself.
    checksums = "when_required" if configuration.endpoint else "when_supported"
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if configuration.path_style else "auto"},
        max_pool_connections=configuration.connections or DEFAULT_CONNECTIONS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
    )


def _pages(pages: Iterator[Mapping[str, Any]], field: str) -> Iterator[Mapping[str, Any]]:
    """Yield the items of all pages."""
    with _translated():
        for page in pages:
            yield from page.get(field, ())


def _code(error: ClientError) -> str:
    return cast("str", error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what boto3 and django-storages raise into the contract's errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissing(str(error)) from error
    except ClientError as error:
        code = _code(error)
        if code in _NO_SUCH_KEY:
            raise ObjectMissing(str(error)) from error
        if code in _LOST:
            raise StagingLost(str(error)) from error
        if code in _FULL:
            raise StorageFull(str(error)) from error
        raise StorageUnavailable(str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(str(error)) from error
