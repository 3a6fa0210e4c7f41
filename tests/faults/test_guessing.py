"""Guessing passwords over HTTP, with several workers behind a trusted proxy.

Fault 30.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from urllib.parse import urlencode

import pytest

from tests.faults.client import Client, Image, Ledger
from tests.support.process import (
    ADMIN,
    ADMIN_PASSWORD,
    LOOPBACK,
    ProgramProcess,
    basic_authorization,
    running_program,
)
from tests.support.server import Answer, read_answer

_numbers = count(1)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProgramProcess]:
    """Three workers; whoever comes from 127.0.0.1 is a proxy that is believed."""
    environment = {
        "NEXUSLITE_WORKERS": "3",
        "NEXUSLITE_TRUSTED_PROXIES": LOOPBACK,
        # Fewer than by default: each takes a hash.
        "NEXUSLITE_FAILURES_PER_USER": "24/240",
    }
    data = tmp_path_factory.mktemp("guessing") / "data"
    with running_program(data, environment) as running:
        running.activate_docker_tokens()
        yield running


@pytest.fixture
def alice(program: ProgramProcess) -> str:
    """A new user with the password `right`."""
    user_id = f"alice{next(_numbers)}"
    document = {
        "userId": user_id,
        "firstName": "A",
        "lastName": "B",
        "emailAddress": "a@example.com",
        "password": "right",
        "status": "active",
        "roles": ["nx-anonymous"],
    }
    answer = program.rest("POST", "/security/users", document)
    assert answer.status == 200, answer
    return user_id


@pytest.fixture
def address() -> str:
    """An address that no other test comes from."""
    return f"203.0.113.{next(_numbers)}"


def ask(
    program: ProgramProcess,
    path: str,
    address: str,
    authorization: str = "",
    form: Mapping[str, str] | None = None,
    source: str = LOOPBACK,
) -> Answer:
    """A request that the proxy forwards for the address, or that `source` claims to."""
    client = http.client.HTTPConnection(LOOPBACK, program.port, 20, source_address=(source, 0))
    headers = {"X-Forwarded-For": address}
    if authorization:
        headers["Authorization"] = authorization
    try:
        if form is None:
            client.request("GET", path, headers=headers)
        else:
            client.request("POST", path, urlencode(form), {**headers, **FORM})
        return read_answer(client)
    finally:
        client.close()


def sign_in(program: ProgramProcess, user_id: str, password: str, address: str) -> Answer:
    return ask(program, "/v2/", address, basic_authorization(user_id, password))


def guess(program: ProgramProcess, user_id: str, address: str, times: int) -> Counter[int]:
    """Wrong passwords, each another one, on eight connections at once."""
    with ThreadPoolExecutor(8) as attackers:
        answers = attackers.map(
            lambda number: sign_in(program, user_id, f"guess {number}", address).status,
            range(times),
        )
        return Counter(answers)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def every_door(program: ProgramProcess, user_id: str, password: str, address: str) -> list[Answer]:
    """The password at each of the places that take one."""
    authorization = basic_authorization(user_id, password)
    plain = {"username": user_id, "password": password}
    grant = {**plain, "grant_type": "password", "service": "any", "client_id": "test"}
    in_base64 = {name: encoded(value) for name, value in plain.items()}
    return [
        ask(program, "/v2/", address, authorization),
        ask(program, "/v2/token?service=any", address, authorization),
        ask(program, "/v2/token", address, form=grant),
        ask(program, "/service/rest/v1/status/check", address, authorization),
        ask(program, "/service/rapture/session", address, form=in_base64),
    ]


def test_all_workers_count_together(program: ProgramProcess, alice: str, address: str) -> None:
    # fault 30
    seen = guess(program, alice, address, 60)
    assert set(seen) == {401, 429}
    # Half a minute makes room for one more, should this take so long.
    assert 10 <= seen[401] <= 12


def test_every_door_is_guarded_and_says_when_to_come_back(
    program: ProgramProcess, alice: str, address: str
) -> None:
    # fault 30
    guess(program, alice, address, 15)
    answers = every_door(program, alice, "right", address)
    assert [answer.status for answer in answers] == [429] * len(answers)
    for answer in answers:
        assert 1 <= int(answer.headers["retry-after"]) <= 30
    for answer in answers[:3]:
        (error,) = json.loads(answer.body)["errors"]
        assert error["code"] == "TOOMANYREQUESTS"


def test_every_door_counts(program: ProgramProcess, alice: str, address: str) -> None:
    # fault 30
    for number in range(2):
        answers = every_door(program, alice, f"guess {number}", address)
        assert {answer.status for answer in answers} == {401, 403}
    assert sign_in(program, alice, "right", address).status == 429


def test_the_same_from_elsewhere_and_for_others_is_as_before(
    program: ProgramProcess, alice: str, address: str
) -> None:
    guess(program, alice, address, 30)
    assert sign_in(program, alice, "right", "198.51.100.1").status == 200
    assert sign_in(program, ADMIN, ADMIN_PASSWORD, address).status == 200


def test_nobody_can_lock_admin_out(program: ProgramProcess) -> None:
    # fault 30
    home = "198.51.100.77"
    assert sign_in(program, ADMIN, ADMIN_PASSWORD, home).status == 200
    seen: Counter[int] = Counter()
    for number in range(12):
        seen += guess(program, ADMIN, f"192.0.2.{number}", 4)
    assert seen[429] > 12, "the account is under attack, and its new addresses have to wait"
    for _ in range(6):
        assert sign_in(program, ADMIN, ADMIN_PASSWORD, home).status == 200
    guess(program, ADMIN, home, 40)
    for _ in range(6):
        assert sign_in(program, ADMIN, ADMIN_PASSWORD, home).status == 200, "beside a guesser"


def test_whether_a_user_exists_makes_no_difference(
    program: ProgramProcess, alice: str, address: str
) -> None:
    # fault 28
    seen = []
    for user_id, place in ((alice, address), ("nobody-of-that-name", "198.51.100.5")):
        answers = [sign_in(program, user_id, f"guess {n}", place) for n in range(13)]
        seen.append([(a.status, a.body, sorted(set(a.headers) - {"date"})) for a in answers])
    assert seen[0] == seen[1]
    assert [status for status, _, _ in seen[0]] == [401] * 10 + [429] * 3


def test_an_untrusted_client_cannot_invent_addresses(program: ProgramProcess, alice: str) -> None:
    # faults 30 and 31
    authorization = basic_authorization(alice, "wrong")
    seen = [
        ask(program, "/v2/", f"192.0.2.{number}", authorization, source="127.0.0.2").status
        for number in range(14)
    ]
    assert seen == [401] * 10 + [429] * 4


def test_a_wrong_refresh_token_is_401_and_a_flood_of_them_429(
    program: ProgramProcess, alice: str, address: str
) -> None:
    # fault 30
    form = {"grant_type": "refresh_token", "service": "any", "client_id": "test"}

    def show(number: int) -> int:
        return ask(
            program, "/v2/token", address, form={**form, "refresh_token": f"x{number}"}
        ).status

    assert show(0) == 401
    with ThreadPoolExecutor(8) as attackers:
        seen = Counter(attackers.map(show, range(1200)))
    assert set(seen) == {401, 429}
    assert sign_in(program, alice, "right", address).status == 200


def test_a_restart_forgets_nothing(program: ProgramProcess, alice: str, address: str) -> None:
    assert sign_in(program, alice, "right", "198.51.100.9").status == 200
    guess(program, alice, address, 15)
    program.restart()
    assert sign_in(program, alice, "right", address).status == 429
    assert sign_in(program, alice, "right", "198.51.100.9").status == 200


def test_an_answer_that_is_kept_for_one_client_helps_no_other_to_guess(
    program: ProgramProcess, alice: str, address: str
) -> None:
    # fault 30
    repository = program.create_hosted("kept", path_enabled=True)
    Ledger().push(Client(repository.http_port), "good", Image.make("kept"))
    path = "/v2/kept/team/app/manifests/good"
    right = basic_authorization(alice, "right")
    guess(program, alice, address, 15)
    for _ in range(20):
        # Kept by every worker for the one who may.
        assert ask(program, path, "198.51.100.3", right).status == 200
        assert ask(program, path, address, right).status == 429
