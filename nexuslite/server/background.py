"""The one process for work that is nobody's request."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from time import monotonic, sleep

from nexuslite.server.process import die_with_parent

log = logging.getLogger("gunicorn.error")

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class BackgroundProcess:
    """Runs ``work`` in a forked process and starts it again, with back-off, when it ends.

    SIGTERM raises SystemExit in ``work``, so that its transactions roll back and files close.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self.close_inherited: Callable[[], None] = _nothing
        """Set by the arbiter: closes in the new process what is not its business."""
        self._work = work
        self._is_restarting = False
        self._pid = 0
        self._descriptor = -1
        self._started = 0.0
        self._pause = _FIRST_PAUSE
        self._next_start = 0.0

    def supervise(self) -> None:
        """Start the process unless it runs or has to wait. Called again and again."""
        now = monotonic()
        if self._pid and self._has_ended():
            self._plan_next_start(now)
            self._forget()
        if not self._pid and now >= self._next_start:
            self._start(now)

    def restart(self) -> None:
        """Let the process end in peace; ``supervise`` then starts it at once."""
        self._is_restarting = self._pid != 0
        self.terminate()

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._pid:
            self._signal(signal.SIGTERM)

    def stop(self, patience: float) -> None:
        """Ask the process to end and kill it after ``patience`` seconds."""
        self.terminate()
        deadline = monotonic() + patience
        while self._pid and monotonic() < deadline:
            if self._has_ended():
                self._forget()
                return
            sleep(0.02)
        if self._pid:
            self._signal(signal.SIGKILL)
            self._forget()

    def close_in_child(self) -> None:
        """Close what another child of the arbiter has inherited."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._pid = 0

    def _plan_next_start(self, now: float) -> None:
        if self._is_restarting:
            self._is_restarting = False
            self._next_start = now
            return
        if now - self._started > _LONGEST_PAUSE:
            self._pause = _FIRST_PAUSE
        log.error("The background process %s ended; next start in %.0f s", self._pid, self._pause)
        self._next_start = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _start(self, now: float) -> None:
        arbiter = os.getpid()
        try:
            self._pid = os.fork()
        except OSError as error:
            log.error("The background process cannot start: %s", error)
            self._next_start = now + _FIRST_PAUSE
            return
        if self._pid:
            # The descriptor, not the number, tells whether it lives: gunicorn reaps every child.
            self._descriptor = os.pidfd_open(self._pid)
            self._started = now
            return
        status = 1
        try:
            die_with_parent(arbiter)
            _listen_to_signals()
            self.close_inherited()
            self._work()
            status = 0
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 0
        except BaseException:
            log.exception("The background process failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _has_ended(self) -> bool:
        try:
            ended = os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            return True
        return ended is not None

    def _signal(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self._descriptor, number)
        except ProcessLookupError:
            return

    def _forget(self) -> None:
        os.close(self._descriptor)
        self._pid, self._descriptor = 0, -1


def _nothing() -> None:
    return


def _listen_to_signals() -> None:
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Ctrl-C reaches the whole group; the arbiter says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
