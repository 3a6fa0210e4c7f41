"""A refusal costs the same and says the same whether the thing is there or not.

Faults 25, 26 and 27.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import passwords
from accounts.passwords import RegistryArgon2Hasher, hash_password
from nexuslite import stamps
from repositories.docker import hot
from tests.support.accounts import add_user, grant, take_all_roles
from tests.support.registry import ANONYMOUS, STRANGER, Answer, RegistryClient, basic, digest_of

ON_BOTH_DATABASES = True

SECRET = b"a layer that nobody may know of"
DIGEST = digest_of(SECRET)
PUSHER = basic("pusher", "pusher-password")

REQUESTS = [
    ("GET", "manifests/v1"),
    ("HEAD", "manifests/v1"),
    ("PUT", "manifests/v1"),
    ("DELETE", "manifests/v1"),
    ("GET", f"blobs/{DIGEST}"),
    ("HEAD", f"blobs/{DIGEST}"),
    ("DELETE", f"blobs/{DIGEST}"),
    ("GET", "tags/list"),
    ("GET", f"referrers/{DIGEST}"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?mount={DIGEST}&from=hidden/app"),
    ("PATCH", "blobs/uploads/x"),
]


@pytest.fixture
def world(hosted) -> None:
    """A repository that is hidden, one that a pusher may use, and nothing called `absent`."""
    hidden = hosted("hidden", path_enabled=True)
    hidden.push_image("app", "v1")
    hidden.push_blob("app", SECRET)
    hosted("open", path_enabled=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        patch.setattr(RegistryArgon2Hasher, "time_cost", 1)
        password_hash = hash_password("pusher-password")
    with stamps.change(stamps.SECURITY):
        add_user("pusher", password_hash)
        add_user("anonymous", "!")
    actions = ("read", "add", "edit")
    grant("pusher", *(f"nx-repository-view-docker-open-{action}" for action in actions))


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    """The passwords that were really hashed."""
    seen: list[str] = []
    check = passwords.check_password

    def counted(password: str, encoded: str) -> bool:
        seen.append(password)
        return check(password, encoded)

    monkeypatch.setattr(passwords, "check_password", counted)
    return seen


def costs(ask: Callable[[], Answer], *, cold: bool) -> tuple[Answer, int]:
    """The answer, and how many statements it took."""
    if cold:
        stamps.begin()
        passwords.forget_verified()
    hot._answers.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    return answer, len(captured)


def assert_alike(hidden: Answer, absent: Answer) -> None:
    """Both are the same refusal, but for the name that was asked for."""
    assert hidden.status == absent.status
    assert hidden.body == absent.body.replace(b"absent", b"hidden")
    shown = [(name, value.replace("absent", "hidden")) for name, value in absent.headers]
    assert shown == list(hidden.headers)


def actors(client: RegistryClient, kind: str) -> RegistryClient:
    """Somebody who may not see what is hidden."""
    if kind == "token":
        return client.as_(PUSHER).with_token("repository:hidden/app:pull,push,delete")
    return client.as_({"anonymous": ANONYMOUS, "stranger": STRANGER, "pusher": PUSHER}[kind])


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        *((kind, "/v2/{}/app/") for kind in ("anonymous", "stranger", "pusher", "token")),
        # A token is one repository's there.
        *((kind, "/repository/{}/v2/app/") for kind in ("anonymous", "stranger", "pusher")),
    ],
)
@pytest.mark.parametrize("cold", [True, False])
def test_a_hidden_repository_costs_and_says_what_none_does(
    world, main_port, hashes, kind, cold, prefix
):
    somebody = actors(main_port(), kind)
    somebody.get("/v2/another/app/tags/list")
    hashes.clear()
    expected = {"anonymous": 401, "token": 401}.get(kind, 403)
    for method, path in REQUESTS:
        counts = []
        answers = []
        for name in ("hidden", "absent"):
            target = prefix.format(name) + path
            answer, count = costs(lambda t=target, m=method: somebody.request(m, t), cold=cold)
            answers.append(answer)
            counts.append((count, len(hashes)))
            hashes.clear()
        assert answers[0].status == expected
        assert_alike(*answers)
        assert counts[0] == counts[1], (method, path)


@pytest.mark.parametrize("cold", [True, False])
def test_a_mount_from_what_is_hidden_is_a_new_upload(world, main_port, cold):
    # fault 25
    pusher = main_port().as_(PUSHER)
    pusher.get("/v2/another/app/tags/list")
    seen = set()
    sources = [("hidden", DIGEST), ("absent", DIGEST), ("hidden", digest_of(b"no such layer"))]
    for name, digest in sources:
        target = f"open/app/blobs/uploads/?mount={digest}&from={name}/app"
        answer, count = costs(lambda t=target: pusher.post(t), cold=cold)
        answer.expect(202)
        names = [header for header, _ in answer.headers]
        seen.add((answer.body, tuple(names), count))
    assert len(seen) == 1
    # The one who may read the source gets it.
    main_port().post(f"open/app/blobs/uploads/?mount={DIGEST}&from=hidden/app").expect(201)


@pytest.mark.parametrize("cold", [True, False])
def test_a_token_for_what_is_hidden_is_that_for_nothing(world, main_port, cold):
    # fault 26
    client = main_port().as_(PUSHER)
    client.get("/v2/token?scope=repository:another/app:pull")
    counts = []
    for name in ("hidden", "absent"):
        target = f"/v2/token?scope=repository:{name}/app:pull"
        answer, count = costs(lambda t=target: client.get(t), cold=cold)
        assert answer.expect(200).json()["scope"] == ""
        counts.append(count)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["hidden", "absent"])
@pytest.mark.parametrize("anonymous_enabled", [True, False])
def test_an_anonymous_token_of_a_mount_tells_nothing(
    world, main_port, set_security, name, anonymous_enabled
):
    # fault 27
    set_security(anonymous_enabled=anonymous_enabled)
    answer = main_port().as_(ANONYMOUS).get(f"/repository/{name}/v2/token")
    answer.expect(200 if anonymous_enabled else 401)


def test_a_wrong_password_costs_one_hash_whoever_it_is_for(world, images, hashes):
    # fault 28
    for user_id in ("pusher", "nobody"):
        _, count = costs(lambda u=user_id: images.as_(basic(u, "guess")).get("/v2/"), cold=True)
        assert len(hashes) == 1
        hashes.clear()
        assert count > 0


def test_a_role_that_is_taken_away_ends_its_tokens_power(world, main_port):
    # fault 26
    client = main_port().as_(PUSHER)
    puller = client.with_token("repository:open/app:pull,push")
    puller.push_image("open/app", "v1")
    puller.get("open/app/manifests/v1").expect(200)
    take_all_roles("pusher")
    for method, path in (("GET", "manifests/v1"), ("POST", "blobs/uploads/")):
        answer = puller.request(method, f"open/app/{path}").expect(401)
        assert 'error="insufficient_scope"' in (answer.header("WWW-Authenticate") or "")
