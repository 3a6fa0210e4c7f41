"""`docker search`: the two resources of the old API that it asks."""

from __future__ import annotations

import pytest

from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, basic, bearer

NAMES = ["base/nginx", "team/app", "team/app-tools", "team/web"]


@pytest.fixture
def searched(hosted):
    """A client of a repository that answers searches, with four images."""
    client = hosted(v1_enabled=True)
    for name in NAMES:
        client.push_image(name, "v1")
    client.push_blob("team/app-unfinished", b"no manifest refers to it")
    return client


def found(answer) -> list[str]:
    document = answer.expect(200).json()
    assert document["num_results"] == len(document["results"])
    return [result["name"] for result in document["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=app", ["team/app", "team/app-tools"]),
        ("q=APP", ["team/app", "team/app-tools"]),
        ("q=team/w", ["team/web"]),
        ("q=nothing", []),
        ("q=%25", []),
        ("q=_", []),
        ("q=", NAMES),
        ("", NAMES),
        ("q=&n=2", NAMES[:2]),
        ("q=&n=0", NAMES[:1]),
        ("q=&n=9999999999", NAMES),
    ],
)
def test_images_are_found_by_a_part_of_their_name(searched, query, expected):
    assert found(searched.get(f"/v1/search?{query}")) == expected


def test_an_answer_has_what_docker_shows(searched):
    answer = searched.get("/v1/search?q=web&n=25").expect(200)
    assert answer.header("Content-Type") == "application/json"
    assert answer.json() == {
        "query": "web",
        "num_results": 1,
        "num_pages": 1,
        "page": 1,
        "page_size": 25,
        "results": [
            {
                "name": "team/web",
                "description": "",
                "star_count": 0,
                "is_official": False,
                "is_automated": False,
            }
        ],
    }


def test_docker_learns_that_it_may_send_its_password(searched):
    answer = searched.get("/v1/_ping").expect(200)
    assert answer.header("X-Docker-Registry-Standalone") == "true"
    assert answer.json() == {"standalone": True}


@pytest.mark.parametrize("query", ["n=x", "n=-1", "n=1.5", f"q={'a' * 300}", "q=a%00b"])
def test_what_is_no_search_is_refused(searched, query):
    assert searched.get(f"/v1/search?{query}").status == 400


def test_without_the_old_api_there_is_nothing(images):
    images.push_image("team/app", "v1")
    for path in ("/v1/search?q=app", "/v1/_ping"):
        for who in (ADMIN, STRANGER, ANONYMOUS):
            images.as_(who).get(path).expect(404, "UNSUPPORTED")


def test_of_the_old_api_there_is_nothing_else(searched):
    for path in ("/v1/", "/v1/repositories/team/app/tags", "/v1/images/abc/json", "/v1/_catalog"):
        searched.get(path).expect(404, "UNSUPPORTED")
    assert searched.post("/v1/search").status == 405
    searched.get("/v2/search").expect(404, "UNSUPPORTED")


# fault 27
def test_who_may_not_read_finds_nothing(searched):
    for path in ("/v1/search?q=app", "/v1/_ping"):
        searched.as_(STRANGER).get(path).expect(403, "DENIED")
        searched.as_(ANONYMOUS).get(path).expect(401, "UNAUTHORIZED")
        searched.as_(basic("admin", "wrong")).get(path).expect(401, "UNAUTHORIZED")


def test_a_token_for_one_image_is_not_for_a_search(searched):
    narrow = searched.token("repository:team/app:pull")
    challenge = searched.as_(bearer(narrow)).get("/v1/search?q=").expect(401)
    assert 'scope="registry:catalog:search"' in (challenge.header("WWW-Authenticate") or "")
    for scope in ("registry:catalog:search", "registry:catalog:*"):
        assert found(searched.as_(bearer(searched.token(scope))).get("/v1/search?q=")) == NAMES
    searching = bearer(searched.token("registry:catalog:search"))
    searched.as_(searching).get("/v2/_catalog").expect(401)


def test_it_can_be_asked_below_the_name_of_the_repository(searched, main_port):
    client = main_port()
    assert found(client.get("/repository/images/v1/search?q=web")) == ["team/web"]
    client.get("/v1/search?q=web").expect(404)


# fault 27
def test_a_repository_without_the_old_api_looks_like_none(images, main_port):
    for who in (ADMIN, STRANGER, ANONYMOUS):
        client = main_port().as_(who)
        with_name = client.get("/repository/images/v1/search?q=web")
        without = client.get("/repository/nothing/v1/search?q=web")
        assert (with_name.status, with_name.body) == (without.status, without.body)


def test_a_subdomain_answers(hosted, main_port):
    client = hosted(v1_enabled=True, subdomain="own")
    client.push_image("team/app", "v1")
    by_name = main_port(host="own.registry.test")
    assert found(by_name.get("/v1/search?q=app")) == ["team/app"]


def test_a_group_shows_what_its_members_have(searched, hosted, group):
    other = hosted("other")
    for name in ("team/app", "team/zoo"):
        other.push_image(name, "v1")
    union = group("all", "images", "other", v1_enabled=True)
    assert found(union.get("/v1/search?q=team")) == [
        "team/app",
        "team/app-tools",
        "team/web",
        "team/zoo",
    ]
    assert found(union.get("/v1/search?q=team&n=2")) == ["team/app", "team/app-tools"]
    other.get("/v1/search?q=team").expect(404)
