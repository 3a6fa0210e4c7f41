"""The audit tells of guessing: what was refused, and what was not even looked at."""

from __future__ import annotations

from accounts import audit
from accounts.models import AuditEvent
from tests.support.registry import basic


def test_refused_and_blocked_guesses_are_one_row_each(images):
    # fault 30
    for number in range(40):
        images.as_(basic("admin", f"guess {number}")).get("")
    audit.flush()
    rows = AuditEvent.objects.order_by("id").values_list(
        "type", "context", "initiator", "address", "count"
    )
    assert list(rows) == [
        ("refused", "admin", "anonymous", "127.0.0.1", 10),
        ("blocked", "admin", "anonymous", "127.0.0.1", 30),
    ]


def test_a_flood_of_forged_tokens_is_told_without_them(images):
    # fault 30
    for number in range(700):
        images.as_(f"Bearer forged-{number}").get("")
    audit.flush()
    rows = {row.type: row for row in AuditEvent.objects.all()}
    assert set(rows) == {"refused", "blocked"}
    assert sum(row.count for row in rows.values()) == 700
    assert "forged-" not in "".join(str(vars(row)) for row in rows.values())
