"""Components: the tags of a repository, by REST."""

from __future__ import annotations

import base64

import pytest

from accounts.models import AuditEvent
from nexuslite import stamps
from repositories.models import Repository, Tag
from tests.support.accounts import grant

from .repository_bodies import group_body

COMPONENTS = "components"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
def pushed(hosted):
    """Two tags of one manifest."""
    images = hosted("images")
    image = images.push_image("team/app", "1")
    images.put_manifest("team/app", "2", image.content).expect(201)
    return image


def listed(actor, repository="images", **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    answer = actor.get(f"{COMPONENTS}?repository={repository}{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_tag_is_a_component_with_its_manifest_as_asset(admin, pushed):
    page = listed(admin)
    assert page["continuationToken"] is None
    assert [each["version"] for each in page["items"]] == ["1", "2"]
    first = page["items"][0]
    assert (first["name"], first["format"], first["group"]) == ("team/app", "docker", None)
    (asset,) = first["assets"]
    assert asset["path"] == "/v2/team/app/manifests/1"
    assert asset["downloadUrl"].endswith("/repository/images/v2/team/app/manifests/1")
    assert f"sha256:{asset['checksum']['sha256']}" == pushed.digest
    one = admin.get(f"{COMPONENTS}/{first['id']}")
    assert one.json() == first


def test_pages_follow_each_other(admin, pushed, monkeypatch):
    monkeypatch.setattr("repositories.api.component_views.PAGE_SIZE", 1)
    first = listed(admin)
    second = listed(admin, continuationToken=first["continuationToken"])
    assert [page["items"][0]["version"] for page in (first, second)] == ["1", "2"]
    assert second["continuationToken"] is None


def test_a_component_is_deleted_and_its_twin_stays(admin, pushed):
    item = listed(admin)["items"][0]
    assert admin.delete(f"{COMPONENTS}/{item['id']}").status_code == 204
    assert list(Tag.objects.values_list("name", flat=True)) == ["2"]
    event = AuditEvent.objects.latest("pk")
    assert (event.domain, event.type) == ("repository.asset", "deleted")
    assert admin.delete(f"{COMPONENTS}/{item['id']}").status_code == 404


@pytest.mark.parametrize(
    ("privileges", "list_status", "delete_status"),
    [
        ((), 404, 404),
        (("delete",), 404, 404),
        (("browse",), 200, 403),
        (("read",), 200, 403),
        (("browse", "delete"), 200, 204),
    ],
)
def test_deleting_needs_delete_and_to_see_it(
    admin, stranger, give, pushed, privileges, list_status, delete_status
):
    identifier = listed(admin)["items"][0]["id"]
    give("stranger", *(f"nx-repository-view-docker-images-{each}" for each in privileges))
    assert stranger.get(f"{COMPONENTS}?repository=images").status_code == list_status
    assert stranger.delete(f"{COMPONENTS}/{identifier}").status_code == delete_status


def test_a_selector_opens_what_it_matches_alone(admin, stranger, hosted):
    images = hosted("images")
    images.push_image("team/app", "1")
    images.push_image("other/app", "1")
    selector = {"name": "team", "expression": 'path =^ "/v2/team/"', "description": ""}
    assert admin.post("security/content-selectors", selector).status_code == 204
    privilege = {
        "name": "of-the-team",
        "description": "",
        "actions": ["BROWSE", "READ"],
        "contentSelector": "team",
        "format": "docker",
        "repository": "images",
    }
    made = admin.post("security/privileges/repository-content-selector", privilege)
    assert made.status_code == 201
    role = {"id": "team", "name": "team", "privileges": ["of-the-team"], "roles": []}
    assert admin.post("security/roles", role).status_code == 200
    grant("stranger", "of-the-team")
    assert [each["name"] for each in listed(stranger)["items"]] == ["team/app"]


def test_hidden_and_unknown_components_look_alike(admin, stranger, pushed):
    hidden = stranger.get(f"{COMPONENTS}/{listed(admin)['items'][0]['id']}")
    unknown = stranger.get(f"{COMPONENTS}/{encoded('images:999999')}")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.content == unknown.content


def test_a_read_only_repository_refuses(admin, pushed, hosted):
    item = listed(admin)["items"][0]
    with stamps.change(stamps.CONFIGURATION):
        Repository.objects.update(write_policy="DENY")
    answer = admin.delete(f"{COMPONENTS}/{item['id']}")
    assert answer.status_code == 400
    assert b"cannot be deleted" in answer.content


def test_a_group_shows_what_its_members_hold_and_deletes_none_of_it(admin, pushed):
    body = group_body("all", "images")
    assert admin.post("repositories/docker/group", body).status_code == 201
    item = listed(admin, "all")["items"][0]
    assert item["repository"] == "all"
    assert admin.get(f"{COMPONENTS}/{item['id']}").json() == item
    assert admin.delete(f"{COMPONENTS}/{item['id']}").status_code == 400
    assert Tag.objects.count() == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("components", 422),
        ("components?repository=images&continuationToken=x", 422),
        ("components?repository=images&continuationToken=99999999999999999999", 422),
        ("components?repository=none", 404),
        (f"components/{encoded('images')}", 422),
        (f"components/{encoded('images:-1')}", 422),
        ("components/!!!", 404),
        (f"components/{encoded('images:1')}x", 404),
    ],
)
def test_what_is_no_component_is_told(admin, pushed, path, status):
    assert admin.get(path).status_code == status
