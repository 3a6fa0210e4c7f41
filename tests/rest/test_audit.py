"""`/service/rest/v1/audit`: reading what happened, and how long it is kept."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from accounts import audit
from accounts.audit import gathering, log_file, retention
from accounts.models import AuditEvent
from tests.support.accounts import grant
from tests.support.registry import basic
from tests.support.server import wait_for

from .conftest import Rest, errors_of
from .security_bodies import PRIVILEGES, ROLES, USERS, privilege_body, role_body, user_body

AUDIT, EXPORT = "audit", "audit/export"
HOSTILE = 'x\n{"initiator":"admin"}\r\x1b[31m\x7f\u2028\x00\ud800"=cmd'


def _items(rest: Rest, query: str = "") -> list[dict]:
    answer = rest.get(f"{AUDIT}?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def _streamed(rest: Rest, query: str = "") -> str:
    answer = rest.get(f"{EXPORT}?{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def _add(count: int, **columns: object) -> None:
    values = {
        "timestamp": datetime.now(UTC),
        "domain": "security.user",
        "type": "created",
        "initiator": "admin",
        **columns,
    }
    AuditEvent.objects.bulk_create(AuditEvent(**values) for _ in range(count))


def test_an_event_says_all_that_nexus_says_and_more(admin):
    admin.post(ROLES, role_body("pullers"))
    (item,) = _items(admin)
    moment = datetime.fromisoformat(item.pop("timestamp"))
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert item.pop("nodeId")
    assert item.pop("id").isdigit()
    assert item.pop("attributes")["after"]["privileges"] == ["nx-search-read"]
    assert item == {
        "initiator": "admin/127.0.0.1",
        "domain": "security.role",
        "type": "created",
        "context": "pullers",
        "userId": "admin",
        "source": "default",
        "remoteAddress": "127.0.0.1",
        "realm": "NexusAuthenticatingRealm",
        "credential": "basic",
        "tokenId": "",
        "requestId": "",
        "count": 1,
        "last": None,
    }


def test_pages_lead_to_every_event_once_the_newest_first(admin):
    _add(250)
    ids, token = [], ""
    while token is not None:
        page = admin.get(f"{AUDIT}?continuationToken={token}").json()
        ids += [int(item["id"]) for item in page["items"]]
        token = page["continuationToken"]
        # What is added meanwhile moves no page.
        _add(1, initiator="later")
    assert ids == list(
        AuditEvent.objects.exclude(initiator="later").order_by("-pk").values_list("pk", flat=True)
    )


def test_filters_narrow_the_list_and_the_export(admin):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    _add(1, initiator="mina")
    _add(1, domain="security.role", type="deleted", context="pullers")
    _add(1, timestamp=yesterday, initiator="old")
    noon = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for query, expected in (
        ("initiator=mina", ["mina"]),
        ("domain=security.role", ["admin"]),
        ("type=deleted", ["admin"]),
        ("context=pullers", ["admin"]),
        ("domain=security.role&type=created", []),
        (f"until={noon}", ["old"]),
        (f"from={noon}&initiator=mina", ["mina"]),
        (f"from={yesterday.date() + timedelta(days=2)}", []),
    ):
        assert [item["userId"] for item in _items(admin, query)] == expected, query
        lines = _streamed(admin, query).splitlines()
        assert [json.loads(line)["userId"] for line in lines] == expected, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("continuationToken=x", "continuationToken"),
        ("continuationToken=-1", "continuationToken"),
        ("continuationToken=99999999999999999999999", "continuationToken"),
        ("from=yesterday", "from"),
        ("until=2026-13-45", "until"),
        ("until=2026-13-45T00:00:00", "until"),
        ("initiator=a%00b", "initiator"),
    ],
)
def test_bad_parameters_are_told(admin, query, field):
    assert list(errors_of(admin.get(f"{AUDIT}?{query}"))) == [field]
    assert admin.get(f"{EXPORT}?format=xml").status_code == 400


def test_a_security_officer_needs_no_other_right(admin, stranger):
    admin.post(f"{PRIVILEGES}/application", privilege_body("audit-read", domain="audit"))
    assert stranger.get(AUDIT).status_code == 403
    grant("stranger", "audit-read")
    assert _items(stranger)
    assert stranger.get(USERS).status_code == 403


def test_the_export_holds_more_than_a_page_in_both_formats(admin):
    _add(1201, attributes={"after": {"name": "a,b\n"}})
    assert len(_streamed(admin).splitlines()) == 1201
    rows = list(csv.DictReader(io.StringIO(_streamed(admin, "format=csv"), newline="")))
    assert len(rows) == 1201
    assert json.loads(rows[0]["attributes"]) == {"after": {"name": "a,b\n"}}


def test_no_name_breaks_a_line_or_runs_in_a_spreadsheet(admin, log_lines):
    Rest(basic("=1+1|cmd", "wrong")).get(USERS)
    Rest(basic(HOSTILE.encode("utf-8", "surrogatepass").decode("latin-1"), "wrong")).get(USERS)
    audit.sign_in_refused(HOSTILE, "wrong")
    audit.flush()
    lines = log_lines()
    assert len(lines) == 3
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["initiator"] == "anonymous/127.0.0.1"
    contexts = [item["context"] for item in _items(admin)]
    assert "=1+1|cmd" in contexts
    rows = list(csv.DictReader(io.StringIO(_streamed(admin, "format=csv"), newline="")))
    assert "'=1+1|cmd" in [row["context"] for row in rows]
    assert not any(value.startswith("=") for row in rows for value in row.values())


def test_a_log_that_cannot_be_written_stops_nobody(admin, settings, log_lines):  # fault 5
    folder = settings.NEXUSLITE_DATA_DIR / "log"
    folder.write_text("not a folder")
    assert admin.post(ROLES, role_body("one")).status_code == 200
    folder.unlink()
    assert admin.post(ROLES, role_body("two")).status_code == 200
    assert [json.loads(line)["context"] for line in log_lines()] == ["two"]
    assert [item["context"] for item in _items(admin)] == ["two", "one"]


def test_a_full_disk_leaves_no_piece_of_a_line(admin, log_lines):  # fault 5
    admin.post(ROLES, role_body("one"))

    def full(descriptor: int, data: bytes) -> int:
        return write(descriptor, data[:20])

    write = log_file.os.write
    with mock.patch.object(log_file.os, "write", full):
        assert admin.post(ROLES, role_body("two")).status_code == 200
    assert admin.post(ROLES, role_body("three")).status_code == 200
    assert [json.loads(line)["context"] for line in log_lines()] == ["one", "three"]


def test_the_log_is_rotated_and_moved_without_a_lost_line(settings):
    settings.NEXUSLITE_AUDIT_LOG_SIZE = 2000
    folder = settings.NEXUSLITE_DATA_DIR / "log"

    def write(writer: int) -> None:
        for number in range(40):
            log_file.append([json.dumps({"writer": writer, "number": number})])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    files = sorted(folder.iterdir())
    assert len(files) > 1
    assert all(path.stat().st_size <= 2000 for path in files)
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    assert len(lines) == 160
    (folder / "audit.log").rename(folder / "elsewhere")
    log_file.append(["{}"])
    assert (folder / "audit.log").read_text() == "{}\n"
    # No more than so many are kept.
    for _ in range(20):
        log_file.append(["x" * 1500])
    assert len(list(folder.glob("audit.log*"))) == log_file.KEPT_FILES + 1


def test_who_waits_for_a_file_that_is_moved_writes_to_the_new_one(settings):
    folder = settings.NEXUSLITE_DATA_DIR / "log"
    log_file.append(["1"])
    with (folder / "audit.log").open() as moved:
        fcntl.flock(moved, fcntl.LOCK_EX)
        writer = threading.Thread(target=log_file.append, args=(["2"],))
        writer.start()
        # It has opened the file once its descriptor waits for the lock.
        wait_for(lambda: _waits_for_lock(moved.fileno()), 10, "the writer waits")
        (folder / "audit.log").rename(folder / "moved")
    writer.join(10)
    assert (folder / "moved").read_text() == "1\n"
    assert (folder / "audit.log").read_text() == "2\n"


def _waits_for_lock(descriptor: int) -> bool:
    inode = str(os.fstat(descriptor).st_ino)
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f":{inode} " in line for line in lines)


def test_old_rows_are_removed_in_small_transactions(monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 10)
    _add(25, timestamp=datetime.now(UTC) - timedelta(days=91))
    _add(5, timestamp=datetime.now(UTC) - timedelta(days=89))
    assert retention.remove_older_than(0) == 0
    assert retention.remove_older_than(90) == 25
    assert AuditEvent.objects.count() == 5


def test_strangers_push_nothing_out_but_their_own(monkeypatch):
    monkeypatch.setattr(retention, "MOST_BY_STRANGERS", 10)
    _add(3)
    _add(30, by_stranger=True, initiator="anonymous")
    newest = AuditEvent.objects.order_by("-pk").first()
    assert retention.remove_surplus_of_strangers() == 20
    assert retention.remove_surplus_of_strangers() == 0
    assert AuditEvent.objects.filter(by_stranger=False).count() == 3
    assert AuditEvent.objects.filter(by_stranger=True).count() == 10
    assert AuditEvent.objects.filter(pk=newest.pk).exists()


def test_the_sessions_of_browsers_are_told(admin, client):
    admin.post(USERS, user_body("mina", password="m-password"))
    before = AuditEvent.objects.count()
    client.post("/sign-in/", {"username": "mina", "password": "m-password"})
    client.post("/sign-out/")
    events = AuditEvent.objects.order_by("pk")[before:]
    assert [(event.type, event.initiator, event.credential) for event in events] == [
        ("sessionStarted", "mina", "session"),
        ("sessionEnded", "mina", "session"),
    ]


def test_what_is_gathered_is_written_by_a_thread_of_its_own(stranger, monkeypatch):
    monkeypatch.setattr(gathering, "WINDOW_SECONDS", 0.05)
    monkeypatch.setattr(gathering, "_flusher", None)
    written = threading.Event()
    monkeypatch.setattr(gathering.recording, "write_lines", lambda events: written.set())
    assert stranger.get(USERS).status_code == 403
    assert written.wait(10)
