"""One request and its answer, in a request thread."""

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from nexuslite.server.connection import NEVER, Connection, FileTransfer
from nexuslite.server.environ import Environ, EnvironMaker
from nexuslite.server.errors import BodyError, MalformedBodyError
from nexuslite.server.files import BrokenOffError
from nexuslite.server.options import ServerOptions
from nexuslite.server.poller import Poller, plain_answer
from nexuslite.server.request import Head, Request, status_of
from nexuslite.server.response import Response
from nexuslite.server.threads import RequestThreads

if TYPE_CHECKING:
    from nexuslite.server.application import WSGIApplication

log = logging.getLogger("gunicorn.error")
access_log = logging.getLogger("gunicorn.access")

# A client often sends its next request at once; waiting for it here saves two thread switches.
_WAIT_IN_THREAD_MS = 10

Outcome = Callable[[Connection], None]


class Exchanges:
    """Serves connections. ``serve`` is the work of a request thread."""

    def __init__(
        self,
        application: "WSGIApplication",
        cfg: Any,
        options: ServerOptions,
        poller: Poller,
        threads: RequestThreads,
        environs: EnvironMaker,
    ) -> None:
        self._application = application
        self._cfg = cfg
        self._options = options
        self._poller = poller
        self._threads = threads
        self._environs = environs
        # What becomes of a connection afterwards; one object each, to be compared.
        self._keep: Outcome = poller.await_head
        self._park: Outcome = poller.await_writable
        self._follow: Outcome = poller.await_growth
        self._linger: Outcome = poller.linger
        self._finish: Outcome = poller.finish
        self._close: Outcome = poller.close

    def serve(self, connection: Connection) -> Callable[[], None]:
        """Serve requests for as long as they come; return what to do with the connection then."""
        # In this order: the main thread looks at them in the other one.
        connection.deadline = NEVER
        connection.is_queued = False
        outcome = self._close
        try:
            connection.enter_thread()
            if connection.transfer is not None:
                outcome = self._send_file(connection, connection.transfer)
            else:
                outcome = self._exchange(connection)
            while outcome is self._keep and self._has_next(connection):
                outcome = self._exchange(connection)
        except OSError as error:
            log.debug("Connection of %s: %s", connection.address, error)
        except BaseException:
            log.exception("Error while serving %s", connection.address)
        return partial(outcome, connection)

    def _has_next(self, connection: Connection) -> bool:
        if connection.has_head():
            return True
        if self._threads.is_crowded or self._poller.is_stopping or connection.skip:
            return False
        connection.leave_thread()
        if not connection.wait_readable(_WAIT_IN_THREAD_MS):
            return False
        # At the end of the connection this takes nothing, and the poller sees the end too.
        connection.take(connection.receive() or b"")
        if not connection.has_head():
            return False
        connection.enter_thread()
        return True

    def _exchange(self, connection: Connection) -> Outcome:
        head = Head(connection.buffer)
        connection.buffer = b""
        connection.searched = 0
        connection.requests += 1
        connection.pace.reset()
        try:
            request = Request(self._cfg, head, connection, connection.requests)
            request.check_host()
        except Exception as error:
            # Not the error's text: it may quote a header.
            log.info("Bad request from %s: %s", connection.address, type(error).__name__)
            connection.send(plain_answer(status_of(error)))
            return self._linger
        request.body.start(head.rest())
        return self._answer(connection, request)

    def _answer(self, connection: Connection, request: Request) -> Outcome:
        started = monotonic()
        environ = self._environs.of_request(request)
        response = Response(request, self._cfg, partial(self._may_keep_alive, request))
        transfer: FileTransfer | None = None
        try:
            transfer = self._run_application(environ, response)
        except BodyError as error:
            return self._end_failed_body(connection, response, error)
        except BaseException as error:
            return self._end_failed_application(connection, response, environ, error)
        finally:
            if self._options.access_log:
                _log_access(environ, response, monotonic() - started)
        if transfer is not None:
            connection.transfer = transfer
            return self._send_file(connection, transfer)
        left = request.body.may_skip()
        if left is None:
            return self._linger
        if response.should_close():
            if left or connection.buffer or not response.is_complete:
                return self._linger
            return self._finish
        connection.skip = left
        return self._keep

    def _run_application(self, environ: Environ, response: Response) -> FileTransfer | None:
        result = self._application(environ, response.start_response)
        transfer: FileTransfer | None = None
        try:
            transfer = response.deliver(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None and (transfer is None or transfer.growing is not result):
                close()
        return transfer

    def _may_keep_alive(self, request: Request) -> bool:
        if self._poller.is_stopping or request.connection.port.closing:
            return False
        return request.body.may_skip() is not None

    def _send_file(self, connection: Connection, transfer: FileTransfer) -> Outcome:
        """Send while the client keeps up; the poller has the patience for the others."""
        connection.set_blocking(False)
        hold = 0.0 if self._threads.is_crowded else self._options.thread_hold
        until = monotonic() + hold
        while transfer.left:
            try:
                ready = transfer.ready()
            except BrokenOffError as error:
                log.warning("An answer is broken off with %d bytes left: %s", transfer.left, error)
                return self._close
            if not ready:
                return self._follow
            if connection.send_file_piece(transfer, ready):
                continue
            wait = until - monotonic()
            if wait <= 0 or not connection.wait_writable(wait * 1000):
                return self._park
        connection.set_blocking(True)
        return self._keep if connection.finish_file() else self._linger

    def _end_failed_body(
        self, connection: Connection, response: Response, error: BodyError
    ) -> Outcome:
        if response.headers_sent:
            return self._close
        if isinstance(error, MalformedBodyError):
            connection.send(plain_answer("400 Bad Request"))
            return self._linger
        if connection.was_too_slow:
            connection.send(plain_answer("408 Request Timeout"))
            return self._linger
        return self._close

    def _end_failed_application(
        self,
        connection: Connection,
        response: Response,
        environ: Environ,
        error: BaseException,
    ) -> Outcome:
        log.error(
            "Error in request %s: %s %s",
            environ["nexuslite.request_id"],
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            exc_info=error,
        )
        if response.headers_sent:
            return self._close
        connection.send(plain_answer("500 Internal Server Error"))
        return self._linger


def _log_access(environ: Environ, response: Response, seconds: float) -> None:
    # No headers and no query: both may carry secrets.
    access_log.info(
        "%s %s %s %s %s %d %.3fs port=%s",
        environ["nexuslite.request_id"],
        environ["REMOTE_ADDR"],
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        (response.status or "-").partition(" ")[0],
        response.sent,
        seconds,
        environ["SERVER_PORT"],
    )
