"""What a killed fetch leaves behind is gone on with, or swept once it is old."""

from __future__ import annotations

import io
import os
import time

import pytest

from repositories.fetching.fetch_file import FetchFile, folder, path_of
from repositories.fetching.landing import spool
from repositories.lifecycle.sweep import sweep_uploads


@pytest.fixture
def old() -> float:
    """A time longer ago than an upload may be abandoned."""
    return time.time() - 2 * 24 * 3600


def test_old_files_of_fetches_are_swept(old):
    path = path_of("a fetch that was killed")
    FetchFile(path).close()
    sweep_uploads()
    assert path.exists()
    os.utime(path, (old, old))
    assert sweep_uploads().stagings == 1
    assert not path.exists()
    assert list(folder().iterdir()) == []


def test_a_fetch_that_is_led_is_not_swept(old):
    path = path_of("a slow fetch")
    file = FetchFile(path)
    assert file.try_to_lead()
    os.utime(path, (old, old))
    assert sweep_uploads().stagings == 0
    file.end()
    file.close()


def test_old_bytes_in_the_spool_are_swept(old):
    staging = spool().append(spool().stage(), io.BytesIO(b"half of a blob"))
    path = spool().root / "staging" / staging.id
    sweep_uploads()
    assert path.exists()
    os.utime(path, (old, old))
    sweep_uploads()
    assert not path.exists()
