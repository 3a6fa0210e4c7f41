"""How users, roles, privileges and settings of security are changed.

An action checks the values, then the permission, and what depends on other rows within the
transaction of the change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError

from accounts import decisions
from accounts.models import SecuritySettings
from accounts.principals import Principal
from nexuslite import stamps

T = TypeVar("T")


def require(actor: Principal, permission: str) -> None:
    """Raises `NotPermitted` when the actor does not hold the permission."""
    decisions.require(actor, permission)


def change_security(change: Callable[[], T]) -> T:
    """Runs a change of rows in one transaction, after which no worker decides by the old ones.

    The change checks what depends on other rows inside of it, and may run twice.
    """
    try:
        return _in_transaction(change)
    except IntegrityError:
        # Another node was faster. The second look sees its rows and says what is wrong.
        return _in_transaction(change)


def _in_transaction(change: Callable[[], T]) -> T:
    with stamps.change(stamps.SECURITY):
        wait_for_other_changes()
        return change()


def wait_for_other_changes() -> None:
    """Makes changes of several nodes follow each other; SQLite's writers do so anyway.

    Two changes side by side could make a cycle of roles that neither of them sees.
    """
    SecuritySettings.objects.select_for_update().get_or_create(pk=SecuritySettings.ROW)
