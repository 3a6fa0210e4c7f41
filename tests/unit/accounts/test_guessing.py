"""Guessing gets slow, and nobody is locked out by the guesses of others.

Fault 30.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import attempts, passwords, slates, tokens
from accounts.actions.change_password import change_own_password
from accounts.authentication import authenticate
from accounts.errors import CredentialsRefused, NotPermitted, TooManyAttempts
from accounts.models import UserStatus
from accounts.principals import Principal
from nexuslite.environment import FailureLimit

HOME, OFFICE, EVIL = "198.51.100.7", "192.0.2.1", "203.0.113.66"
SignIn = Callable[..., str]


@pytest.fixture
def sign_in(basic) -> SignIn:
    """Signs in with Basic; tells the outcome: the user's id, `wrong` or `wait`."""

    def attempt(user_id: str, password: str, address: str = EVIL) -> str:
        try:
            return str(authenticate(basic(user_id, password), None, address))
        except CredentialsRefused:
            return "wrong"
        except TooManyAttempts:
            return "wait"

    return attempt


@pytest.fixture
def guess(sign_in) -> Callable[..., Counter[str]]:
    """Makes wrong guesses, each another one; counts the outcomes."""

    def guesses(user_id: str, count: int, address: str = EVIL) -> Counter[str]:
        return Counter(sign_in(user_id, f"guess {number}", address) for number in range(count))

    return guesses


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Callable[[float], None]:
    """Time stands still, but for what a test lets go by."""
    now = time.time()

    def forward(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "time", lambda: now)
    return forward


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    seen: list[str] = []
    check = passwords.check_password

    def counted(password: str, stored: str) -> bool:
        seen.append(password)
        return check(password, stored)

    monkeypatch.setattr(passwords, "check_password", counted)
    return seen


def test_after_ten_wrong_passwords_the_next_is_not_even_looked_at(make_user, guess, hashes):
    # fault 30
    make_user("alice", "secret")
    assert guess("alice", 30) == {"wrong": 10, "wait": 20}
    assert len(hashes) == 10


def test_who_has_to_wait_is_told_how_long_and_then_let_in(make_user, guess, sign_in, basic, clock):
    make_user("alice", "secret")
    guess("alice", 11)
    with pytest.raises(TooManyAttempts) as refusal:
        authenticate(basic("alice", "secret"), None, EVIL)
    assert 25 <= refusal.value.retry_after <= 30
    clock(refusal.value.retry_after)
    assert sign_in("alice", "secret") == "alice"


def test_an_unknown_account_is_guarded_like_a_known_one(make_user, guess, hashes, queries):
    # fault 28
    make_user("alice", "secret")
    seen = []
    for user_id in ("alice", "nobody", "x" * 5000, "nul\0"):
        hashes.clear()
        outcomes = guess(user_id, 10, f"192.0.2.{len(seen)}")
        with queries() as asked:
            outcomes += guess(user_id, 15, f"192.0.2.{len(seen)}")
        seen.append((outcomes, len(hashes)))
        assert asked == []
    assert all(each == ({"wrong": 10, "wait": 15}, 10) for each in seen)


def test_nobody_can_lock_out_who_has_signed_in_from_there_before(make_user, guess, sign_in):
    # fault 30
    make_user("admin", "secret")
    assert sign_in("admin", "secret", HOME) == "admin"
    seen = sum((guess("admin", 3, f"10.0.{n // 250}.{n % 250}") for n in range(300)), Counter())
    assert seen["wrong"] == 100
    passwords.forget_verified()
    assert sign_in("admin", "secret", HOME) == "admin"
    assert sign_in("admin", "a slip", HOME) == "wrong", "as if there was no attack"
    # An address that was never seen with the account is slowed down, not more.
    assert sign_in("admin", "secret", OFFICE) == "wait"
    assert sign_in("somebody else", "secret", OFFICE) == "wrong"


def test_an_address_that_was_never_seen_is_let_in_after_a_moment(make_user, guess, sign_in, clock):
    make_user("admin", "secret")
    for n in range(60):
        guess("admin", 3, f"10.0.0.{n}")
    assert sign_in("admin", "secret", OFFICE) == "wait"
    clock(2)
    assert sign_in("admin", "secret", OFFICE) == "admin"


def test_one_job_with_a_wrong_password_does_not_lock_its_office_out(
    make_user, guess, sign_in, clock
):
    # fault 30
    for user_id in ("robot", "alice", "bob"):
        make_user(user_id, "secret")
    sign_in("robot", "secret", OFFICE)
    sign_in("alice", "secret", OFFICE)
    for _ in range(120):
        clock(10)
        guess("robot", 6, OFFICE)
    passwords.forget_verified()
    assert sign_in("alice", "secret", OFFICE) == "alice"
    assert sign_in("bob", "secret", OFFICE) == "bob", "for the first time from there"
    clock(1)
    assert sign_in("robot", "secret", OFFICE) == "robot"


def test_who_tries_many_accounts_from_one_address_is_slowed_down(make_user, sign_in):
    # fault 30
    make_user("alice", "secret")
    make_user("bob", "secret")
    sign_in("alice", "secret")
    sprayed = Counter(sign_in(f"user{number}", "Summer2026") for number in range(300))
    assert sprayed["wrong"] == 200
    assert sign_in("bob", "secret") == "wait"
    passwords.forget_verified()
    assert sign_in("alice", "secret") == "alice", "familiar there"
    assert sign_in("bob", "secret", OFFICE) == "bob"


def test_right_passwords_are_never_too_many(make_user, sign_in):
    make_user("alice", "secret")
    for _ in range(40):
        passwords.forget_verified()
        assert sign_in("alice", "secret") == "alice"


def test_a_remembered_password_passes_however_many_are_guessed_beside_it(
    make_user, guess, sign_in, hashes
):
    make_user("admin", "secret")
    sign_in("admin", "secret")
    hashes.clear()
    assert guess("admin", 300)["wait"] > 250
    assert sign_in("admin", "secret") == "admin"
    assert len(hashes) <= 32, "ten, and the lane of a familiar address"


def test_what_is_remembered_does_not_help_a_stranger_to_guess(make_user, guess, sign_in):
    # fault 30
    make_user("admin", "secret")
    sign_in("admin", "secret", HOME)
    guess("admin", 10, EVIL)
    assert sign_in("admin", "secret", EVIL) == "wait"


def test_the_answers_do_not_tell_where_an_account_signs_in_from(make_user, guess, sign_in):
    # fault 28
    make_user("alice", "secret")
    sign_in("alice", "secret", OFFICE)
    known = [*(guess("alice", 1, OFFICE) for _ in range(20))]
    unknown = [*(guess("nobody", 1, OFFICE) for _ in range(20))]
    assert known == unknown


def test_however_many_guesses_come_at_once_ten_are_checked(
    transactional_db, make_user, sign_in, hashes
):
    # fault 30
    make_user("alice", "secret")
    with ThreadPoolExecutor(40) as attackers:
        seen = Counter(attackers.map(lambda n: sign_in("alice", f"guess {n}"), range(80)))
    assert seen == {"wrong": 10, "wait": 70}
    assert len(hashes) == 10


def test_fifty_jobs_that_sign_in_at_once_all_get_in(transactional_db, make_user, sign_in):
    make_user("robot", "secret")
    with ThreadPoolExecutor(50) as jobs:
        seen = Counter(jobs.map(lambda _: sign_in("robot", "secret", OFFICE), range(50)))
    assert seen == {"robot": 50}


def test_the_addresses_of_one_ipv6_network_are_one(guess, db):
    assert guess("alice", 10, "2001:db8:1:2::1") == {"wrong": 10}
    assert guess("alice", 1, "2001:db8:1:2:ffff::9") == {"wait": 1}
    assert guess("alice", 1, "2001:db8:1:3::1") == {"wrong": 1}
    assert guess("bob", 10, "::ffff:192.0.2.9") == {"wrong": 10}
    assert guess("bob", 1, "192.0.2.9") == {"wait": 1}


def test_the_right_password_of_a_disabled_user_is_one_more_wrong_one(make_user, sign_in, hashes):
    # fault 28
    make_user("gone", "secret", UserStatus.DISABLED)
    assert [sign_in("gone", "secret") for _ in range(12)] == ["wrong"] * 10 + ["wait"] * 2
    assert len(hashes) == 10


def test_a_stolen_session_cannot_be_used_to_guess_the_password(make_user):
    # fault 30
    make_user("alice", "secret")
    for number in range(10):
        with pytest.raises(NotPermitted):
            change_own_password(Principal("alice"), f"guess {number}", "mine now")
    with pytest.raises(TooManyAttempts):
        change_own_password(Principal("alice"), "secret", "mine now")


def test_forged_tokens_are_counted_and_true_ones_are_not(docker_tokens, make_user):
    # fault 30
    make_user("alice", "secret")
    good = tokens.issue("alice", "repository:1", (), 1).text
    seen: Counter[str] = Counter()

    def show(text: str) -> None:
        try:
            seen[str(authenticate(f"Bearer {text}", "repository:1", EVIL))] += 1
        except CredentialsRefused:
            seen["wrong"] += 1
        except TooManyAttempts:
            seen["wait"] += 1

    for _ in range(700):
        show(tokens.issue("alice", "repository:2", (), 1).text)
    assert seen == {"wrong": 700}, "made for something else, but ours"
    for number in range(700):
        show(f"{good[:-20]}{number:020}")
    assert seen["wrong"] == 1300
    assert seen["wait"] == 100
    show(good)
    assert seen["alice"] == 1


def test_failures_take_no_more_room_however_many_there_are(guess, db, settings, monkeypatch):
    # fault 30
    limit = FailureLimit(10, 300.0)
    slates.charge([(slates.key("the first"), limit)] * 10)
    before = slates.node_table("failures").table
    size = len(before._memory)
    for number in range(40_000):
        slates.charge([(slates.key(str(number)), limit)])
    assert slates.node_table("failures").table is before
    assert len(before._memory) == size
    assert slates.wait([(slates.key("the first"), limit)]) > 0, "the worst is kept longest"


def test_a_clock_that_is_set_back_locks_nobody_out(guess, sign_in, make_user, clock):
    make_user("alice", "secret")
    guess("alice", 11)
    clock(-10)
    assert sign_in("alice", "secret") == "wait"
    clock(-30 * 24 * 3600)
    assert sign_in("alice", "secret") == "alice"


def test_limits_can_be_switched_off(guess, db, settings):
    for name in ("PER_USER_AND_ADDRESS", "PER_ADDRESS", "PER_USER", "FROM_KNOWN_ADDRESS"):
        setattr(settings, f"FAILURES_{name}", None)
    assert guess("alice", 250) == {"wrong": 250}


def test_a_familiar_address_stays_familiar_after_a_restart(make_user, sign_in, guess):
    make_user("admin", "secret")
    sign_in("admin", "secret", HOME)
    for n in range(60):
        guess("admin", 3, f"10.0.0.{n}")
    slates._tables.clear()
    passwords.forget_verified()
    assert sign_in("admin", "secret", HOME) == "admin"
    assert sign_in("admin", "secret", OFFICE) == "wait"


def test_a_successful_sign_in_that_is_remembered_writes_nothing(make_user, sign_in, monkeypatch):
    make_user("alice", "secret")
    sign_in("alice", "secret")
    monkeypatch.setattr(slates.NodeTable, "alone", lambda _: pytest.fail("a write"))
    assert sign_in("alice", "secret") == "alice"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert attempts.network_of(address) == network
