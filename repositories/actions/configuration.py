"""How the configuration of repositories and blob stores is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError

from accounts import decisions
from accounts.principals import Principal
from nexuslite import stamps
from repositories.connectors import publish_wanted_connectors
from repositories.models import BlobStore

T = TypeVar("T")


def require(actor: Principal, permission: str) -> None:
    """Raises `NotPermitted` when the actor does not hold the permission."""
    decisions.require(actor, permission)


def change_configuration(change: Callable[[], T], *slots: int) -> T:
    """Runs a change of rows in one transaction and lets every worker and the server know.

    `slots` are stamps that the change raises beside the configuration's. The change checks what
    depends on other rows inside of it, and may run twice.
    """
    try:
        result = _in_transaction(change, *slots)
    except IntegrityError:
        # Another node was faster. The second look sees its rows and says what is wrong.
        result = _in_transaction(change, *slots)
    publish_wanted_connectors()
    return result


def _in_transaction(change: Callable[[], T], *slots: int) -> T:
    with stamps.change(stamps.CONFIGURATION, *slots):
        _wait_for_other_changes()
        return change()


def _wait_for_other_changes() -> None:
    """Makes changes of several nodes follow each other; SQLite's writers do so anyway.

    The rows are locked so that pushes, which refer to them, are not held up.
    """
    list(BlobStore.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
