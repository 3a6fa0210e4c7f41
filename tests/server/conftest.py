"""Servers for the tests of this folder."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import RunningServer, running_server

# Short, so that the tests see them happen.
DEADLINES = {
    "header_timeout": 0.7,
    "keepalive_timeout": 60.0,
    "minimum_rate": (4096, 1.0),
    "queue_timeout": 2.0,
    "linger_timeout": 0.4,
    "graceful_timeout": 10.0,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests of a module."""
    with running_server(tmp_path_factory.mktemp("server"), **DEADLINES) as running:
        yield running


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Start servers of one's own; they stop after the test."""
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> RunningServer:
            data = Path(options.pop("data", tmp_path / "data"))
            return stack.enter_context(running_server(data, **{**DEADLINES, **options}))

        yield start
