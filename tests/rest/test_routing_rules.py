"""`/service/rest/v1/routing-rules`."""

from __future__ import annotations

import pytest

from repositories.records import snapshot

from .conftest import errors_of, message_of
from .repository_bodies import PROXIES, RULES, proxy_body, rule_body


def _allows(path: str, name: str = "mirror") -> bool:
    proxy = snapshot().by_name[name].proxy
    assert proxy is not None
    assert proxy.routing_rule is not None
    return proxy.routing_rule.allows(path)


def test_a_rule_is_made_read_changed_and_deleted(admin):
    made = admin.post(RULES, rule_body())
    assert (made.status_code, made.content) == (204, b"")
    assert admin.get(f"{RULES}/rule").json() == {
        "name": "rule",
        "description": "A rule",
        "mode": "BLOCK",
        "matchers": ["/v2/private/.*"],
    }
    changed = admin.put(f"{RULES}/rule", rule_body("renamed", "a", "b", mode="ALLOW"))
    assert (changed.status_code, changed.content) == (204, b"")
    assert admin.get(RULES).json() == [
        {"name": "renamed", "description": "A rule", "mode": "ALLOW", "matchers": ["a", "b"]}
    ]
    assert admin.delete(f"{RULES}/renamed").status_code == 204
    assert admin.get(RULES).json() == []


def test_what_does_not_exist_is_not_found(admin):
    sentence = "Did not find a routing rule with the name 'none'"
    assert message_of(admin.get(f"{RULES}/none"), 404) == sentence
    assert message_of(admin.put(f"{RULES}/none", rule_body("none")), 404) == sentence
    assert message_of(admin.delete(f"{RULES}/none"), 404) == sentence


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "_bad"}, "name"),
        ({"mode": "SOMETIMES"}, "mode"),
        ({"matchers": []}, "matchers"),
        ({"matchers": ["a", "("]}, "matchers[1]"),
        ({"matchers": ["(?=a)b"]}, "matchers[0]"),
        ({"matchers": [""]}, "matchers[0]"),
        ({"matchers": ["a" * 1001]}, "matchers[0]"),
        ({"matchers": ["(((a{1,999}){1,999}){1,999})"]}, "matchers[0]"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_field(admin, change, field):
    assert set(errors_of(admin.post(RULES, rule_body(**change)))) == {field}


def test_a_name_is_used_once_whatever_its_case(admin):
    admin.post(RULES, rule_body("rule"))
    admin.post(RULES, rule_body("other"))
    used = {"name": "A rule with the same name already exists. Name must be unique."}
    assert errors_of(admin.post(RULES, rule_body("Rule"))) == used
    assert errors_of(admin.put(f"{RULES}/other", rule_body("RULE"))) == used
    assert admin.put(f"{RULES}/rule", rule_body("Rule")).status_code == 204


@pytest.mark.parametrize("field", ["routingRule", "routingRuleName"])
def test_a_rule_in_use_cannot_be_deleted(admin, field):
    admin.post(RULES, rule_body())
    admin.post(PROXIES, proxy_body(**{field: "rule"}))
    assert admin.get(f"{PROXIES}/mirror").json()["routingRuleName"] == "rule"
    assert message_of(admin.delete(f"{RULES}/rule"), 400) == (
        "Routing rule is still in use by 1 repositories."
    )
    admin.put(f"{PROXIES}/mirror", proxy_body())
    assert admin.get(f"{PROXIES}/mirror").json()["routingRuleName"] is None
    assert admin.delete(f"{RULES}/rule").status_code == 204


def test_a_block_rule_blocks_what_matches_and_an_allow_rule_the_rest(admin):
    admin.post(RULES, rule_body("rule", "/v2/ours/.*", "/v2/.*/secret/.*"))
    admin.post(PROXIES, proxy_body(routingRule="rule"))
    assert _allows("/v2/library/nginx/manifests/latest")
    assert not _allows("/v2/ours/app/manifests/1")
    assert not _allows("/v2/a/secret/manifests/1")
    # The whole path has to match.
    assert _allows("/v2/not/v2/ours/app")
    admin.put(f"{RULES}/rule", rule_body("rule", "/v2/library/.*", mode="ALLOW"))
    assert _allows("/v2/library/nginx/manifests/latest")
    assert not _allows("/v2/ours/app/manifests/1")


def test_an_expression_that_would_take_for_ever_elsewhere_is_answered_at_once(admin):
    admin.post(RULES, rule_body("rule", "(a|a)*(a+)+b"))
    admin.post(PROXIES, proxy_body(routingRule="rule"))
    assert _allows("a" * 5000)
