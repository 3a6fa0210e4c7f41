"""Once a change is answered, the registry API works by it; the memory of the worker is warm."""

from __future__ import annotations

import dataclasses

import pytest

from .conftest import hosted_body

IMAGES = "repositories/docker/hosted/images"


@pytest.fixture
def images(hosted):
    """A client of a repository that has served an image and remembers it."""
    client = hosted("images", docker__forceBasicAuth=False)
    client.push_image("team/app", "v1")
    client.get("team/app/manifests/v1").expect(200)
    return client


@pytest.fixture
def change(admin):
    def put(**changes):
        body = hosted_body("images", **{"docker__forceBasicAuth": False, **changes})
        answer = admin.put(IMAGES, body)
        assert answer.status_code == 204, answer.content

    return put


def test_a_new_repository_answers(admin, registry):
    admin.post("repositories/docker/hosted", hosted_body("fresh"))
    registry("fresh").get("").expect(200)


def test_a_repository_goes_offline_and_comes_back(images, change):
    change(online=False)
    assert images.get("team/app/manifests/v1").expect(503).error["message"] == "Repository offline"
    change(online=True)
    images.get("team/app/manifests/v1").expect(200)


def test_a_write_policy_holds(images, change):
    change(storage__writePolicy="DENY")
    images.post("team/app/blobs/uploads/").expect(403, "DENIED")
    change(storage__writePolicy="ALLOW")
    images.post("team/app/blobs/uploads/").expect(202)


def test_a_challenge_follows_the_setting(images, change):
    nobody = images.as_(None)
    assert nobody.get("").expect(401).header("WWW-Authenticate").startswith("Bearer ")
    change(docker__forceBasicAuth=True)
    assert nobody.get("").expect(401).header("WWW-Authenticate").startswith("BASIC ")


def test_a_port_moves(images, change):
    change(docker__httpPort=5009)
    images.get("").expect(404)
    moved = dataclasses.replace(images.entrance, port=5009)
    dataclasses.replace(images, entrance=moved).get("team/app/manifests/v1").expect(200)


def test_a_deleted_repository_is_gone(images, admin):
    admin.delete("repositories/images")
    images.get("team/app/manifests/v1").expect(404)


def test_a_repository_of_the_same_name_begins_empty(images, admin, hosted):
    admin.delete("repositories/images")
    again = hosted("images")
    again.get("team/app/manifests/v1").expect(404, "MANIFEST_UNKNOWN")
    assert again.get("_catalog").json() == {"repositories": []}


def test_a_token_of_the_deleted_repository_is_worth_nothing_in_the_new_one(images, admin, hosted):
    token = images.with_token("repository:team/app:pull").authorization
    admin.delete("repositories/images")
    again = hosted("images", docker__forceBasicAuth=False)
    again.push_image("team/app", "v1")
    again.as_(token).get("team/app/manifests/v1").expect(401)
