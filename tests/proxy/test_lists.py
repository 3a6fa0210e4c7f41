"""Lists are the remote's where it can be asked, else those of what is held."""

from __future__ import annotations

import pytest

from accounts.principals import Principal
from repositories.actions.invalidate_cache import invalidate_cache
from tests.proxy.pulls import pull
from tests.support.manifests import artifact, descriptor, index
from tests.support.registry import digest_of
from tests.support.remote import OCI_INDEX, OCI_MANIFEST, Fault

TAGS = "team/app/tags/list"


def test_the_tags_are_those_of_the_remote(remote, proxy):
    for tag in ("v2", "v10", "v1"):
        remote.add_image("team/app", tag)
    assert proxy.get(TAGS).expect(200).json() == {"name": "team/app", "tags": ["v1", "v10", "v2"]}


def test_pages_of_tags_ask_the_remote_once(remote, proxy):
    names = sorted(f"v{number}" for number in range(25))
    for name in reversed(names):
        remote.add_image("team/app", name)
    found, path = [], f"/v2/{TAGS}?n=10"
    for _ in range(3):
        answer = proxy.get(path).expect(200)
        found += answer.json()["tags"]
        path = answer.next_page if answer.header("Link") else ""
    assert (found, path) == (names, "")
    assert len(remote.requests()) == 1


def test_new_tags_are_seen_when_the_cache_is_invalidated(remote, proxy):
    remote.add_image("team/app", "v1")
    proxy.get(TAGS)
    remote.add_image("team/app", "v2")
    invalidate_cache(Principal("admin"), "proxy")
    assert proxy.get(TAGS).json()["tags"] == ["v1", "v2"]


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_without_the_remote_the_tags_are_those_that_are_held(remote, proxy, status):
    pull(proxy, remote.add_image("team/app", "held"), "held")
    remote.add_image("team/app", "other")
    remote.script("/tags/", Fault(status=status))
    assert proxy.get(TAGS).expect(200).json()["tags"] == ["held"]


@pytest.mark.parametrize(("status", "told"), [(401, 403), (404, 404), (429, 429), (500, 502)])
def test_tags_of_what_is_not_held(remote, proxy, status, told):
    remote.script("/tags/", Fault(status=status))
    proxy.get(TAGS).expect(told)


SUBJECT = digest_of(b"a subject")


def referrer_of(remote, artifact_type: str) -> dict:
    subject = descriptor(b"a subject", OCI_MANIFEST)
    content = artifact(subject, artifact_type)
    remote.add_manifest("team/app", content)
    return descriptor(content, OCI_MANIFEST, artifactType=artifact_type)


def referrers(proxy, query: str = "") -> list[str]:
    answer = proxy.get(f"team/app/referrers/{SUBJECT}{query}").expect(200)
    return sorted(each["digest"] for each in answer.json()["manifests"])


def test_referrers_are_those_of_the_remote(remote, proxy):
    signature = referrer_of(remote, "application/signature")
    sbom = referrer_of(remote, "application/sbom")
    remote.referrers[SUBJECT] = [signature, sbom]
    assert referrers(proxy) == sorted([signature["digest"], sbom["digest"]])
    assert referrers(proxy, "?artifactType=application/sbom") == [sbom["digest"]]


def test_referrers_that_are_held_are_listed_without_the_remote(remote, proxy):
    signature = referrer_of(remote, "application/signature")
    proxy.get(f"team/app/manifests/{signature['digest']}").expect(200)
    remote.script("", Fault(status=500))
    assert referrers(proxy) == [signature["digest"]]


def test_referrers_of_a_remote_that_does_not_know_the_api(remote, proxy):
    signature = referrer_of(remote, "application/signature")
    remote.referrers = None
    assert referrers(proxy) == []
    invalidate_cache(Principal("admin"), "proxy")
    tag = SUBJECT.replace(":", "-")
    remote.add_manifest("team/app", index(signature), tag, OCI_INDEX)
    assert referrers(proxy) == [signature["digest"]]


def test_what_is_no_descriptor_is_left_out(remote, proxy):
    signature = referrer_of(remote, "application/signature")
    broken = [{}, {**signature, "size": -1}, {**signature, "digest": "x"}, {"mediaType": 1}, 7]
    remote.referrers[SUBJECT] = [*broken, {**signature, "annotations": {"a": 1, "b": "c"}}]
    (found,) = proxy.get(f"team/app/referrers/{SUBJECT}").expect(200).json()["manifests"]
    assert (found["digest"], found["annotations"]) == (signature["digest"], {"b": "c"})
