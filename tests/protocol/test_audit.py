"""Sign-ins and denials: gathered, bounded, and written by nobody's request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts import audit
from accounts.audit import gathering, recording
from accounts.audit.origin import begin_request
from accounts.models import AuditEvent
from accounts.principals import Principal
from nexuslite import stamps
from tests.support.accounts import grant
from tests.support.registry import STRANGER, basic

WRONG = basic("admin", "wrong")


@pytest.fixture
def told() -> Callable[..., list[tuple[object, ...]]]:
    """Writes what was gathered; the columns of the rows of a domain."""

    def read(domain: str, *columns: str) -> list[tuple[object, ...]]:
        audit.flush()
        rows = AuditEvent.objects.filter(domain=domain).order_by("pk")
        return list(rows.values_list("type", "initiator", "count", *columns))

    return read


def _sign_ins(told) -> list[tuple[object, ...]]:
    return told("security.signin", "context")


def _denials(told) -> list[tuple[object, ...]]:
    return [
        (initiator, count, attributes["examples"])
        for _, initiator, count, attributes in told("security.permission", "attributes")
    ]


def test_a_challenge_is_no_event(images, told):
    for path in ("", "team/app/manifests/v1", "_catalog"):
        images.as_(None).get(path).expect(401)
    assert _sign_ins(told) == []
    assert _denials(told) == []


def test_requests_with_a_password_are_counted_in_one_row(images, told):
    for number in range(50):
        images.get(f"team/app/manifests/v{number}").expect(404)
    assert _sign_ins(told) == [("accepted", "admin", 50, "admin")]
    (row,) = AuditEvent.objects.all()
    assert (row.realm, row.credential, row.address) == (
        "NexusAuthenticatingRealm",
        "basic",
        "127.0.0.1",
    )
    assert row.last > row.timestamp
    assert not row.by_stranger


def test_a_token_is_a_sign_in_where_it_is_issued_and_nowhere_else(images, told):
    client = images.with_token("repository:team/app:pull")
    for _ in range(5):
        client.get("team/app/tags/list").expect(404)
    assert _sign_ins(told) == [("accepted", "admin", 1, "admin")]


def test_a_refresh_token_is_a_sign_in_too(images, told):
    answer = images.get("/v2/token?service=x&offline_token=true").expect(200)
    form = f"grant_type=refresh_token&refresh_token={answer.json()['refresh_token']}"
    images.as_(None).post("/v2/token", form.encode()).expect(200)
    images.as_(None).post("/v2/token", form.replace("=ey", "=x")[:80].encode()).expect(401)
    assert _sign_ins(told) == [
        ("accepted", "admin", 1, "admin"),
        ("accepted", "admin", 1, "admin"),
        ("refused", "anonymous", 1, ""),
    ]


def test_a_wrong_password_names_the_claimed_account_and_nobody_as_its_author(images, told):
    images.as_(WRONG).get("").expect(401)
    images.as_(basic("nobody", "wrong")).get("").expect(401)
    assert _sign_ins(told) == [
        ("refused", "anonymous", 1, "admin"),
        ("refused", "anonymous", 1, "nobody"),
    ]
    assert AuditEvent.objects.filter(by_stranger=True, source="").count() == 2


def test_denials_say_who_was_refused_what(images, told):
    stranger = images.as_(STRANGER)
    for number in range(20):
        stranger.get(f"team/app/manifests/v{number}").expect(403)
    stranger.post("team/app/blobs/uploads/").expect(403)
    examples = [f"GET /v2/team/app/manifests/v{number}" for number in range(5)]
    assert _denials(told) == [("stranger", 21, examples)]


def test_a_token_of_too_narrow_a_scope_is_no_denial_where_the_right_is_held(images, told):
    images.with_token("repository:team/app:pull").post("team/app/blobs/uploads/").expect(401)
    assert _denials(told) == []


def test_a_token_of_somebody_without_the_right_is_one(images, told):
    grant("stranger", "nx-repository-view-docker-images-read")
    token = images.as_(STRANGER).with_token("repository:team/app:pull,push")
    token.post("team/app/blobs/uploads/").expect(401)
    assert _denials(told) == [("stranger", 1, ["POST /v2/team/app/blobs/uploads/"])]


@pytest.mark.parametrize("authorization", [STRANGER, WRONG])
def test_no_request_writes_or_asks_for_it(images, authorization):
    client = images.as_(authorization)
    client.get("team/app/tags/list")
    with CaptureQueriesContext(connection) as captured:
        client.get("team/app/tags/list")
    assert len(captured) == 0


def test_ten_thousand_denials_and_sign_ins_are_two_rows(images, told):
    images.as_(STRANGER).get("team/app/tags/list").expect(403)
    principal = Principal(user_id="stranger", realm="Realm", credential="basic")
    for number in range(10_000):
        audit.denied(principal, f"GET /v2/{number}")
        audit.sign_in_accepted(principal)
    assert audit.flush() == 4
    assert sum(AuditEvent.objects.values_list("count", flat=True)) == 20_002
    assert all(len(row.attributes.get("examples", [])) <= 5 for row in AuditEvent.objects.all())


def test_ten_thousand_names_of_one_address_are_few_rows():
    for number in range(10_000):
        audit.sign_in_refused(f"name{number}", "wrong")
    audit.flush()
    rows = AuditEvent.objects.all()
    assert len(rows) == gathering.MOST_OF_STRANGERS_OF_ADDRESS + 1
    assert sum(row.count for row in rows) == 10_000
    assert rows.get(context=gathering.OTHERS).address == rows[0].address


def test_ten_thousand_addresses_are_few_rows_and_leave_room_for_those_who_sign_in(images):
    for number in range(10_000):
        begin_request({"REMOTE_ADDR": f"2001:db8::{number:x}"})
        audit.sign_in_refused(f"name{number}", "wrong")
    images.get("").expect(200)
    audit.flush()
    strangers = AuditEvent.objects.filter(by_stranger=True)
    assert len(strangers) == gathering.MOST_OF_STRANGERS + 1
    assert sum(row.count for row in strangers) == 10_000
    assert AuditEvent.objects.filter(type="accepted", initiator="admin").count() == 1


def test_no_path_takes_more_than_its_share(images, told):
    for number in range(20):
        images.as_(STRANGER).get(f"{number}{'x' * 8000}/manifests/v1")
        images.as_(STRANGER).get(f"team/app/manifests/{number}{'x' * 8000}").expect(403)
    ((_, count, examples),) = _denials(told)
    assert count >= 20
    assert len(examples) == 5
    assert all(len(example) <= 300 for example in examples)


def test_what_the_database_does_not_take_stays_gathered(images, monkeypatch):
    images.get("").expect(200)

    def fail(events: object) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(recording, "insert", fail)
        with pytest.raises(DatabaseError):
            audit.flush()
    images.get("").expect(200)
    assert audit.flush() == 1
    assert AuditEvent.objects.get().count == 2


def test_an_event_outside_of_a_transaction_is_a_mistake_of_the_program():
    with pytest.raises(Exception, match="in the transaction of its change"):
        audit.record(audit.SYSTEM, "repository", "created", "x")
    with stamps.change(stamps.SECURITY):
        audit.record(audit.SYSTEM, "repository", "created", "x")
    assert AuditEvent.objects.get().source == "system"
