"""Marking the ports of a repository as a read-only mirror."""

from __future__ import annotations

import pytest

from .conftest import errors_of
from .repository_bodies import GROUPS, PROXIES, group_body, proxy_body

FIELD = "docker.readOnlyMirror"
MIRROR = {"v1Enabled": False, "forceBasicAuth": False, "httpPort": 6500, "readOnlyMirror": True}


def test_a_proxy_and_a_group_can_be_mirrors(admin):
    assert admin.post(PROXIES, proxy_body("hub", docker=MIRROR)).status_code == 201
    group = group_body("all", "hub", docker={**MIRROR, "httpPort": 6501})
    assert admin.post(GROUPS, group).status_code == 201
    for path in (f"{PROXIES}/hub", f"{GROUPS}/all"):
        assert admin.get(path).json()["docker"]["readOnlyMirror"] is True


def test_other_repositories_look_as_in_nexus(admin):
    admin.post(PROXIES, proxy_body("hub"))
    assert "readOnlyMirror" not in admin.get(f"{PROXIES}/hub").json()["docker"]


def test_the_mark_can_be_taken_away(admin):
    admin.post(PROXIES, proxy_body("hub", docker=MIRROR))
    body = proxy_body("hub", docker={**MIRROR, "readOnlyMirror": None})
    assert admin.put(f"{PROXIES}/hub", body).status_code == 204
    assert "readOnlyMirror" not in admin.get(f"{PROXIES}/hub").json()["docker"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"forceBasicAuth": True}, "A mirror needs anonymous pull: forceBasicAuth must be false"),
        ({"httpPort": None}, "A mirror needs a port of its own"),
    ],
)
def test_what_cannot_work_is_refused(admin, changes, message):
    answer = admin.post(PROXIES, proxy_body("hub", docker={**MIRROR, **changes}))
    assert errors_of(answer) == {FIELD: message}


def test_a_hosted_repository_is_no_mirror(admin):
    body = {
        "name": "images",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "docker": MIRROR,
    }
    answer = admin.post("repositories/docker/hosted", body)
    assert errors_of(answer) == {FIELD: "Only proxy and group repositories can be mirrors"}
