"""Looking for something in the members of a group, none of which may hold up the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, as_completed
from time import monotonic
from typing import Any, Generic, TypeVar

from django.db import connections

from nexuslite.database import release_connection
from repositories.content.hosted import HostedContent
from repositories.content.interface import Content, RemoteNeeded, RoutingBlocked
from repositories.content.proxy import ProxyContent
from repositories.records import RepositoryRecord
from repositories.remote.errors import RemoteError, RemoteUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_SECONDS = 3.0
"""How long a search waits in all for remotes before it looks further; nothing ends by it."""
_LEAST_SECONDS = 0.5
MOST_UNDER_WAY = 256
"""Threads of a worker that ask members' remotes; whoever comes then gets what is held."""

_under_way = 0
_shared: dict[tuple[int, str], Future[Any]] = {}
_starting = threading.Lock()


def at_hand(source: RepositoryRecord) -> Content:
    """The content of a member, which raises `RemoteNeeded` rather than ask a remote."""
    if source.proxy is not None:
        return ProxyContent(source, source.proxy, at_hand=True)
    return HostedContent(source)


def _held(source: RepositoryRecord) -> Content:
    """The same, which believes what is held however old it is."""
    if source.proxy is not None:
        return ProxyContent(source, source.proxy, at_hand=True, believes_old=True)
    return HostedContent(source)


class Search(Generic[T]):
    """One search through the members of a group.

    A member whose remote fails is passed over. One whose remote is slow answers after a while with
    what it holds, else is passed over and heard again at the end, when no other had an answer.
    """

    def __init__(
        self,
        group: RepositoryRecord,
        what: str,
        read: Callable[[Content], T | None],
        discard: Callable[[T], None] = lambda _: None,
        *,
        is_shared: bool = False,
    ) -> None:
        """`what` is for the log, `read` asks a member, `discard` takes what comes too late.

        A shared one takes the answer to the same question that another search is waiting for.
        """
        self._is_shared = is_shared
        self._group = group
        self._what = what
        self._read = read
        self._discard = discard
        self._until = monotonic() + PATIENCE_SECONDS
        self._slow: dict[Future[T | None], RepositoryRecord] = {}
        self._failures: list[RemoteError] = []
        self.answered_by: RepositoryRecord | None = None
        """The member that the last answer came from."""

    @property
    def passed_over(self) -> bool:
        """Whether some member might have had another answer; then nothing may be remembered."""
        return bool(self._failures or self._slow)

    def ask(self, source: RepositoryRecord, *, is_last: bool) -> T | None:
        """What a member has; None also for one that fails or takes too long.

        `is_last` says that no other member is left to be asked: then it has all the time it needs.
        """
        try:
            return self._result(source, lambda: self._read(at_hand(source)))
        except RemoteNeeded:
            pass
        if is_last and not self._slow:
            return self._result(source, lambda: self._read(_whole(source)))
        # By the record itself: a question from before a change answers none from after it.
        key = (id(source), self._what) if self._is_shared else None
        future = _in_thread(lambda: self._read(_whole(source)), key)
        if future is None:
            return self._without_asking(source)
        release_connection()
        try:
            seconds = max(self._until - monotonic(), _LEAST_SECONDS)
            return self._result(source, lambda: future.result(seconds))
        except TimeoutError:
            logger.warning("%s: %s is slow with %s", self._group.name, source.name, self._what)
        return self._instead_of(future, source)

    def _instead_of(self, future: Future[T | None], source: RepositoryRecord) -> T | None:
        """What a member holds whose remote is slow: its image must not become another's."""
        try:
            found = self._result(source, lambda: self._read(_held(source)))
        except RemoteNeeded:
            self._slow[future] = source
            return None
        future.add_done_callback(self._discard_late)
        return found

    def _without_asking(self, source: RepositoryRecord) -> T | None:
        """What a member holds, where too many wait for remotes already."""
        try:
            return self._result(source, lambda: self._read(_held(source)))
        except RemoteNeeded:
            logger.warning("%s: too many wait for remotes to ask %s", self._group.name, source.name)
            reason = "too many wait for answers of remotes"
            self._failures.append(RemoteUnavailable(reason, timed_out=True))
            return None

    def finish(self) -> T | None:
        """What a slow member has after all, when the others had nothing.

        Raises `RemoteError` when there is nothing and a member has failed: nobody knows what it
        has.
        """
        release_connection()
        for future in as_completed(list(self._slow)):
            source = self._slow.pop(future)
            found = self._result(source, future.result)
            if found is not None:
                return found
        if self._failures:
            raise self._failures[0]
        return None

    def give_up(self) -> None:
        """Ends the search; what slow members may still have is not wanted any more."""
        for future in self._slow:
            future.add_done_callback(self._discard_late)

    def _discard_late(self, future: Future[T | None]) -> None:
        if future.exception() is None and (late := future.result()) is not None:
            self._discard(late)

    def _result(self, source: RepositoryRecord, answer: Callable[[], T | None]) -> T | None:
        try:
            found = answer()
        except RoutingBlocked:
            return None
        except RemoteError as error:
            logger.warning(
                "%s: %s is passed over for %s: %s", self._group.name, source.name, self._what, error
            )
            self._failures.append(error)
            return None
        if found is not None:
            self.answered_by = source
        return found


def first_of(search: Search[T], sources: Collection[RepositoryRecord]) -> T | None:
    """What the first of the members has that has it. Raises `RemoteError` as `finish` does."""
    left = len(sources)
    try:
        for source in sources:
            left -= 1
            found = search.ask(source, is_last=left == 0)
            if found is not None:
                return found
        return search.finish()
    finally:
        search.give_up()


def all_of(search: Search[T], sources: Collection[RepositoryRecord]) -> list[T]:
    """What each of the members has, without those that fail or take too long.

    Raises `RemoteError` as `finish` does.
    """
    try:
        answers = [search.ask(source, is_last=False) for source in sources]
        found = [each for each in answers if each is not None]
        if not found and (late := search.finish()) is not None:
            found = [late]
        return found
    finally:
        search.give_up()


def _whole(source: RepositoryRecord) -> Content:
    return HostedContent(source) if source.proxy is None else ProxyContent(source, source.proxy)


def _in_thread(
    work: Callable[[], T | None], key: tuple[int, str] | None
) -> Future[T | None] | None:
    """Does the work in a thread of its own, which nobody has to wait for: not even the end.

    Work of the same key that goes on already is not begun again. None where there are too many.
    """
    global _under_way  # noqa: PLW0603
    with _starting:
        if key is not None and key in _shared:
            return _shared[key]
        if _under_way >= MOST_UNDER_WAY:
            return None
        _under_way += 1
        future: Future[T | None] = Future()
        if key is not None:
            _shared[key] = future
    threading.Thread(
        target=_run, args=(work, future, key), name="group-member", daemon=True
    ).start()
    return future


def _run(
    work: Callable[[], T | None], future: Future[T | None], key: tuple[int, str] | None
) -> None:
    global _under_way  # noqa: PLW0603
    found: T | None = None
    failure: BaseException | None = None
    try:
        found = work()
    except BaseException as error:
        failure = error
    finally:
        connections.close_all()
        # Before it is done: whoever asks from now on asks anew.
        with _starting:
            _under_way -= 1
            if key is not None:
                del _shared[key]
    if failure is None:
        future.set_result(found)
    else:
        future.set_exception(failure)
