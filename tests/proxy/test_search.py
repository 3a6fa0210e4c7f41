"""`docker search` on proxies: the index is asked, and what is held is shown when it fails."""

from __future__ import annotations

import json

import pytest

from nexuslite import stamps
from repositories.models import ProxySettings, RemoteState, Repository, RoutingRule
from tests.support.remote import Fault


@pytest.fixture
def searched(proxy_of):
    """A client of a proxy that answers searches and asks its remote."""
    client = proxy_of()
    with stamps.change(stamps.CONFIGURATION):
        Repository.objects.filter(name="proxy").update(v1_enabled=True)
    return client


def index(*results: object) -> Fault:
    """The remote's answer to a search."""
    body = json.dumps({"num_results": len(results), "results": results}).encode()
    return Fault(status=200, body=body, headers={"Content-Type": "application/json"})


def found(client, query: str = "app") -> list[str]:
    answer = client.get(f"/v1/search?q={query}").expect(200)
    return [result["name"] for result in answer.json()["results"]]


def test_the_index_of_the_remote_is_asked(remote, searched):
    hit = {"name": "team/app", "description": "An app", "star_count": 7, "is_official": True}
    remote.script("/v1/search", index(hit))
    answer = searched.get("/v1/search?q=ap%20p&n=3").expect(200)
    assert answer.json()["results"] == [{**hit, "is_automated": False}]
    (asked,) = remote.requests(part="/v1/")
    assert (asked.path, asked.query) == ("/v1/search", {"q": ["ap p"], "n": ["3"]})


def test_what_is_held_is_found_too(remote, searched):
    remote.add_image("team/app-held", "v1")
    searched.get("team/app-held/manifests/v1").expect(200)
    remote.script("/v1/search", index({"name": "team/app"}))
    assert found(searched) == ["team/app", "team/app-held"]


# fault 7
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=404, body=b"<html>"),
        Fault(status=500),
        Fault(status=429),
        Fault(status=200, body=b"<html>"),
        Fault(status=200, body=b'{"results":5}'),
        Fault(after=0),
    ],
)
def test_without_the_index_what_is_held_is_found(remote, searched, fault):
    remote.add_image("team/app", "v1")
    searched.get("team/app/manifests/v1").expect(200)
    remote.script("/v1/search", fault)
    assert found(searched) == ["team/app"]
    # An index is not the registry: its failure blocks nothing.
    assert RemoteState.objects.get().condition == "available"


def test_an_index_that_fails_and_nothing_held_is_no_empty_list(remote, searched):
    remote.script("/v1/search", Fault(status=500))
    assert searched.get("/v1/search?q=app").status == 502


def test_strange_results_are_left_out(remote, searched):
    remote.script(
        "/v1/search",
        index(
            {"name": "../../etc"},
            {"name": 5},
            {},
            "text",
            {"name": "team/app", "description": {"a": 1}, "star_count": "many", "is_official": 1},
            {"name": "team/other", "description": "x" * 5000, "star_count": -1},
        ),
    )
    results = searched.get("/v1/search?q=app").expect(200).json()["results"]
    assert [result["name"] for result in results] == ["team/app", "team/other"]
    assert results[0]["star_count"] == results[1]["star_count"] == 0
    assert results[0]["is_official"] is False
    assert len(results[1]["description"]) == 1000


def test_a_routing_rule_hides_names_that_belong_to_somebody_else(remote, searched):
    with stamps.change(stamps.CONFIGURATION):
        rule = RoutingRule.objects.create(name="own", mode="BLOCK", matchers=["^/v2/intern/.*"])
        ProxySettings.objects.update(routing_rule=rule)
    remote.script("/v1/search", index({"name": "intern/app"}, {"name": "team/app"}))
    assert found(searched) == ["team/app"]


# fault 23
def test_an_index_elsewhere_in_the_intranet_is_not_asked(remote, proxy_of):
    client = proxy_of("other", index_type="CUSTOM", index_url=f"http://localhost:{remote.port}/")
    with stamps.change(stamps.CONFIGURATION):
        Repository.objects.filter(name="other").update(v1_enabled=True)
    assert client.get("/v1/search?q=app").status == 502
    assert remote.requests() == []


def test_a_group_asks_the_index_and_shows_its_own_first(remote, hosted, proxy_of, group):
    own = hosted("own")
    own.push_image("team/app", "v1")
    proxy_of()
    union = group("all", "own", "proxy", v1_enabled=True)
    remote.script("/v1/search", index({"name": "team/app-remote"}, {"name": "team/app"}))
    assert found(union) == ["team/app", "team/app-remote"]
    remote.script("/v1/search", Fault(status=500))
    assert found(union) == ["team/app"]
