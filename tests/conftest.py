"""What holds for every test."""

import pytest

from repositories import touches


@pytest.fixture(autouse=True, scope="session")
def _touches_wait() -> None:
    """Keeps the batch writer of touches out of tests that have no database."""
    touches.FLUSH_SECONDS = 24 * 3600.0
