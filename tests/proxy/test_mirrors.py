"""Ports for the mirror settings of docker and containerd: nobody signs in, nothing is written."""

from __future__ import annotations

import pytest

from accounts import audit
from accounts.models import AuditEvent
from nexuslite import stamps
from repositories.models import Repository
from tests.support.accounts import add_user
from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, basic, bearer

HUB_PASSWORD = basic("hub-user", "password-of-docker-hub")
EVERYBODY = [ANONYMOUS, HUB_PASSWORD, STRANGER, ADMIN, bearer("token-of-docker-hub"), "Nonsense"]


@pytest.fixture
def image(remote):
    return remote.add_image("library/tool", "v1")


@pytest.fixture
def mirror(proxy_of, image, set_security):
    """A client of a proxy's port that is a mirror; anonymous access is on."""
    client = proxy_of()
    with stamps.change(stamps.SECURITY):
        add_user("anonymous", "!")
    set_security(anonymous_enabled=True)
    mark("proxy")
    return client


def mark(name: str) -> None:
    with stamps.change(stamps.CONFIGURATION):
        Repository.objects.filter(name=name).update(read_only_mirror=True)


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_pulls_whatever_they_show(mirror, image, who):
    client = mirror.as_(who)
    base = client.get("/v2/").expect(200)
    assert base.header("WWW-Authenticate") is None
    client.head("library/tool/manifests/v1").expect(200)
    manifest = client.get(f"library/tool/manifests/{image.digest}").expect(200)
    assert manifest.body == image.content
    client.get(f"library/tool/blobs/{image.layer_digests[0]}").expect(200)
    client.get("library/tool/tags/list?ns=docker.io").expect(200)


def test_credentials_are_neither_counted_nor_noted(mirror, caplog):
    for number in range(30):
        mirror.as_(basic("hub-user", f"password-{number}")).get("/v2/").expect(200)
        mirror.as_(bearer(f"token-{number}")).head("library/tool/manifests/v1").expect(200)
    audit.flush()
    assert not AuditEvent.objects.filter(domain="security.signin").exists()
    assert "hub-user" not in caplog.text
    assert "password-" not in caplog.text


@pytest.mark.parametrize("who", [ANONYMOUS, HUB_PASSWORD, ADMIN])
def test_nothing_is_written(mirror, image, who):
    client = mirror.as_(who)
    for answer in (
        client.post("library/tool/blobs/uploads/"),
        client.put("library/tool/manifests/v2", image.content),
        client.delete(f"library/tool/manifests/{image.digest}"),
        client.post("/v2/token"),
    ):
        answer.expect(405, "UNSUPPORTED")
        assert answer.header("WWW-Authenticate") is None
    client.get("/v2/token?service=any").expect(404)


@pytest.mark.parametrize("who", EVERYBODY)
def test_what_anonymous_may_not_read_is_denied_without_a_challenge(mirror, set_security, who):
    set_security(anonymous_enabled=False)
    client = mirror.as_(who)
    client.get("/v2/").expect(200)
    for path in ("library/tool/manifests/v1", "library/none/manifests/v1", "_catalog"):
        answer = client.get(path).expect(403, "DENIED")
        assert answer.header("WWW-Authenticate") is None
        assert answer.error["detail"]


def test_a_group_is_a_mirror_too(mirror, group, image):
    union = group("all", "proxy")
    mark("all")
    union.as_(HUB_PASSWORD).get("/v2/").expect(200)
    union.as_(HUB_PASSWORD).get("library/tool/manifests/v1?ns=docker.io").expect(200)
    union.as_(ADMIN).post("library/tool/blobs/uploads/").expect(405, "UNSUPPORTED")


def test_only_the_ports_are_mirrors(mirror, main_port):
    by_name = main_port("/repository/proxy/v2/").as_(HUB_PASSWORD)
    by_name.get("library/tool/manifests/v1").expect(401)


def test_a_mirror_that_is_offline_says_so(mirror):
    with stamps.change(stamps.CONFIGURATION):
        Repository.objects.filter(name="proxy").update(online=False)
    mirror.as_(ANONYMOUS).get("library/tool/manifests/v1").expect(503)
