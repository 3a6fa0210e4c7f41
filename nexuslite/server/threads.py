"""The threads of a worker, started when they are needed and never more than allowed."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Protocol

from nexuslite.server.admission import Admission, Claimant

log = logging.getLogger("gunicorn.error")


class Task(Protocol):
    """Something a thread does: ``work`` returns what is to happen once the thread is free."""

    claimant: Claimant
    work: "Callable[[], Callable[[], None]]"


class RequestThreads:
    """Runs tasks in at most ``capacity`` threads, shared out by ``Admission``."""

    def __init__(self, capacity: int, publish: Callable[[int], None]) -> None:
        """``publish`` is told how many threads are busy whenever that changes."""
        self._admission: Admission[Task] = Admission(capacity)
        self._publish = publish
        self._lock = Lock()
        self._queue: SimpleQueue[Task] = SimpleQueue()
        self._started = 0

    @property
    def is_crowded(self) -> bool:
        """Whether a thread should rather go back than wait for a client's next request."""
        return self._admission.is_crowded

    def submit(self, task: Task) -> None:
        """Run ``task`` in a thread, or queue it until its claimant may have one."""
        with self._lock:
            if not self._admission.enter(task.claimant, task):
                return
            self._start_thread_if_needed()
            self._publish(self._admission.running)
        self._queue.put(task)

    def withdraw(self, task: Task) -> bool:
        """Take a task that still waits for a thread back; False when it has one already."""
        with self._lock:
            return self._admission.withdraw(task.claimant, task)

    def _start_thread_if_needed(self) -> None:
        # Every admitted task has a thread of its own, so idle ones = started - running.
        if self._admission.running <= self._started:
            return
        self._started += 1
        Thread(target=self._loop, name=f"request-{self._started}", daemon=True).start()

    def _release(self, claimant: Claimant) -> None:
        with self._lock:
            admitted = list(self._admission.leave(claimant))
            for _ in admitted:
                self._start_thread_if_needed()
            self._publish(self._admission.running)
        for task in admitted:
            self._queue.put(task)

    def _loop(self) -> None:
        while True:
            task = self._queue.get()
            claimant = task.claimant
            afterwards: Callable[[], None] | None = None
            try:
                afterwards = task.work()
            except Exception:
                log.exception("Unexpected error in a request thread")
            self._release(claimant)
            # Last, since it hands the connection on: another thread may have it the next moment.
            if afterwards is not None:
                try:
                    afterwards()
                except Exception:
                    log.exception("Unexpected error after a request")
            del task, afterwards
