"""What holds for every test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from accounts import attempts
from accounts.audit import gathering
from repositories import touches
from tests.support.postgres import (
    create_tables,
    default_database,
    empty_all_tables,
    running_postgres,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that say `ON_BOTH_DATABASES = True` run on PostgreSQL too, with the slow tests."""
    if getattr(metafunc.module, "ON_BOTH_DATABASES", False):
        second = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("database", ["sqlite", second], indirect=True)


@pytest.fixture(scope="session")
def postgresql_by_default(
    django_db_blocker,
) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Makes a PostgreSQL database of empty tables the default one while a block lasts."""
    with running_postgres() as server:
        with django_db_blocker.unblock():
            name = create_tables(server)

        @contextmanager
        def default() -> Iterator[None]:
            with django_db_blocker.unblock(), default_database(server, name):
                yield
                empty_all_tables()

        yield default


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
