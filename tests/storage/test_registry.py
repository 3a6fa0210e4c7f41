"""From type and configuration to a storage."""

from pathlib import Path

import pytest

from repositories.blobs import InvalidConfiguration, open_store
from repositories.blobs.file import FileStorage


def root(path: str) -> Path:
    storage = open_store("File", {"path": path}, relative_to=Path("/data/blobs"))
    assert isinstance(storage, FileStorage)
    return storage.root


def test_a_relative_path_lies_under_the_data_folder():
    assert root("default") == Path("/data/blobs/default")


def test_an_absolute_path_stays():
    assert root("/mnt/blobs") == Path("/mnt/blobs")


def test_the_same_configuration_gives_the_same_storage():
    first = open_store("File", {"path": "a", "x": 1}, relative_to=Path("/data"))
    assert open_store("File", {"x": 1, "path": "a"}, relative_to=Path("/data")) is first
    assert open_store("File", {"path": "b"}, relative_to=Path("/data")) is not first


@pytest.mark.parametrize("configuration", [{}, {"path": ""}, {"path": 1}, {"path": "a\0b"}])
def test_a_file_store_without_a_path_is_refused(configuration):
    with pytest.raises(InvalidConfiguration, match="path"):
        open_store("File", configuration, relative_to=Path("/data"))


def test_an_unknown_type_is_refused():
    with pytest.raises(InvalidConfiguration, match="Tape"):
        open_store("Tape", {}, relative_to=Path("/data"))
