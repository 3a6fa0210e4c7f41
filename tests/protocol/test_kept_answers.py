"""Answers that a worker keeps for a moment never hide what was pushed meanwhile."""

from __future__ import annotations


def test_head_of_a_list_tells_the_length_that_get_has(images):
    subject = images.push_image("team/app", "v1")
    for path in (f"team/app/referrers/{subject.digest}", "team/app/tags/list"):
        images.head(path).expect(200)

    images.push_image("team/app", "v2", subject=subject.descriptor)

    for path in (f"team/app/referrers/{subject.digest}", "team/app/tags/list"):
        length = images.head(path).expect(200).header("Content-Length")
        assert length == str(len(images.get(path).expect(200).body))


def test_head_of_a_manifest_follows_its_tag(images):
    images.push_image("team/app", "v1", seed="first")
    images.head("team/app/manifests/v1").expect(200)

    second = images.push_image("team/app", "v1", seed="second")

    found = images.head("team/app/manifests/v1").expect(200)
    assert found.header("Docker-Content-Digest") == second.digest
