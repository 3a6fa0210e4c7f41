"""The table of docs/sign-in.md, cell by cell, as a client that follows challenges meets it."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from accounts.models import User
from accounts.passwords import RegistryArgon2Hasher, hash_password
from nexuslite import stamps
from tests.support.accounts import BOTH_REALMS, add_user, grant
from tests.support.registry import ADMIN, ANONYMOUS, RegistryClient, basic, bearer, digest_of

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "sign-in.md"
VALUES = (("off", "on"), ("no", "yes"), ("off", "on"), ("none", "wrong", "right"))
CREDENTIALS = {
    "none": ANONYMOUS,
    "wrong": basic("pusher", "wrong"),
    "right": basic("pusher", "pusher-password"),
}
PUSH = ("read", "add", "edit")
SCOPE = "repository:team/app:pull,push"


@dataclass(frozen=True)
class Row:
    """One combination of settings and credentials, and what is to come of it."""

    settings: tuple[str, ...]
    challenge: str
    token: int
    login: int
    pull: int
    push: int


def rows_of(text: str) -> list[Row]:
    """All combinations that the rows of the table stand for; `any` stands for every value."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 9 or not cells[5].isdigit():
            continue
        choices = [
            values if cell == "any" else (cell,)
            for cell, values in zip(cells[:4], VALUES, strict=True)
        ]
        outcome = (cells[4], *map(int, cells[5:]))
        found += [Row(settings, *outcome) for settings in itertools.product(*choices)]
    return found


ROWS = rows_of(DOCUMENT.read_text())
every_row = pytest.mark.parametrize("row", ROWS, ids=["-".join(row.settings) for row in ROWS])


def test_every_combination_is_in_the_table_once():
    assert sorted(row.settings for row in ROWS) == sorted(itertools.product(*VALUES))


@pytest.fixture(scope="module")
def pusher_hash() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        patch.setattr(RegistryArgon2Hasher, "time_cost", 1)
        return hash_password("pusher-password")


@pytest.fixture
def people(pusher_hash) -> None:
    """A user who may push, and the user of anonymous access."""
    with stamps.change(stamps.SECURITY):
        add_user("pusher", pusher_hash)
        add_user("anonymous", "!")
    grant("pusher", *(f"nx-repository-view-docker-images-{action}" for action in PUSH))


@pytest.fixture
def client(row, people, hosted, set_security) -> RegistryClient:
    """A client with the row's credentials at a repository with the row's settings."""
    anonymous, allowed, realm, credentials = row.settings
    images = hosted(force_basic_auth=allowed == "no")
    images.push_image("team/app", "v1")
    set_security(
        anonymous_enabled=anonymous == "on",
        active_realms=BOTH_REALMS if realm == "on" else BOTH_REALMS[:1],
    )
    return images.as_(CREDENTIALS[credentials])


def challenge_of(client: RegistryClient) -> str:
    answer = client.as_(ANONYMOUS).get("/v2/").expect(401)
    return (answer.header("WWW-Authenticate") or "").partition(" ")[0]


def follow(client: RegistryClient) -> tuple[int, RegistryClient | None]:
    """Does as docker does: a token where one is wanted, else Basic. The status of a refusal."""
    if challenge_of(client) != "Bearer":
        return 200, client
    answer = client.get(f"/v2/token?service=x&scope={SCOPE}")
    if answer.status != 200:
        return answer.status, None
    return 200, client.as_(bearer(answer.json()["token"]))


@every_row
def test_challenge_and_token(row, client):
    challenge = challenge_of(client)
    assert {"BASIC": "Basic", "Bearer": "Bearer"}[challenge] == row.challenge
    answer = client.get(f"/v2/token?service=x&scope={SCOPE}").expect(row.token)
    if row.token == 403:
        assert answer.error["code"] == "DENIED"
        assert re.match("The Docker Bearer Token Realm is not active", answer.error["message"])


@every_row
def test_login(row, client):
    status, signed_in = follow(client)
    assert (signed_in.get("/v2/").status if signed_in else status) == row.login


@every_row
def test_pull(row, client):
    status, signed_in = follow(client)
    outcome = signed_in.get("team/app/manifests/v1").status if signed_in else status
    assert outcome == row.pull


@every_row
def test_push(row, client):
    status, signed_in = follow(client)
    if signed_in is None:
        assert status == row.push
        return
    content = b"{}"
    answer = signed_in.post(f"team/app/blobs/uploads/?digest={digest_of(content)}", content)
    assert answer.status == row.push
    if row.push == 201:
        signed_in.push_image("team/app", "v2")
    else:
        signed_in.put_manifest("team/app", "v2", content).expect(row.push)


@every_row
def test_a_client_that_shows_nothing_may_what_an_anonymous_token_may(row, client):
    allowed = row.settings[:3] == ("on", "yes", "on")
    nobody = client.as_(ANONYMOUS)
    nobody.get("team/app/manifests/v1").expect(200 if allowed else 401)
    nobody.post("team/app/blobs/uploads/").expect(401)


@pytest.mark.parametrize("with_token", [True, False])
def test_a_registry_without_accounts(people, images, set_security, with_token):
    set_security(anonymous_enabled=True)
    nobody = images.as_(ANONYMOUS)
    nobody.post("team/app/blobs/uploads/").expect(401)
    grant(
        "anonymous", *(f"nx-repository-view-docker-images-{action}" for action in ("add", "edit"))
    )
    if with_token:
        nobody = nobody.with_token(SCOPE)
    pushed = nobody.push_image("team/app", "v1")
    assert nobody.get("team/app/manifests/v1").expect(200).body == pushed.content
    nobody.delete("team/app/manifests/v1").expect(401)


def test_anonymous_access_has_the_rights_of_the_chosen_user(people, images, set_security):
    set_security(anonymous_enabled=True, anonymous_user_id="pusher")
    images.as_(ANONYMOUS).push_image("team/app", "v1")
    with stamps.change(stamps.SECURITY):
        User.objects.filter(user_id="pusher").update(status="locked")
    images.as_(ANONYMOUS).get("team/app/manifests/v1").expect(401)


def test_the_administrator_is_told_of_the_realm_too(images, set_security):
    set_security(active_realms=BOTH_REALMS[:1])
    body = b"grant_type=password&username=admin&password=admin-password"
    form = images.as_(ANONYMOUS).post("/v2/token", body).expect(403, "DENIED")
    assert images.as_(ADMIN).get("/v2/token").expect(403).body == form.body
    assert "Realm" in json.loads(form.body)["errors"][0]["message"]
