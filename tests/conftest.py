"""What holds for every test."""

from collections.abc import Iterator

import pytest

from accounts import attempts
from accounts.audit import gathering
from repositories import touches


@pytest.fixture(autouse=True, scope="session")
def _batches_wait() -> None:
    """Keeps the writers of batches out of tests that have no database."""
    touches.FLUSH_SECONDS = 24 * 3600.0
    gathering.WINDOW_SECONDS = 24 * 3600.0


@pytest.fixture(autouse=True)
def _nothing_gathered() -> Iterator[None]:
    """No test writes what another has gathered."""
    yield
    gathering.forget()


@pytest.fixture(autouse=True)
def _nobody_has_tried_to_sign_in() -> None:
    """Keeps the wrong passwords of one test from slowing down the next."""
    attempts.forget()
