"""Requests at the same moment, in threads of one process; whole servers race in tests/faults."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from repositories.models import Blob, Upload
from tests.support.registry import Answer, digest_of, pieces_of

ON_BOTH_DATABASES = True

CONTENT = b"a shared layer" * 1000
DIGEST = digest_of(CONTENT)


@pytest.fixture
def at_once() -> Callable[[Sequence[Callable[[], Answer]]], list[Answer]]:
    """Makes requests in a thread each; gives the answers in the same order."""

    def run(requests: Sequence[Callable[[], Answer]]) -> list[Answer]:
        def in_thread(request: Callable[[], Answer]) -> Answer:
            try:
                return request()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(in_thread, requests))

    return run


def finishing(client, image):
    """A session with everything sent; gives the request that closes it."""
    location = client.start_upload(image)
    client.patch(location, pieces_of(CONTENT, 500)).expect(202)
    return lambda: client.put(f"{location}?digest={DIGEST}")


@pytest.mark.parametrize("policy", ["ALLOW", "ALLOW_ONCE"])
def test_one_layer_pushed_by_many_is_one_object(hosted, at_once, blob_folder, policy):
    # fault 12
    clients = [hosted(name, write_policy=policy) for name in ("first", "second")]
    requests = [
        finishing(client, image) for client in clients for image in ("a", "b", "b", "c", "c")
    ]
    for answer in at_once(requests):
        answer.expect(201)
    for client in clients:
        for image in ("a", "b", "c"):
            assert client.get(f"{image}/blobs/{DIGEST}").expect(200).body == CONTENT
    assert Blob.objects.count() == 1
    files = list((blob_folder / "content").rglob(f"{DIGEST[7:]}.*"))
    assert [path.name for path in files if path.name in Blob.objects.get().storage_key]
    assert len(files) == 1
    files[0].unlink()


def test_a_session_that_many_close_at_once_makes_one_object(images, at_once, blob_folder):
    close = finishing(images, "team/app")
    answers = at_once([close] * 6)
    assert 201 in {answer.status for answer in answers}
    assert {answer.status for answer in answers} <= {201, 409}
    close().expect(201)
    (stored,) = (blob_folder / "content").rglob(f"{DIGEST[7:]}.*")
    assert stored.stat().st_nlink == 1
    assert images.get(f"team/app/blobs/{DIGEST}").expect(200).body == CONTENT
    assert not Upload.objects.exists()
    stored.unlink()


def test_two_writers_of_one_session_never_mix(images, at_once):
    # fault 18
    location = images.start_upload("team/app")
    ranged = {"Content_Range": f"0-{len(CONTENT) - 1}"}
    answers = at_once([lambda: images.patch(location, CONTENT, **ranged)] * 6)
    assert sum(answer.status == 202 for answer in answers) == 1
    assert {answer.status for answer in answers} <= {202, 404, 409, 416}
    images.put(f"{location}?digest={DIGEST}").expect(201)
    assert images.get(f"team/app/blobs/{DIGEST}").expect(200).body == CONTENT


def test_deployed_once_by_exactly_one(hosted, at_once):
    # fault 11
    images = hosted(write_policy="ALLOW_ONCE")
    pushed = [images.push_image("team/app", seed=str(number)) for number in range(6)]
    answers = at_once(
        [lambda each=each: images.put_manifest("team/app", "v1", each.content) for each in pushed]
    )
    winners = [each for each, answer in zip(pushed, answers, strict=True) if answer.status == 201]
    assert len(winners) == 1
    assert {answer.status for answer in answers} == {201, 400}
    assert images.get("team/app/manifests/v1").expect(200).body == winners[0].content


def test_a_tag_pushed_by_many_is_one_of_theirs(images, at_once):
    # fault 11
    pushed = [images.push_image("team/app", seed=str(number)) for number in range(6)]
    requests = [
        lambda each=each: images.put_manifest("team/app", "v1", each.content) for each in pushed
    ]
    for answer in at_once(requests):
        answer.expect(201)
    assert images.get("team/app/manifests/v1").expect(200).body in {each.content for each in pushed}
    assert images.get("team/app/tags/list").json()["tags"] == ["v1"]


def test_a_push_against_a_deletion_leaves_no_tag_without_manifest(images, at_once):
    # fault 11
    for turn in range(4):
        pushed = images.push_image("team/app", "v1", seed=str(turn))
        push, delete = at_once(
            [
                lambda content=pushed.content: images.put_manifest("team/app", "v1", content),
                lambda digest=pushed.digest: images.delete(f"team/app/manifests/{digest}"),
            ]
        )
        push.expect(201)
        delete.expect(202)
        there = images.get("team/app/manifests/v1").status
        assert there == images.get(f"team/app/manifests/{pushed.digest}").status
        assert ("v1" in images.get("team/app/tags/list").json()["tags"]) == (there == 200)


def test_a_manifest_against_the_deletion_of_its_blob_is_whole_or_refused(images, at_once):
    for turn in range(4):
        pushed = images.push_image("team/app", seed=str(turn))
        images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
        blob = f"team/app/blobs/{digest_of(pushed.config)}"
        push, delete = at_once(
            [
                lambda content=pushed.content: images.put_manifest("team/app", "v1", content),
                lambda blob=blob: images.delete(blob),
            ]
        )
        assert (push.status, delete.status) in {(201, 405), (400, 202)}
        assert images.head(blob).status == (200 if push.status == 201 else 404)
