"""Password hashes and what is remembered of verified credentials."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import passwords
from accounts.passwords import RegistryArgon2Hasher, RememberedCredentials


@pytest.fixture
def hashes_run(monkeypatch):
    """Every slow hash that is run, as the parameters it is run with."""
    run = []
    verify = RegistryArgon2Hasher.verify

    def counted(hasher, password, encoded):
        run.append(encoded.rsplit("$", 2)[0])
        return verify(hasher, password, encoded)

    monkeypatch.setattr(RegistryArgon2Hasher, "verify", counted)
    return run


def test_real_hash_is_argon2id_with_the_documented_parameters(real_argon2):
    stored = passwords.hash_password("secret")
    assert stored.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify("alice", "secret", stored)
    assert not passwords.verify("alice", "Secret", stored)


@pytest.mark.parametrize("stored", [None, "!unusable"], ids=["unknown", "unusable"])
def test_unknown_user_costs_the_same_hash_as_a_known_one(hashes_run, stored):  # fault 28
    assert not passwords.verify("alice", "wrong", passwords.hash_password("secret"))
    assert not passwords.verify("nobody", "wrong", stored)
    assert len(hashes_run) == 2
    assert hashes_run[0] == hashes_run[1]


def test_verified_credentials_cost_no_second_hash(hashes_run):
    stored = passwords.hash_password("secret")
    assert passwords.verify("alice", "secret", stored)
    assert passwords.verify("alice", "secret", stored)
    assert len(hashes_run) == 1


def test_wrong_credentials_are_never_remembered(hashes_run):
    stored = passwords.hash_password("secret")
    assert not passwords.verify("alice", "wrong", stored)
    assert not passwords.verify("alice", "wrong", stored)
    assert not passwords.verify("nobody", "secret", None)
    assert not passwords.verify("nobody", "secret", None)
    assert len(hashes_run) == 4


def test_verified_credentials_count_for_their_user_and_stored_hash_alone(hashes_run):
    stored = passwords.hash_password("secret")
    assert passwords.verify("alice", "secret", stored)
    assert not passwords.verify("alice", "secret", passwords.hash_password("changed"))
    assert not passwords.verify("alice", "secret2", stored)
    assert not passwords.verify("bob", "secret", None)


def test_a_password_with_a_lone_surrogate_is_simply_wrong():
    assert not passwords.verify("alice", "\ud800", passwords.hash_password("secret"))


def test_a_nul_in_a_password_is_part_of_it():
    stored = passwords.hash_password("a\0b")
    assert passwords.verify("alice", "a\0b", stored)
    assert not passwords.verify("alice", "a\0c", stored)


def test_what_is_remembered_ends_with_its_time(monkeypatch):
    remembered = RememberedCredentials(size=4, lifetime=300)
    proof = remembered.proof("alice", "secret", "hash")
    remembered.add(proof)
    assert remembered.knows(proof)
    later = time.monotonic() + 301
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not remembered.knows(proof)


def test_what_goes_on_being_used_goes_on_being_remembered(monkeypatch):
    remembered = RememberedCredentials(size=4, lifetime=300)
    proof = remembered.proof("alice", "secret", "hash")
    remembered.add(proof)
    now = time.monotonic()
    for later in (200, 400, 600):
        monkeypatch.setattr(time, "monotonic", lambda later=later: now + later)
        assert remembered.knows(proof)
    monkeypatch.setattr(time, "monotonic", lambda: now + 901)
    assert not remembered.knows(proof)


def test_what_is_remembered_is_bounded():
    remembered = RememberedCredentials(size=2, lifetime=300)
    proofs = [remembered.proof("alice", str(n), "hash") for n in range(3)]
    for proof in proofs:
        remembered.add(proof)
    assert len(remembered) == 2
    assert [remembered.knows(proof) for proof in proofs] == [False, True, True]


texts = st.tuples(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4))
_remembered = RememberedCredentials(size=1, lifetime=300)


@given(texts, texts)
def test_only_equal_credentials_have_equal_proofs(one, other):
    assert (_remembered.proof(*one) == _remembered.proof(*other)) == (one == other)


def test_proof_of_another_process_is_worth_nothing_here():
    other = RememberedCredentials(size=1, lifetime=300)
    assert other.proof("a", "b", "c") != _remembered.proof("a", "b", "c")


def test_many_clients_with_the_same_password_cost_few_hashes(real_argon2, hashes_run):
    stored = passwords.hash_password("secret")
    with ThreadPoolExecutor(60) as clients:
        answers = clients.map(lambda _: passwords.verify("alice", "secret", stored), range(60))
    assert all(answers)
    assert len(hashes_run) < 5


MEASURE = """
    import sys, threading, time
    import django
    django.setup()
    from accounts import passwords
    from accounts.errors import TooManyAttempts

    def resident() -> int:
        pages = int(open("/proc/self/statm").read().split()[1])
        return pages * 4096 // 2**20

    stored = passwords.hash_password("secret")
    before, outcomes, peak, slowest_step = resident(), [], 0, 0.0

    def attempt(number: int) -> None:
        try:
            outcomes.append(passwords.verify("alice", f"wrong{number}", stored))
        except TooManyAttempts:
            outcomes.append("later")

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(200)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        began = time.perf_counter()
        time.sleep(0.01)
        slowest_step = max(slowest_step, time.perf_counter() - began)
        peak = max(peak, resident())
    # Those who gave up waiting have left work behind.
    deadline = time.monotonic() + 20
    while resident() - before >= 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    print(peak - before, resident() - before, round(slowest_step * 1000), len(outcomes))
    print(*sorted({str(outcome) for outcome in outcomes}))
"""


def test_two_hundred_wrong_passwords_at_once_take_little_memory_and_give_it_back(settings):
    shown = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=settings.BASE_DIR,
    ).stdout.split()
    peak, left, slowest_step = (int(figure) for figure in shown[:3])
    assert peak < 60, "MiB at the peak: two hashes of 19 and the threads"
    assert left < 20, "MiB kept afterwards"
    assert slowest_step < 1000, "ms that another thread of the process had to wait"
    assert shown[3] == "200"
    assert set(shown[4:]) <= {"False", "later"}
