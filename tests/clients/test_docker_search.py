"""`docker search` against a repository that answers the old API."""

from __future__ import annotations

import json

import pytest

from tests.clients.dockerd import DockerDaemon
from tests.support.images import random_image
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def test_docker_finds_images_by_a_part_of_their_name(
    daemon: DockerDaemon, program: ProgramProcess
) -> None:
    repository = program.create_hosted("searched")
    docker = daemon.docker("searcher")
    docker(
        "login", "-u", ADMIN, "--password-stdin", repository.http, give=ADMIN_PASSWORD.encode()
    ).succeeded()
    for name in ("team/tool", "team/other"):
        daemon.load({f"{repository.http}/{name}:v1": random_image(name)})
        docker("push", f"{repository.http}/{name}:v1").succeeded()

    docker("search", f"{repository.http}/tool").failed()
    settings = json.loads(program.rest("GET", "/repositories/docker/hosted/searched").body)
    settings["docker"]["v1Enabled"] = True
    answer = program.rest("PUT", "/repositories/docker/hosted/searched", settings)
    assert answer.status == 204, answer.body

    shown = docker("search", "--format", "{{.Name}}", f"{repository.http}/tool").succeeded()
    assert shown.output.split() == ["team/tool"]
    daemon.docker("stranger")("search", f"{repository.http}/tool").failed()
