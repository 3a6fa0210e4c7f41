"""The client against registries that others wrote, and against our own tokens."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from repositories.remote.client import RegistryClient
from repositories.remote.errors import RemoteNotFound, RemoteRefused
from tests.remote.clients import client_of
from tests.support.process import ADMIN, ADMIN_PASSWORD, running_program
from tests.support.registry import basic, digest_of
from tests.support.server import free_port, wait_for

USER, PASSWORD = "robot", "s3cret"
HTPASSWD = "robot:$2y$04$JOUKvMCwFt3VpSbQb4rsROqVLY/ShV/cZf0TjeZ3rPhNfRoNOpMk2\n"
"""The password as bcrypt, the only form that docker-registry reads."""
CONFIG = b'{"architecture":"amd64","os":"linux"}'
LAYER = bytes(range(256)) * 2000
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = (
    f'{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":'
    f'{{"mediaType":"{CONFIG_TYPE}","size":{len(CONFIG)},"digest":"{digest_of(CONFIG)}"}},"layers":'
    f'[{{"mediaType":"{LAYER_TYPE}","size":{len(LAYER)},"digest":"{digest_of(LAYER)}"}}]}}'
).encode()


def push(host: str, authorization: str) -> None:
    """Puts team/app:v1 into a registry."""
    connection = http.client.HTTPConnection(host, timeout=20)

    def send(
        method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream"
    ) -> str:
        headers = {"Authorization": authorization, "Content-Type": kind}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert answer.status in {201, 202}, (answer.status, answer.read())
        answer.read()
        return answer.headers["Location"] or ""

    with contextlib.closing(connection):
        for content in (CONFIG, LAYER):
            upload = send("POST", "/v2/team/app/blobs/uploads/")
            path = "/" + upload.partition("//")[2].partition("/")[2] if "//" in upload else upload
            separator = "&" if "?" in path else "?"
            send("PUT", f"{path}{separator}digest={digest_of(content)}", content)
        send("PUT", "/v2/team/app/manifests/v1", MANIFEST, MANIFEST_TYPE)


@pytest.fixture(scope="module")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's docker-registry that wants a password."""
    folder: Path = tmp_path_factory.mktemp("docker-registry")
    port = free_port()
    (folder / "htpasswd").write_text(HTPASSWD)
    (folder / "config.yml").write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"auth: {{htpasswd: {{realm: here, path: {folder / 'htpasswd'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    command = ["docker-registry", "serve", str(folder / "config.yml")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(port), 20.0, "docker-registry answers")
        push(f"127.0.0.1:{port}", basic(USER, PASSWORD))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def token_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another nexuslite, whose repository wants tokens."""
    with running_program(tmp_path_factory.mktemp("nexuslite") / "data") as program:
        repository = program.create_hosted("hosted", force_basic_auth=False)
        push(repository.http, basic(ADMIN, ADMIN_PASSWORD))
        yield f"http://{repository.http}"


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 401
    return False


def read_everything(client: RegistryClient) -> None:
    client.ping()
    by_tag = client.manifest("team/app", "v1")
    assert (by_tag.content, by_tag.media_type) == (MANIFEST, MANIFEST_TYPE)
    described = client.manifest("team/app", "v1", method="HEAD")
    assert (described.digest, described.size) == (digest_of(MANIFEST), len(MANIFEST))
    assert client.manifest("team/app", digest_of(MANIFEST)).content == MANIFEST
    assert client.head_blob("team/app", digest_of(LAYER)) == len(LAYER)
    for offset in (0, 1, len(LAYER) - 1):
        with client.open_blob("team/app", digest_of(LAYER), offset=offset) as blob:
            assert blob.size == len(LAYER)
            assert b"".join(iter(lambda: blob.read(1 << 16), b"")) == LAYER[offset:]
    assert client.tags("team/app").names == ("v1",)
    for missing in ("v2", digest_of(b"nothing")):
        with pytest.raises(RemoteNotFound):
            client.manifest("team/app", missing)


def test_docker_registry_with_a_password(docker_registry: str) -> None:
    read_everything(client_of(docker_registry, username=USER, password=PASSWORD))


def test_docker_registry_with_a_wrong_password(docker_registry: str) -> None:
    for settings in ({"username": USER, "password": "wrong"}, {}):
        with pytest.raises(RemoteRefused) as caught:
            client_of(docker_registry, **settings).manifest("team/app", "v1")
        assert caught.value.credentials_rejected is bool(settings)


def test_docker_registry_does_not_know_referrers(docker_registry: str) -> None:
    client = client_of(docker_registry, username=USER, password=PASSWORD)
    with pytest.raises(RemoteNotFound):
        client.referrers("team/app", digest_of(MANIFEST))


def test_a_registry_that_wants_tokens(token_registry: str) -> None:
    client = client_of(token_registry, username=ADMIN, password=ADMIN_PASSWORD)
    read_everything(client)
    assert client.referrers("team/app", digest_of(MANIFEST)).descriptors == ()


def test_a_registry_that_wants_tokens_and_another_password(token_registry: str) -> None:
    with pytest.raises(RemoteRefused) as caught:
        client_of(token_registry, username=ADMIN, password="wrong").manifest("team/app", "v1")
    assert caught.value.credentials_rejected


def test_a_registry_that_gives_anonymous_nothing(token_registry: str) -> None:
    with pytest.raises(RemoteRefused) as caught:
        client_of(token_registry).manifest("team/app", "v1")
    assert not caught.value.credentials_rejected
