"""A scripted remote, and proxy repositories of it in the process of the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nexuslite import stamps
from repositories.models import ProxySettings, Repository
from tests.protocol.conftest import *  # noqa: F403
from tests.protocol.conftest import default_store
from tests.protocol.test_query_counts import cost  # noqa: F401
from tests.support.registry import Entrance, InProcess, RegistryClient
from tests.support.remote import Remote, running_remote
from tests.support.server import wait_for

MakeProxy = Callable[..., RegistryClient]


@pytest.fixture(autouse=True)
def _no_work_outlives_its_test(database) -> Iterator[None]:
    """Waits for fetches and questions in the background: their rows belong in this database."""
    yield
    names = ("fetch-", "revalidation", "group-member")
    wait_for(
        lambda: not any(each.name.startswith(names) for each in threading.enumerate()),
        20.0,
        "what goes on in the background has ended",
    )


@pytest.fixture
def remote() -> Iterator[Remote]:
    """The remote that the proxies stand for."""
    with running_remote() as running:
        yield running


@pytest.fixture
def proxy_of(remote) -> MakeProxy:
    """Makes a proxy repository; columns of its settings by name. Gives a client of its port."""
    ports = iter(range(6001, 6100))

    def make(name: str = "proxy", **columns: Any) -> RegistryClient:
        port = next(ports)
        # Blocked by its first failure, the remote could not show that the next try is clean.
        defaults = {"remote_url": remote.url, "retries": 0, "timeout": 5, "auto_block": False}
        values = {**defaults, **columns}
        with stamps.change(stamps.CONFIGURATION):
            row = Repository.objects.create(
                name=name,
                type="proxy",
                http_port=port,
                force_basic_auth=False,
                blob_store=default_store(),
            )
            ProxySettings.objects.create(repository=row, **values)
        return RegistryClient(
            InProcess(), Entrance(port, f"{row.pk}:http", f"registry.test:{port}")
        )

    return make


@pytest.fixture
def proxy(proxy_of) -> RegistryClient:
    """A client of a proxy repository with default settings."""
    return proxy_of()
