"""Deployment policies and the online flag: nexus.md's texts, and no more refusals than they say."""

import pytest

from tests.support.registry import digest_of

ON_BOTH_DATABASES = True

NO_REDEPLOY = "cannot be updated as asset already exists and redeploy is not allowed"


@pytest.fixture
def read_only(images, change_repository):
    """A repository with an image, that has become read-only."""
    pushed = images.push_image("team/app", "v1")
    location = images.start_upload("team/app")
    change_repository(write_policy="DENY")
    return images, pushed, location


def test_a_read_only_repository_refuses_at_the_first_post(read_only, contents):
    images, pushed, _ = read_only
    before = contents()
    digest = digest_of(pushed.config)
    for query in ("", f"?digest={digest}", f"?mount={digest}&from=team/app", "?mount=x"):
        answer = images.post(f"team/new/blobs/uploads/{query}", pushed.config)
        answer.expect(403, "DENIED")
        assert answer.error["message"] == "Repository is read only: images"
    assert contents() == before


def test_a_read_only_repository_refuses_every_other_write(read_only, contents):
    images, pushed, location = read_only
    before = contents()
    images.patch(location, b"x").expect(403, "DENIED")
    images.put(f"{location}?digest={digest_of(b'x')}", b"x").expect(403, "DENIED")
    images.put(f"{location}?digest={digest_of(b'')}").expect(403, "DENIED")
    for reference in ("v1", "new", pushed.digest):
        images.put_manifest("team/app", reference, pushed.content).expect(403, "DENIED")
    for path in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{digest_of(pushed.config)}"):
        answer = images.delete(f"team/app/{path}").expect(403, "DENIED")
        assert answer.error["message"].endswith(" cannot be deleted")
    assert contents() == before
    images.delete(location).expect(204)


def test_a_read_only_repository_is_read(read_only):
    images, pushed, location = read_only
    assert images.get("team/app/manifests/v1").expect(200).body == pushed.content
    images.get(f"team/app/blobs/{digest_of(pushed.config)}").expect(200)
    images.get("team/app/tags/list").expect(200)
    images.get(location).expect(204)


@pytest.mark.parametrize("same", [True, False])
def test_a_tag_is_deployed_once(hosted, same):
    images = hosted(write_policy="ALLOW_ONCE")
    first = images.push_image("team/app", "v1")
    second = images.push_image("team/app", seed="second")
    content = first.content if same else second.content
    answer = images.put_manifest("team/app", "v1", content).expect(400, "BLOB_UPLOAD_INVALID")
    assert answer.error["message"] == f"images/v2/team/app/manifests/v1 {NO_REDEPLOY}"
    assert answer.error["detail"] == "Repository does not allow updating assets: images"
    assert images.get("team/app/manifests/v1").expect(200).body == first.content


@pytest.mark.parametrize("latest_policy", [True, False, None])
def test_latest_may_be_excepted(hosted, latest_policy):
    images = hosted(write_policy="ALLOW_ONCE", latest_policy=latest_policy)
    first = images.push_image("team/app", "latest")
    second = images.push_image("team/app", seed="second")
    images.put_manifest("team/app", "v1", first.content).expect(201)
    answer = images.put_manifest("team/app", "latest", second.content)
    answer.expect(201 if latest_policy else 400)
    expected = second if latest_policy else first
    assert images.get("team/app/manifests/latest").expect(200).body == expected.content
    images.put_manifest("team/app", "v1", second.content).expect(400, "BLOB_UPLOAD_INVALID")


def test_deployed_once_does_not_mean_pushed_once(hosted):
    """Layers, digests and further tags of a known digest are no redeployment."""
    images = hosted(write_policy="ALLOW_ONCE")
    for number in range(3):
        pushed = images.push_image("team/app", f"v{number}")
        images.put_manifest("team/app", pushed.digest, pushed.content).expect(201)
    images.delete("team/app/manifests/v1").expect(202)
    images.put_manifest("team/app", "v1", pushed.content).expect(201)


def test_one_taken_tag_of_several_refuses_all(hosted):
    images = hosted(write_policy="ALLOW_ONCE")
    pushed = images.push_image("team/app", "taken")
    reference = f"{pushed.digest}?tag=new&tag=taken"
    images.put_manifest("team/app", reference, pushed.content).expect(400, "BLOB_UPLOAD_INVALID")
    images.get("team/app/manifests/new").expect(404)


def test_a_change_of_policy_counts_at_once(images, change_repository):
    first = images.push_image("team/app", "v1")
    for policy, status in (("ALLOW_ONCE", 400), ("DENY", 403), ("ALLOW", 201)):
        change_repository(write_policy=policy)
        images.put_manifest("team/app", "v1", first.content).expect(status)


def test_an_offline_repository_answers_503(images, change_repository):
    pushed = images.push_image("team/app", "v1")
    location = images.start_upload("team/app")
    change_repository(online=False)
    digest = digest_of(pushed.config)
    for method, path in (
        ("GET", ""),
        ("GET", "team/app/manifests/v1"),
        ("HEAD", "team/app/manifests/v1"),
        ("GET", f"team/app/blobs/{digest}"),
        ("GET", "team/app/tags/list"),
        ("GET", "_catalog"),
        ("GET", f"team/app/referrers/{pushed.digest}"),
        ("POST", "team/app/blobs/uploads/"),
        ("PATCH", location),
        ("PUT", f"{location}?digest={digest}"),
        ("PUT", "team/app/manifests/v1"),
        ("DELETE", "team/app/manifests/v1"),
        ("DELETE", f"team/app/blobs/{digest}"),
    ):
        answer = images.request(method, path).expect(503)
        if method != "HEAD":
            assert answer.error["code"] == "UNAVAILABLE"
            assert answer.error["message"] == "Repository offline"
    change_repository(online=True)
    assert images.get("team/app/manifests/v1").expect(200).body == pushed.content
