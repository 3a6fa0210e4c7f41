"""Stamps: what is remembered under one is worth nothing after a change."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nexuslite import stamps

pytestmark = pytest.mark.django_db(transaction=True)

SLOT = stamps.of_repository(7)


def test_a_fresh_node_gives_every_slot_a_stamp():
    stamps.begin()
    before = stamps.read(stamps.CONFIGURATION, stamps.SECURITY, SLOT)
    assert stamps.CHANGING not in before
    assert len(set(before)) == 3
    stamps.begin()
    assert not set(before) & set(stamps.read(stamps.CONFIGURATION, stamps.SECURITY, SLOT))


def test_a_change_renews_its_slots_and_no_others():
    stamps.begin()
    before = stamps.read(stamps.CONFIGURATION, stamps.SECURITY, SLOT)
    with stamps.change(stamps.SECURITY, SLOT):
        pass
    after = stamps.read(stamps.CONFIGURATION, stamps.SECURITY, SLOT)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, False]
    assert stamps.CHANGING not in after


def test_until_the_commit_the_slot_says_that_it_is_changing():
    stamps.begin()
    with stamps.change(SLOT):
        stamps.changed(SLOT)
        assert stamps.read(SLOT)[0] == stamps.CHANGING
    assert stamps.read(SLOT)[0] != stamps.CHANGING


def test_a_change_that_fails_leaves_the_slot_usable():
    stamps.begin()
    before = stamps.read(SLOT)
    with pytest.raises(ZeroDivisionError), stamps.change(SLOT):
        raise ZeroDivisionError
    assert stamps.read(SLOT) == before
    with pytest.raises(ZeroDivisionError), stamps.change(SLOT):
        _fail_after_marking()
    assert stamps.CHANGING not in stamps.read(SLOT)


def _fail_after_marking() -> None:
    stamps.changed(SLOT)
    raise ZeroDivisionError


def test_another_process_sees_the_change(settings, monkeypatch):
    # Opened anew: an earlier test may have used the page of another folder.
    monkeypatch.setattr(stamps, "_page", None)
    stamps.begin()
    before = stamps.read(SLOT)[0]
    program = (
        "import django; django.setup(); from nexuslite import stamps; "
        f"print(stamps.read({SLOT})[0])"
    )

    def other_process() -> int:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "nexuslite.settings",
            "NEXUSLITE_DATA_DIR": str(settings.NEXUSLITE_RUN_DIR.parent),
        }
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
        return int(done.stdout)

    assert other_process() == before
    with stamps.change(SLOT):
        pass
    assert other_process() == stamps.read(SLOT)[0] != before


def test_repositories_have_slots_of_their_own_as_far_as_they_reach():
    slots = {stamps.of_repository(number) for number in range(stamps.SLOTS - 2)}
    assert len(slots) == stamps.SLOTS - 2
    assert not slots & {stamps.CONFIGURATION, stamps.SECURITY}
    assert all(stamps.of_repository(number) < stamps.SLOTS for number in (0, 10**6, 2**40))


def test_reading_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0), stamps.observed(stamps.SECURITY):
        stamps.read(stamps.CONFIGURATION, SLOT)


def test_the_mark_of_a_killed_writer_is_repaired(monkeypatch):
    monkeypatch.setattr(stamps, "_page", None)
    stamps.begin()
    before = stamps.read(SLOT, SLOT + 1)
    stamps._stamps()[SLOT] = stamps.CHANGING
    assert stamps.repair() == 1
    after = stamps.read(SLOT, SLOT + 1)
    assert after[0] not in {stamps.CHANGING, before[0]}
    assert after[1] == before[1]
    assert stamps.repair() == 0
