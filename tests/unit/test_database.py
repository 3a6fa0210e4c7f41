"""The embedded database: writers queue, and some commits do not wait for the disk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

WRITERS = """
import sys, threading
import django
django.setup()
from django.db import connection, transaction
from nexuslite.database import relaxed_transaction

THREADS, TIMES = 8, 15
failures = []

def write(number):
    try:
        for turn in range(TIMES):
            begin = relaxed_transaction if turn % 3 == 0 else transaction.atomic
            with begin(), connection.cursor() as cursor:
                cursor.execute("SELECT n FROM counter")
                (count,) = cursor.fetchone()
                cursor.execute("UPDATE counter SET n = %s", [count + 1])
    except Exception as error:
        failures.append(repr(error))
    finally:
        connection.close()

threads = [threading.Thread(target=write, args=[number]) for number in range(THREADS)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(*failures, sep="\\n")
sys.exit(bool(failures))
"""

BEGINNING = """
import errno, os, sqlite3, sys, threading, time
import django
django.setup()
from django.conf import settings
from django.db import OperationalError, connection, transaction
from nexuslite.database import relaxed_transaction

database = settings.DATABASES["default"]["NAME"]
syncs = []
real_sync = os.fdatasync

def fdatasync(descriptor):
    syncs.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    real_sync(descriptor)

os.fdatasync = fdatasync

def insert(value):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO counter VALUES (%s)", [value])

def synchronous():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0]
"""

OUTERMOST_DECIDES = """
with relaxed_transaction():
    insert(1)
    with transaction.atomic():
        insert(2)
assert not syncs
try:
    with transaction.atomic():
        insert(-1)
        raise ZeroDivisionError
except ZeroDivisionError:
    assert not syncs
with transaction.atomic():
    with relaxed_transaction():
        insert(3)
    with transaction.atomic():
        insert(4)
    assert not syncs
assert syncs == [f"{database}-wal"]
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("CREATE TABLE other (n INTEGER)")
assert len(syncs) == 2
"""

FULL_OUTSIDE = """
FULL, NORMAL = 2, 1
assert synchronous() == FULL
for begin in (transaction.atomic, relaxed_transaction):
    with begin():
        assert synchronous() == NORMAL
        insert(1)
    assert synchronous() == FULL
    try:
        with begin():
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert synchronous() == FULL
"""

TOGETHER = """
THREADS = 8
durable, early = set(), []

def committed():
    reader = sqlite3.connect(database)
    found = {row[0] for row in reader.execute("SELECT n FROM counter")}
    reader.close()
    return found

def fdatasync(descriptor):
    syncs.append(descriptor)
    served = committed()
    if len(syncs) == 1:
        # The others commit while the first one waits for the disk.
        while len(committed()) <= THREADS:
            time.sleep(0.01)
        time.sleep(0.3)
    real_sync(descriptor)
    durable.update(served)

os.fdatasync = fdatasync

def write(value):
    with transaction.atomic():
        insert(value)
    if value not in durable:
        early.append(value)
    connection.close()

threads = [threading.Thread(target=write, args=[1 + number]) for number in range(THREADS)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not early, early
assert len(syncs) < THREADS / 2, len(syncs)
"""

NEXT_WRITER = """
reached, released = threading.Event(), threading.Event()

def fdatasync(descriptor):
    reached.set()
    assert released.wait(20)
    real_sync(descriptor)

os.fdatasync = fdatasync

def write():
    with transaction.atomic():
        insert(1)
    connection.close()

thread = threading.Thread(target=write)
thread.start()
assert reached.wait(20)
with relaxed_transaction():
    insert(2)
assert thread.is_alive()
released.set()
thread.join()
"""

FAILING_DISK = """
failing = True

def fdatasync(descriptor):
    syncs.append(descriptor)
    if failing:
        raise OSError(errno.EIO, "Input/output error")

os.fdatasync = fdatasync

def refused(value):
    try:
        with transaction.atomic():
            insert(value)
    except OperationalError:
        return True

assert refused(1)
# What the kernel says of this log counts no more: a reader keeps it from being emptied.
failing = False
reader = sqlite3.connect(database, isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT * FROM counter").fetchall()
connection.cursor().execute("PRAGMA busy_timeout=100")
assert refused(2)
reader.execute("ROLLBACK")
with transaction.atomic():
    insert(3)
assert len(syncs) == 1
assert os.path.getsize(f"{database}-wal") == 0, "all of it is in the database file"
with transaction.atomic():
    insert(4)
assert len(syncs) == 2
assert os.path.getsize(f"{database}-wal") > 0
"""


@pytest.fixture
def data(tmp_path) -> Path:
    """A data folder whose database has one table with one number."""
    with sqlite3.connect(tmp_path / "nexuslite.sqlite3") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE counter (n INTEGER)")
        database.execute("INSERT INTO counter VALUES (0)")
    database.close()
    return tmp_path


def start(program: str, data: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "nexuslite.settings",
        "NEXUSLITE_DATA_DIR": str(data),
    }
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )


def numbers(data: Path) -> list[int]:
    with sqlite3.connect(data / "nexuslite.sqlite3") as database:
        found = [row[0] for row in database.execute("SELECT n FROM counter ORDER BY n")]
    database.close()
    return found


def test_writers_of_several_processes_and_threads_never_fail_and_lose_nothing(data):
    # fault 16
    processes = [start(WRITERS, data) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert numbers(data) == [2 * 8 * 15]


def run(program: str, data: Path) -> None:
    process = start(BEGINNING + program, data)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_outermost_transaction_decides_whether_the_commit_waits_for_the_disk(data):
    run(OUTERMOST_DECIDES, data)
    assert numbers(data) == [0, 1, 2, 3, 4]


def test_what_writes_outside_of_a_transaction_waits_for_the_disk_itself(data):
    run(FULL_OUTSIDE, data)


def test_one_sync_serves_all_who_have_committed_before_it_and_nobody_else(data):
    run(TOGETHER, data)
    assert numbers(data) == list(range(9))


def test_the_next_writer_need_not_wait_for_the_disk(data):
    run(NEXT_WRITER, data)


def test_after_a_failed_sync_nothing_counts_but_what_is_in_the_database_file(data):
    run(FAILING_DISK, data)
    assert numbers(data) == [0, 1, 2, 3, 4]


def test_a_killed_writer_holds_nobody_up(data):
    # fault 16
    program = (
        "import django; django.setup()\n"
        "import os\n"
        "from django.db import connection, transaction\n"
        "with transaction.atomic():\n"
        "    connection.cursor().execute('UPDATE counter SET n = 99')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    start(program, data).communicate(timeout=30)
    output = start(WRITERS, data).communicate(timeout=60)[0]
    assert not output.strip()
    assert numbers(data) == [8 * 15]


def test_the_queue_is_one_for_all_threads_of_a_process(tmp_path):
    from nexuslite.database.sqlite.base import WriterLock

    lock = WriterLock(str(tmp_path / "lock"))
    inside, most = 0, 0
    guard = threading.Lock()

    def enter() -> None:
        nonlocal inside, most
        lock.acquire()
        try:
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1
        finally:
            lock.release()

    threads = [threading.Thread(target=enter) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
