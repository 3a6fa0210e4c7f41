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

SYNCHRONOUS = """
import django
django.setup()
from django.db import connection, transaction
from nexuslite.database import relaxed_transaction

def synchronous():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0]

def insert(value):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO counter VALUES (%s)", [value])

print(synchronous())
with relaxed_transaction():
    print(synchronous())
    insert(1)
print(synchronous())
try:
    with relaxed_transaction():
        insert(2)
        raise ZeroDivisionError
except ZeroDivisionError:
    print(synchronous())
with transaction.atomic():
    with relaxed_transaction():
        print(synchronous())
        insert(3)
print(synchronous())
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


def test_a_relaxed_transaction_commits_without_waiting_for_the_disk_and_puts_it_back(data):
    full, normal = 2, 1
    output = start(SYNCHRONOUS, data).communicate(timeout=30)[0]
    assert [int(line) for line in output.split()] == [full, normal, full, full, full, full]
    assert numbers(data) == [0, 1, 3]


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
