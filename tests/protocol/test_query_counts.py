"""How many statements a request costs; these numbers may fall, and rise only on purpose."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import passwords
from nexuslite import stamps
from nexuslite.warming import warm_up
from tests.support.registry import Answer, digest_of

CONTENT = b"a layer of an image"
_AROUND = ("BEGIN", "COMMIT", "PRAGMA", "SAVEPOINT", "RELEASE")


@pytest.fixture
def cost() -> Callable[[Callable[[], Answer]], int]:
    """Counts the statements of a request, apart from those that only begin and end something."""

    def count(request: Callable[[], Answer]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert request().status < 400
        return sum(not each["sql"].startswith(_AROUND) for each in captured)

    return count


@pytest.fixture
def puller(images):
    """A client with a bearer token, that has made a request before."""
    images.push_image("team/app", "v1")
    images.push_blob("team/app", CONTENT)
    client = images.with_token("repository:team/app:pull")
    client.get("").expect(200)
    return client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["manifests/v1", f"blobs/{digest_of(CONTENT)}"])
def test_a_pull_with_a_token_is_one_query_and_then_none(puller, cost, method, path):
    def request():
        return puller.request(method, f"team/app/{path}")

    assert cost(request) == 1
    assert cost(request) == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["manifests/v1", f"blobs/{digest_of(CONTENT)}"])
def test_the_first_pull_from_a_worker_that_has_just_been_started(puller, cost, method, path):
    forget_everything()
    warm_up()
    assert cost(lambda: puller.request(method, f"team/app/{path}")) == 1


def test_the_first_pull_after_a_change_asks_for_all_that_may_have_changed(puller, cost):
    forget_everything()
    # Repositories, security settings, the user with its roles, all roles, the privileges that
    # somebody has made, and the manifest.
    assert cost(lambda: puller.get("team/app/manifests/v1")) == 6


def forget_everything() -> None:
    with stamps.change(stamps.CONFIGURATION, stamps.SECURITY):
        pass


def test_a_pull_with_a_password_costs_no_more(images, cost):
    images.push_image("team/app", "v1")
    assert cost(lambda: images.get("team/app/manifests/v1")) == 1
    passwords.forget_verified()
    assert cost(lambda: images.get("team/app/manifests/v1")) == 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [("team/app/tags/list", 2), ("_catalog", 1), (f"team/app/referrers/{digest_of(CONTENT)}", 1)],
)
def test_listings(images, cost, path, expected):
    images.push_image("team/app", "v1")
    assert cost(lambda: images.get(path)) == expected


def test_a_push(images, cost):
    """An image whose layers and config were pushed, then its manifest, new and again."""
    images.push_image("team/app", "v1")
    digest = digest_of(CONTENT)
    location = ""

    def start():
        nonlocal location
        answer = images.post("team/app/blobs/uploads/")
        location = answer.location
        return answer

    costs = {
        "POST": cost(start),
        "PATCH": cost(lambda: images.patch(location, CONTENT)),
        "status": cost(lambda: images.get(location)),
        "PUT": cost(lambda: images.put(f"{location}?digest={digest}")),
        "HEAD": cost(lambda: images.head(f"team/app/blobs/{digest}")),
        "mount": cost(lambda: images.post(f"team/new/blobs/uploads/?mount={digest}&from=team/app")),
    }
    assert costs == {"POST": 1, "PATCH": 2, "status": 1, "PUT": 6, "HEAD": 1, "mount": 6}


@pytest.mark.parametrize("layers", [1, 40])
def test_the_manifest_of_a_push_costs_the_same_whatever_it_names(images, cost, layers):
    pushed = images.push_image("team/app", layers=layers)
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    # The last is the row of the audit, in the same transaction.
    assert cost(lambda: images.put_manifest("team/app", "v1", pushed.content)) == 8


def test_deletes(images, cost):
    pushed = images.push_image("team/app", "v1")
    digest = images.push_blob("team/app", CONTENT)
    assert cost(lambda: images.delete("team/app/manifests/v1")) <= 3
    assert cost(lambda: images.delete(f"team/app/manifests/{pushed.digest}")) <= 10
    assert cost(lambda: images.delete(f"team/app/blobs/{digest}")) <= 5
