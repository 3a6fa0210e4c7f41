"""Proxy repositories of the whole program, as a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.faults.client import Client
from tests.rest.repository_bodies import PROXIES, proxy_body
from tests.support.process import ProgramProcess
from tests.support.server import free_port


@dataclass(frozen=True)
class ProgramProxy:
    """A proxy repository whose HTTP port is open."""

    program: ProgramProcess
    name: str
    port: int

    def client(self, image: str) -> Client:
        """A client of one image, signed in as the administrator."""
        return Client(self.port, image)


def create_proxy(
    program: ProgramProcess, remote_url: str, name: str = "proxy", **changes: Any
) -> ProgramProxy:
    """Makes a proxy repository by REST and waits until its port is open."""
    port = free_port()
    body = proxy_body(
        name,
        docker__httpPort=port,
        proxy__remoteUrl=remote_url,
        httpClient__connection={"retries": 0, "timeout": 10},
        **changes,
    )
    answer = program.rest("POST", f"/{PROXIES}", body)
    assert answer.status == 201, (answer.status, answer.body)
    program.wait_until_open(port)
    return ProgramProxy(program, name, port)
