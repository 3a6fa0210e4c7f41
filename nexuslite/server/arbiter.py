"""gunicorn's arbiter, with ports that come and go and a background process."""

import gc
from typing import TYPE_CHECKING

from gunicorn.arbiter import Arbiter as GunicornArbiter

from nexuslite.server.background import BackgroundProcess
from nexuslite.server.channel import ArbiterEnd
from nexuslite.server.ports import Ports

if TYPE_CHECKING:
    from nexuslite.server.application import Application
    from nexuslite.server.worker import Worker

_BACKGROUND_PATIENCE = 10.0


class Arbiter(GunicornArbiter):  # type: ignore[misc]
    """Binds every port once and hands it to the workers.

    It holds no database connection and knows the wanted ports from a file. What it uses of
    gunicorn is kept by tests/server/test_gunicorn_internals.py.
    """

    def __init__(
        self, application: "Application", ports: Ports, background: BackgroundProcess | None
    ) -> None:
        self._ports = ports
        self._background = background
        self._stopping = False
        if background is not None:
            background.close_inherited = self._close_for_background
        super().__init__(application)

    def start(self) -> None:
        """Start with our own listeners; gunicorn binds only when it has none."""
        self._ports.look({})
        self.LISTENERS = self._ports.listeners
        # What is loaded now is shared with the children for as long as nobody writes to it.
        gc.collect()
        gc.freeze()
        super().start()

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait no longer than the ports can."""
        signals: list[int] = super().wait_for_signals(self._ports.seconds_to_next_look())
        return signals

    def manage_workers(self) -> None:
        """Look after ports and background process along with the workers."""
        self._look_around()
        super().manage_workers()

    def reap_workers(self) -> None:
        """Look after the ports here too: a reload waits in a loop that calls only this."""
        super().reap_workers()
        if not self._stopping:
            self._ports.look(self._channels())

    def spawn_worker(self) -> int:
        """Fork a worker; its end of the channel is the worker's alone."""
        pid: int = super().spawn_worker()
        self.WORKERS[pid].worker_end.close()
        return pid

    def reload(self) -> None:
        """Replace workers and background process."""
        if self._background is not None:
            self._background.restart()
        super().reload()

    def stop(self, graceful: bool = True) -> None:
        """Stop everything; nothing outlives the arbiter."""
        self._stopping = True
        if self._background is not None:
            self._background.terminate()
        super().stop(graceful)
        if self._background is not None:
            self._background.stop(_BACKGROUND_PATIENCE if graceful else 0.0)

    def _look_around(self) -> None:
        if self._stopping:
            return
        self._ports.look(self._channels())
        if self._background is not None:
            self._background.supervise()

    def close_for_worker(self, worker: "Worker") -> None:
        """Close what a new worker has inherited and does not need."""
        for sibling in self.WORKERS.values():
            sibling.arbiter_end.close()
        worker.arbiter_end.close()
        self._ports.close_in_child(keep_open=True)
        if self._background is not None:
            self._background.close_in_child()

    def _close_for_background(self) -> None:
        for worker in self.WORKERS.values():
            worker.arbiter_end.close()
        self._ports.close_in_child(keep_open=False)

    def _channels(self) -> dict[int, ArbiterEnd]:
        return {pid: worker.arbiter_end for pid, worker in self.WORKERS.items()}
