"""The storages under test."""

import pytest

from repositories.blobs import BlobStorage
from repositories.blobs.file import FileStorage


@pytest.fixture
def file_storage(tmp_path) -> FileStorage:
    storage = FileStorage(tmp_path / "blobs")
    storage.create()
    return storage


@pytest.fixture(params=["file"])
def storage(request) -> BlobStorage:
    """Every backend in turn, empty."""
    return request.getfixturevalue(f"{request.param}_storage")
