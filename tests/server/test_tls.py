"""HTTPS connectors."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from nexuslite.server import certificates
from nexuslite.server.connectors import WantedConnector
from tests.support.server import RunningServer, free_port, read_all


@pytest.fixture(scope="module")
def port(server: RunningServer) -> int:
    return server.open("secure", tls=True)


def insecure_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def presented(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        with insecure_context().wrap_socket(sock) as client:
            certificate = client.getpeercert(binary_form=True)
            assert certificate is not None
            return certificate


def write_certificate(authority: trustme.CA, folder: Path) -> None:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.new")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.new")
    (folder / "key.new").rename(folder / "key")
    (folder / "cert.new").rename(folder / "cert")


def test_requests_over_tls_are_https(server: RunningServer, port: int) -> None:
    text = server.get("/environ", port, tls=True).body.decode()
    assert '"wsgi.url_scheme": "https"' in text
    assert f'"SERVER_PORT": "{port}"' in text


def test_uploads_over_tls(server: RunningServer, port: int) -> None:
    for body in (b"x" * 3_000_000, iter([b"x" * 30_000] * 100)):
        answer = server.request("PUT", "/sum", body, port=port, tls=True)
        assert answer.body.startswith(b"3000000 ")
        assert answer.headers["connection"] == "keep-alive"


def test_only_http_1_1_is_negotiated(server: RunningServer, port: int) -> None:
    context = server.tls_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(server.connect(port), server_hostname="localhost") as client:
        assert client.selected_alpn_protocol() == "http/1.1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(server: RunningServer, port: int) -> None:
    context = insecure_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with server.connect(port) as sock, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(sock)


def test_plain_http_on_a_tls_port_is_told_so(server: RunningServer, port: int) -> None:
    with server.connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = read_all(client)
    assert answer == (
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    )


def test_a_response_ends_with_a_tls_goodbye(server: RunningServer, port: int) -> None:
    context = server.tls_context()
    sock = server.connect(port)
    with context.wrap_socket(
        sock, server_hostname="localhost", suppress_ragged_eofs=False
    ) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert read_all(client).endswith(b"hello")


# fault 22
def test_stalled_handshakes_are_closed_at_their_deadline(server: RunningServer, port: int) -> None:
    clients = [server.connect(port) for _ in range(40)]
    started = time.monotonic()
    for number, client in enumerate(clients):
        client.sendall(bytes.fromhex("160301020001000100")[: number % 9])
    assert server.get("/", port, tls=True).status == 200
    for client in clients:
        assert client.recv(1) == b""
        client.close()
    assert time.monotonic() - started < 4.0


# fault 22
def test_half_a_head_over_tls_is_closed_at_its_deadline(server: RunningServer, port: int) -> None:
    with server.connect(port, tls=True) as client:
        client.sendall(b"GET / HT")
        started = time.monotonic()
        assert client.recv(1) == b""
        assert time.monotonic() - started < 3.0


def test_pipelined_requests_in_one_record(server: RunningServer, port: int) -> None:
    with server.connect(port, tls=True) as client:
        client.sendall(
            b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n" * 2 + b"GET /hello HTTP/1.0\r\n\r\n"
        )
        assert read_all(client).count(b"hello") == 3


def test_the_self_signed_certificate_names_the_machine(server: RunningServer, port: int) -> None:
    for name in ("localhost", "127.0.0.1", socket.gethostname()):
        with server.tls_context().wrap_socket(server.connect(port), server_hostname=name):
            pass


def test_the_fingerprint_is_that_of_the_presented_certificate(
    server: RunningServer, port: int
) -> None:
    import hashlib

    shown = certificates.fingerprint(server.data / "tls" / "certificate.pem")
    assert shown.replace(":", "").lower() == hashlib.sha256(presented(port)).hexdigest()
    assert len(shown) == 95


def test_the_self_signed_certificate_is_made_once(tmp_path: Path) -> None:
    certificate, key = certificates.ensure_self_signed(tmp_path, ["registry.example", "192.0.2.7"])
    before = certificate.read_bytes(), key.read_bytes()
    assert certificates.ensure_self_signed(tmp_path, ["other.example"]) == (certificate, key)
    assert (certificate.read_bytes(), key.read_bytes()) == before
    assert key.stat().st_mode & 0o777 == 0o600
    context = ssl.create_default_context(cafile=certificate)
    names = ssl._ssl._test_decode_cert(str(certificate))["subjectAltName"]  # type: ignore[attr-defined]
    assert ("DNS", "registry.example") in names
    assert ("IP Address", "192.0.2.7") in names
    assert context.cert_store_stats()["x509"] == 1


def test_a_file_without_a_certificate_has_no_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(ValueError, match="no certificate"):
        certificates.fingerprint(tmp_path / "x")


def test_the_operator_s_certificate_is_used_and_renewed_without_a_restart(
    start_server: Callable[..., RunningServer], tmp_path: Path
) -> None:
    authority = trustme.CA()
    write_certificate(authority, tmp_path)
    server = start_server(certificate=str(tmp_path / "cert"), private_key=str(tmp_path / "key"))
    port = server.open("a", tls=True)
    first = presented(port)
    workers = server.workers()
    write_certificate(authority, tmp_path)
    time.sleep(1.2)
    renewed = {presented(port) for _ in range(6)}
    assert len(renewed) == 1
    assert renewed != {first}
    (tmp_path / "cert").write_text("half a file")
    time.sleep(0.8)
    assert {presented(port)} == renewed
    assert server.workers() == workers
    assert not (server.data / "tls").exists()


def test_a_certificate_that_is_missing_fails_its_connectors_alone(
    start_server: Callable[..., RunningServer], tmp_path: Path
) -> None:
    server = start_server(certificate=str(tmp_path / "cert"), private_key=str(tmp_path / "key"))
    plain = free_port()
    server.want(
        WantedConnector("tls", "127.0.0.1", free_port(), True),
        WantedConnector("plain", "127.0.0.1", plain),
    )
    assert "certificate" in server.wait_for_state("tls", "failed").reason
    assert server.get("/", plain).status == 200
    write_certificate(trustme.CA(), tmp_path)
    assert server.wait_for_state("tls", "open")


def test_a_port_changes_to_https(server: RunningServer) -> None:
    port = server.open("switch")
    server.close_connector("switch")
    server.open("switch", tls=True, port=port)
    assert server.get("/", port, tls=True).status == 200
    server.open("other")
    from nexuslite.server import connectors

    others = [each for each in connectors.read_wanted(server.run_folder) if each.id != "switch"]
    server.want(*others, WantedConnector("switch", "127.0.0.1", port, False))
    time.sleep(0.6)
    assert server.get("/", port).status == 200
