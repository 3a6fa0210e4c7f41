"""What the server relies on inside gunicorn; an upgrade that breaks it breaks here first."""

import inspect
import io
import os
import signal
import types

import gunicorn
import pytest
from gunicorn import arbiter, sock
from gunicorn.config import Config
from gunicorn.http import body, errors, message, wsgi
from gunicorn.workers import base

from nexuslite.server.arbiter import Arbiter
from nexuslite.server.listener import Listener, Port, listen
from nexuslite.server.request import Head, Request
from nexuslite.server.response import Response
from nexuslite.server.worker import Worker


def source(thing: object) -> str:
    return inspect.getsource(thing)  # type: ignore[arg-type]


def test_the_version_is_the_one_that_was_read() -> None:
    assert gunicorn.__version__ == "27.0.1"


def test_the_arbiter_binds_nothing_when_it_has_listeners() -> None:
    text = source(arbiter.Arbiter.start)
    assert "if not self.LISTENERS:" in text
    assert text.count("create_sockets") == 1


def test_the_arbiter_gives_workers_its_list_of_listeners() -> None:
    text = source(arbiter.Arbiter.spawn_worker)
    assert "self.worker_class(self.worker_age, self.pid, self.LISTENERS," in text
    assert text.index("self.cfg.pre_fork(self, worker)") < text.index("os.fork()")
    assert text.index("os.fork()") < text.index("self.cfg.post_fork(self, worker)")
    assert text.index("self.cfg.post_fork") < text.index("worker.init_process()")


def test_the_arbiter_s_loop_looks_after_workers_each_time_it_wakes() -> None:
    text = source(arbiter.Arbiter.run)
    for step in ("self.wait_for_signals(timeout=1.0)", "self.manage_workers()"):
        assert step in text


def test_waiting_for_signals_takes_a_time_limit() -> None:
    assert list(inspect.signature(arbiter.Arbiter.wait_for_signals).parameters) == [
        "self",
        "timeout",
    ]


def test_reload_and_stop_reap_workers_while_they_wait() -> None:
    assert "self.reap_workers()" in source(arbiter.Arbiter.reload)
    assert "self.reap_workers()" in source(arbiter.Arbiter.stop)


def test_reaping_tolerates_children_that_are_no_workers() -> None:
    text = source(arbiter.Arbiter.reap_workers)
    assert "os.waitpid(-1, os.WNOHANG)" in text
    assert "worker = self.WORKERS.pop(wpid, None)" in text
    assert "self.cfg.child_exit(self, worker)" in text


def test_our_listener_can_be_closed_by_gunicorn() -> None:
    port = Port("a", "127.0.0.1", 0, False, 1)
    listener = Listener(listen("127.0.0.1", 0), port)
    sock.close_sockets([listener])
    assert listener.fileno() == -1


def test_what_is_overridden_exists() -> None:
    for name in ("start", "wait_for_signals", "manage_workers", "reap_workers", "spawn_worker"):
        assert getattr(arbiter.Arbiter, name) is not getattr(Arbiter, name)
    for name in ("init_process", "run"):
        assert getattr(base.Worker, name) is not getattr(Worker, name)
    for name in ("write", "__init__"):
        assert getattr(wsgi.Response, name) is not getattr(Response, name)
    for name in ("parse_headers", "set_body_reader"):
        assert hasattr(message.Request, name)
        assert getattr(message.Request, name) is not getattr(Request, name)


def test_the_worker_is_made_before_the_fork_and_ends_init_process_with_run() -> None:
    text = source(base.Worker.init_process)
    assert text.rstrip().endswith("self.run()")
    assert text.index("self.PIPE = os.pipe()") < text.index("self.load_wsgi()")
    assert "signal.set_wakeup_fd(self.PIPE[1])" in source(base.Worker.init_signals)


def test_sigterm_only_clears_the_alive_flag() -> None:
    worker = types.SimpleNamespace(alive=True)
    base.Worker.handle_exit(worker, signal.SIGTERM, None)
    assert worker.alive is False


def test_the_heartbeat_is_the_mtime_of_a_file() -> None:
    assert "self.tmp.notify()" in source(base.Worker.notify)
    assert "worker.tmp.last_update()" in source(arbiter.Arbiter.murder_workers)


def test_preloading_calls_the_application_loader_once() -> None:
    assert "if self.cfg.preload_app:\n            self.app.wsgi()" in source(arbiter.Arbiter.setup)


def parse(head: bytes, cfg: Config | None = None) -> Request:
    connection = types.SimpleNamespace(client=("127.0.0.1", 1), buffer=b"")
    request = Request(cfg or config(), Head(head), connection, 1)
    request.body.start(b"")
    return request


def config() -> Config:
    cfg = Config()
    cfg.set("forwarded_allow_ips", "")
    cfg.set("http_parser", "python")
    return cfg


def test_the_parser_reads_only_what_it_is_given() -> None:
    head = Head(b"POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET")
    connection = types.SimpleNamespace(client=("127.0.0.1", 1), buffer=b"")
    request = Request(config(), head, connection, 1)
    assert (request.method, request.path, request.query) == ("POST", "/x", "y")
    assert head.rest() == b"abcGET"


def test_an_incomplete_head_is_no_more_data() -> None:
    with pytest.raises(errors.NoMoreData):
        parse(b"GET / HTTP/1.1\r\nHost: a\r\n")


def test_framing_is_decided_by_gunicorn_and_told_by_the_reader() -> None:
    assert hasattr(body.LengthReader(None, 5), "length")
    text = source(message.Message.set_body_reader) + source(message.Request.set_body_reader)
    assert "Body(ChunkedReader(self, self.unreader))" in text
    assert "Body(LengthReader(self.unreader, content_length))" in text
    assert "Body(LengthReader(self.unreader, 0))" in text


def test_expect_is_remembered_on_the_request() -> None:
    request = parse(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    assert request.expects_continue
    assert not parse(b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n").expects_continue


def test_no_peer_is_trusted_with_scheme_headers() -> None:
    request = parse(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n")
    assert request.scheme == "http"


def test_headers_with_underscores_are_dropped() -> None:
    request = parse(b"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n")
    assert "HTTP_X_FORWARDED_FOR" not in request.header_environ


def test_a_remembered_header_block_gives_the_same_request() -> None:
    head = b"GET /1 HTTP/1.1\r\nHost: a\r\nAccept: x\r\nAccept: y\r\n\r\n"
    first, second = parse(head), parse(head)
    assert first.headers == second.headers
    assert first.header_environ == second.header_environ == {"HTTP_HOST": "a", "HTTP_ACCEPT": "x,y"}


def test_trailers_are_parsed_by_the_header_parser() -> None:
    request = parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert request.parse_headers(b"X-A: 1", from_trailer=True) == [("X-A", "1")]
    with pytest.raises(errors.InvalidHeaderName):
        request.parse_headers(b"Content-Length: 1", from_trailer=True)


def test_chunk_extensions_have_gunicorn_s_grammar() -> None:
    assert body.CHUNK_EXT_RE.fullmatch(b';a="b"')
    assert not body.CHUNK_EXT_RE.fullmatch(b";a=\x01")


@pytest.mark.parametrize(
    "name",
    ["InvalidChunkSize", "InvalidChunkExtension", "ChunkMissingTerminator", "LimitRequestHeaders"],
)
def test_errors_of_the_parser_have_one_base(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.ParseException)


def test_the_response_keeps_the_state_that_ours_uses() -> None:
    request = parse(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    request.connection.sock = None
    response = Response(request, config(), lambda: True)
    response.start_response("200 OK", [("Content-Length", "7"), ("Connection", "x"), ("A", "b")])
    assert response.response_length == 7
    assert response.headers == [("Content-Length", "7"), ("A", "b")]
    assert response._omits_body
    assert not response.should_close()
    response.force_close()
    assert response.should_close()


def test_response_headers_cannot_be_split() -> None:
    request = parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    request.connection.sock = None
    response = Response(request, config(), lambda: True)
    with pytest.raises(errors.InvalidResponseHeader):
        response.start_response("200 OK", [("A", "b\r\nC: d")])


def test_the_error_stream_writes_to_the_error_log() -> None:
    stream = wsgi.WSGIErrorsWrapper(config())
    stream.streams = [io.StringIO()]
    stream.write("text")
    assert stream.streams[0].getvalue() == "text"


def test_worker_temporary_files_may_live_in_shared_memory() -> None:
    cfg = config()
    cfg.set("worker_tmp_dir", "/dev/shm" if os.path.isdir("/dev/shm") else None)
    worker = base.Worker(1, os.getpid(), [], None, 1, cfg, None)
    worker.notify()
    worker.tmp.close()
