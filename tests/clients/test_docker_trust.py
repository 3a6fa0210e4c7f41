"""docker over HTTPS where it verifies the certificate.

It never does on 127.0.0.0/8, so program and daemon meet at another address, in a network namespace
that has nothing else.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.clients.commands import require
from tests.clients.dockerd import DockerDaemon, running_daemon
from tests.support.images import random_image
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess

pytestmark = [pytest.mark.clients, pytest.mark.slow]

ADDRESS = "192.0.2.1"  # RFC 5737: for documentation, so nobody's
_SET_UP = f"ip link set lo up && ip address add {ADDRESS}/32 dev lo && echo ready && exec sleep inf"


@dataclass
class Meeting:
    """A daemon and the registries that it reaches by TLS."""

    daemon: DockerDaemon
    basic: str
    bearer: str


@pytest.fixture(scope="module")
def network() -> Iterator[Path]:
    """A network namespace that lasts as long as the tests."""
    require("unshare", "nsenter", "ip")
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", _SET_UP], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"ready\n"
        yield Path(f"/proc/{holder.pid}/ns/net")
    finally:
        holder.kill()
        holder.wait()


@pytest.fixture(scope="module")
def meeting(short_folder: Path, certificate: dict[str, str], network: Path) -> Iterator[Meeting]:
    """Program and daemon in the namespace; the repositories are made before they move there."""
    program = ProgramProcess(short_folder / "trust-data", certificate).start()
    try:
        basic = program.create_hosted("basic", http=False, https=True)
        bearer = program.create_hosted("bearer", http=False, https=True, force_basic_auth=False)
        program.stop()
        program.prefix = ("nsenter", f"--net={network}")
        program.environment["NEXUSLITE_CONNECTOR_HOST"] = ADDRESS
        program.launch()
        for port in (basic.https_port, bearer.https_port):
            program.wait_until_open(port)
        with running_daemon(short_folder / "f", network) as daemon:
            yield Meeting(daemon, f"{ADDRESS}:{basic.https_port}", f"{ADDRESS}:{bearer.https_port}")
    finally:
        program.stop()


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_docker_trusts_the_authority_that_it_was_given(
    meeting: Meeting, authority: trustme.CA, kind: str, name: str
) -> None:
    registry = getattr(meeting, kind)
    docker = meeting.daemon.docker(kind)
    image, reference = random_image(name), f"{registry}/{name}:1.0"
    meeting.daemon.load({reference: image})
    login = ["login", "-u", ADMIN, "--password-stdin", registry]
    untrusted = "x509: certificate signed by unknown authority"

    refused = docker(*login, give=ADMIN_PASSWORD.encode()).failed()
    assert refused.errors.strip() == (
        f'Error response from daemon: Get "https://{registry}/v2/": {untrusted}'
    )
    assert untrusted in docker("push", reference).failed().errors
    assert untrusted in docker("pull", reference).failed().errors

    meeting.daemon.trust(registry, authority.cert_pem.bytes())

    assert "Login Succeeded" in docker(*login, give=ADMIN_PASSWORD.encode()).succeeded().output
    docker("push", reference).succeeded()
    docker("rmi", reference).succeeded()
    docker("pull", reference).succeeded()
    found = docker("inspect", "--format", "{{.Id}}", reference).succeeded().output
    assert found.strip() == image.config.digest
