"""Proxy and group repositories of a running program, made by REST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.process import HostedRepository, ProgramProcess
from tests.support.server import free_port


def create_proxy(
    program: ProgramProcess, name: str, remote_url: str, **changes: Any
) -> HostedRepository:
    """Creates a proxy on a free HTTP port; returns it when the port is open."""
    document = {
        "proxy": {"remoteUrl": remote_url, "contentMaxAge": 1440, "metadataMaxAge": 1440},
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {"blocked": False, "autoBlock": True},
        "dockerProxy": {"indexType": "REGISTRY"},
        **changes,
    }
    return create(program, "proxy", name, document)


def create_group(
    program: ProgramProcess, name: str, members: Sequence[str], **changes: Any
) -> HostedRepository:
    """Creates a group on a free HTTP port; returns it when the port is open."""
    return create(program, "group", name, {"group": {"memberNames": members}, **changes})


def create(
    program: ProgramProcess, kind: str, name: str, document: dict[str, Any]
) -> HostedRepository:
    """Creates a repository of any kind with an HTTP port, from the sections that are its own."""
    program.activate_docker_tokens()
    repository = HostedRepository(name, free_port())
    whole = {
        "name": name,
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": False,
            "httpPort": repository.http_port,
        },
        **document,
    }
    answer = program.rest("POST", f"/repositories/docker/{kind}", whole)
    assert answer.status == 201, (answer.status, answer.body)
    program.wait_until_open(repository.http_port)
    return repository
