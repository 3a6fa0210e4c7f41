"""Rows of proxy repositories, for what needs the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nexuslite import stamps
from repositories import records
from repositories.models import BlobStore, ProxySettings, Repository
from repositories.records import RepositoryRecord
from repositories.remote import noted_limits
from repositories.remote.registry import open_registry

ProxyOf = Callable[..., RepositoryRecord]


@pytest.fixture
def proxy_of(transactional_db, settings, tmp_path) -> Iterator[ProxyOf]:
    """Makes, or changes, the one proxy repository; gives its record as of now."""
    settings.NEXUSLITE_DATA_DIR = tmp_path
    settings.NEXUSLITE_RUN_DIR = tmp_path / "run"
    settings.NEXUSLITE_RUN_DIR.mkdir()
    stamps.begin()
    noted_limits._written.clear()

    def make(url: str, *, online: bool = True, **columns: Any) -> RepositoryRecord:
        with stamps.change(stamps.CONFIGURATION):
            store, _ = BlobStore.objects.get_or_create(name="default", type="File")
            row, _ = Repository.objects.update_or_create(
                name="hub", type="proxy", defaults={"blob_store": store, "online": online}
            )
            defaults = {"remote_url": url, "timeout": 2, "retries": 0, **columns}
            ProxySettings.objects.update_or_create(repository=row, defaults=defaults)
        return records.snapshot().by_name["hub"]

    yield make
    open_registry.cache_clear()
