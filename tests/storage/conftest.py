"""The storages under test."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from repositories.blobs import BlobStorage, open_store
from repositories.blobs.file import FileStorage
from repositories.blobs.objects import ObjectStorage

from .memory import MemoryBucket
from .seaweed import S3Server, running_s3_server


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


@pytest.fixture(scope="session")
def s3_configuration(s3_server) -> dict:
    return s3_server.configuration("shared", "store/blobs")


@pytest.fixture(scope="session")
def shared_s3_storage(s3_configuration) -> BlobStorage:
    """Return the store that all tests use, since connecting takes half a second each time."""
    storage = open_store("S3", s3_configuration, relative_to=Path())
    storage.create()
    return storage


@pytest.fixture
def s3_storage(shared_s3_storage) -> BlobStorage:
    for item in shared_s3_storage.list():
        shared_s3_storage.delete(item.storage_key)
    for piece in shared_s3_storage.list_stagings():
        shared_s3_storage.discard(piece.staging)
    return shared_s3_storage


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(params=["file", "memory", "s3"])
def storage(request) -> BlobStorage:
    """Every backend in turn, empty."""
    return request.getfixturevalue(f"{request.param}_storage")
