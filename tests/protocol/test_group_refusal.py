"""A group takes no pushes: who is told so in Nexus's words, and who is not."""

from __future__ import annotations

import pytest

from tests.support.accounts import grant
from tests.support.manifests import EMPTY_JSON
from tests.support.registry import ANONYMOUS, STRANGER, RegistryClient, digest_of

SENTENCE = (
    "Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)
DIGEST = digest_of(EMPTY_JSON)
SESSION = "app/blobs/uploads/0f0e8b1c-5a5b-4f6e-9d5c-0a1b2c3d4e5f"
PUSHES = [
    ("POST", "app/blobs/uploads/"),
    ("POST", f"app/blobs/uploads/?mount={DIGEST}&from=app"),
    ("POST", f"app/blobs/uploads/?digest={DIGEST}"),
    ("PATCH", SESSION),
    ("PUT", f"{SESSION}?digest={DIGEST}"),
    ("PUT", "app/manifests/v1"),
    ("PUT", f"app/manifests/{DIGEST}"),
]
READ = "nx-repository-view-docker-all-read"
WRITE = ("nx-repository-view-docker-all-add", "nx-repository-view-docker-all-edit")


@pytest.fixture
def everything(hosted, group) -> RegistryClient:
    """The group `all` of the hosted repository `images`, which holds an image."""
    hosted("images").push_image("app", "v1")
    return group("all", "images")


def push(client: RegistryClient, method: str, path: str):
    return client.request(method, path, EMPTY_JSON)


@pytest.mark.parametrize(("method", "path"), PUSHES)
def test_whoever_may_read_the_group_is_told_in_the_words_of_nexus(
    everything, contents, method, path
):
    before = contents()
    answer = push(everything, method, path).expect(403, "DENIED")
    assert answer.error == {"code": "DENIED", "message": SENTENCE, "detail": None}
    assert contents() == before


@pytest.mark.parametrize(("method", "path"), PUSHES)
def test_the_sentence_is_the_reason_phrase_too(everything, method, path):
    from nexuslite.wsgi import application
    from tests.support.registry import ADMIN, _environ

    lines = []
    headers = {"Authorization": ADMIN}
    environ = _environ(everything.entrance, method, f"/v2/{path}", headers, EMPTY_JSON)
    application(environ, lambda line, fields: lines.append(line))
    assert lines == [f"403 {SENTENCE}"]


@pytest.mark.parametrize("held", [[READ], [READ, *WRITE]])
@pytest.mark.parametrize(
    "scopes", [(), ("repository:app:pull",), ("repository:app:pull,push",), ("repository:b:pull",)]
)
def test_it_does_not_matter_what_else_one_may_or_what_the_token_is_for(everything, held, scopes):
    grant("stranger", *held)
    for client in (everything.as_(STRANGER), everything.as_(STRANGER).with_token(*scopes)):
        for method, path in PUSHES:
            assert push(client, method, path).expect(403, "DENIED").error["message"] == SENTENCE


@pytest.mark.parametrize("anonymous_enabled", [False, True])
def test_anonymous_is_asked_to_sign_in(everything, set_security, anonymous_enabled):
    set_security(anonymous_enabled=anonymous_enabled)
    for method, path in PUSHES:
        answer = push(everything.as_(ANONYMOUS), method, path).expect(401, "UNAUTHORIZED")
        assert 'scope="repository:app:pull,push"' in (answer.header("WWW-Authenticate") or "")
        assert "PRO" not in answer.body.decode()


@pytest.mark.parametrize("held", [[], list(WRITE), ["nx-repository-view-docker-images-*"]])
def test_who_may_not_read_the_group_gets_the_usual_refusal(everything, hosted, held):
    if held:
        grant("stranger", *held)
    hosted("other")
    for method, path in PUSHES:
        answer = push(everything.as_(STRANGER), method, path).expect(403, "DENIED")
        assert answer.error["message"] == "requested access to the resource is denied"
        assert answer.error["detail"]
        token = everything.as_(STRANGER).with_token("repository:app:pull,push")
        push(token, method, path).expect(401, "UNAUTHORIZED")


def test_what_a_group_shows_is_not_deleted_there(everything):
    digest = everything.head("app/manifests/v1").header("Docker-Content-Digest")
    for path in ("app/manifests/v1", f"app/manifests/{digest}", f"app/blobs/{DIGEST}", SESSION):
        everything.delete(path).expect(405, "UNSUPPORTED")
        everything.as_(STRANGER).delete(path).expect(403, "DENIED")
    everything.get("app/manifests/v1").expect(200)


@pytest.mark.parametrize("prefix", ["/v2/all/", "/repository/all/v2/"])
def test_it_is_the_same_on_every_way_to_the_group(everything, change_repository, main_port, prefix):
    change_repository("all", path_enabled=True)
    client = main_port(prefix)
    grant("stranger", READ)
    for actor in (client, client.as_(STRANGER)):
        actor.get("app/manifests/v1").expect(200)
        for method, path in PUSHES:
            assert push(actor, method, path).expect(403, "DENIED").error["message"] == SENTENCE
        push(actor.as_(ANONYMOUS), "POST", "app/blobs/uploads/").expect(401)


def test_a_group_in_a_group_refuses_as_well(everything, group):
    outer = group("outer", "all")
    for method, path in PUSHES:
        assert push(outer, method, path).expect(403, "DENIED").error["message"] == SENTENCE


def test_an_offline_group_refuses_pushes_in_the_same_words(everything, change_repository):
    change_repository("all", online=False)
    assert push(everything, *PUSHES[0]).expect(403, "DENIED").error["message"] == SENTENCE
    everything.get("app/manifests/v1").expect(503, "UNAVAILABLE")
