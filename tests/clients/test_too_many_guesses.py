"""What people read whose client has sent too many wrong passwords."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.commands import Client, podman, require, skopeo
from tests.clients.dockerd import DockerDaemon
from tests.clients.ways import Way
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, basic_authorization

pytestmark = [pytest.mark.clients, pytest.mark.slow]


@pytest.fixture
def guessed(program: ProgramProcess, name: str) -> str:
    """An account for which nobody may try any more from where the tests run."""
    account = name.rpartition("/")[2]
    for number in range(15):
        headers = {"Authorization": basic_authorization(account, f"guess {number}")}
        answer = program.request("GET", "/v2/", headers=headers)
    assert answer.status == 429
    return account


@pytest.mark.parametrize("make", [skopeo, podman])
def test_containers_tools_say_so_and_end(
    make: Callable[[Path], Client], guessed: str, ways: dict[str, Way], own_folder: Path
) -> None:
    require(make.__name__)
    way = ways["http-bearer"]
    client = make(own_folder)
    login = ["login", "--tls-verify=false", way.registry]
    refused = client(*login, "-u", guessed, "-p", "right or wrong").failed()
    assert "too many requests to registry" in refused.text
    assert refused.seconds < 20
    client(*login, "-u", ADMIN, "-p", ADMIN_PASSWORD).succeeded()


def test_docker_says_so_and_ends(daemon: DockerDaemon, guessed: str, way: Way, name: str) -> None:
    docker = daemon.docker(name.replace("/", "-"))
    login = ["login", "--password-stdin", way.registry]
    began = time.monotonic()
    refused = docker(*login, "-u", guessed, give=b"right or wrong").failed()
    # The first where docker asks for a token, the second where it signs in by Basic.
    texts = ("toomanyrequests: Too many authentication attempts", "429 Too Many Requests")
    assert any(text in refused.text for text in texts)
    assert time.monotonic() - began < 20
    docker(*login, "-u", ADMIN, give=ADMIN_PASSWORD.encode()).succeeded()
