"""The storages under test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from repositories.blobs import BlobStorage, open_store
from repositories.blobs.file import FileStorage
from repositories.blobs.objects import ObjectStorage

from .memory import MemoryBucket
from .seaweed import S3Server, running_s3_server

_bucket_numbers = itertools.count()


@pytest.fixture
def file_storage(tmp_path) -> FileStorage:
    storage = FileStorage(tmp_path / "blobs")
    storage.create()
    return storage


@pytest.fixture
def memory_storage() -> ObjectStorage:
    return ObjectStorage(MemoryBucket())


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory) -> Iterator[S3Server]:
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_configuration(s3_server) -> dict:
    """Return the configuration of a store whose bucket does not exist yet."""
    return s3_server.configuration(f"bucket-{next(_bucket_numbers)}")


@pytest.fixture
def s3_storage(s3_configuration) -> BlobStorage:
    storage = open_store("S3", s3_configuration, relative_to=Path())
    storage.create()
    return storage


@pytest.fixture(params=["file", "memory", "s3"])
def storage(request) -> BlobStorage:
    """Every backend in turn, empty."""
    return request.getfixturevalue(f"{request.param}_storage")
