"""Password hashes: argon2id, few at once, equal work for every user, none twice in a row.

Parameters after OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    check_password,
    get_hasher,
    is_password_usable,
    make_password,
)

from accounts.attempts import UNGUARDED, Attempt
from accounts.hashing_pool import HashingPool
from accounts.hashing_turns import HashingTurns
from nexuslite.deadlines import KEY_BYTES, DeadlineTable, shared_memory

T = TypeVar("T")

_AT_ONCE_ON_NODE = 4
_SMALLEST_QUEUE = 4
_PATIENCE_SECONDS = 10.0
_REMEMBERED_SECONDS = 300.0
_MOST_REMEMBERED = 4096


class RegistryArgon2Hasher(Argon2PasswordHasher):
    """Django's argon2id hasher at 19 MiB instead of 100."""

    time_cost = 2
    memory_cost = 19456
    parallelism = 1


_pool = HashingPool(
    workers=max(1, _AT_ONCE_ON_NODE // settings.NEXUSLITE_WORKERS),
    waiting=max(_SMALLEST_QUEUE, settings.NEXUSLITE_THREADS // 2),
    patience=_PATIENCE_SECONDS,
)
_turn: Callable[[], AbstractContextManager[None]] = nullcontext
if settings.NEXUSLITE_WORKERS > _AT_ONCE_ON_NODE:
    _turn = HashingTurns(settings.NEXUSLITE_RUN_DIR / "hashing", _AT_ONCE_ON_NODE).one


def hash_password(password: str) -> str:
    """The hash to store. Raises `TooManyAttempts`."""
    return _slowly(lambda: make_password(password))


def unusable_password() -> str:
    """A stored value that no password matches."""
    return make_password(None)


def verify(user_id: str, password: str, stored: str | None, attempt: Attempt = UNGUARDED) -> bool:
    """Whether the password is the one that `stored` was made from.

    `stored` is None for whoever may not sign in; the work done is the same. A check that is
    not a look into the memory is made within `attempt`. Raises `TooManyAttempts`.
    """
    usable = stored is not None and is_password_usable(stored)
    against = stored if stored is not None and usable else _hash_of_nothing()
    proof = _remembered.proof(user_id, password, against)
    if _remembered.knows(proof):
        return True

    def check() -> bool:
        matches = _matches(password, against) and usable
        if matches:
            _remembered.add(proof)
        return matches

    attempt.admit_to_check()
    return _slowly(lambda: attempt.check(check), key=proof)


def _slowly(work: Callable[[], T], key: Hashable = None) -> T:
    def in_turn() -> T:
        with _turn():
            return work()

    return _pool.run(in_turn, key)


def _matches(password: str, stored: str) -> bool:
    try:
        return check_password(password, stored)
    except UnicodeEncodeError:
        # A lone surrogate: no password that was ever set has one.
        return False


def _hash_of_nothing() -> str:
    hasher = get_hasher()
    assert isinstance(hasher, Argon2PasswordHasher)
    return _random_hash(hasher.memory_cost, hasher.time_cost, hasher.parallelism)


@lru_cache(maxsize=4)
def _random_hash(memory_cost: int, time_cost: int, parallelism: int) -> str:
    """A well-formed hash of no known password: checking against it costs as much as any check."""
    salt = base64.b64encode(secrets.token_bytes(22)).decode().rstrip("=")
    digest = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"argon2$argon2id$v=19$m={memory_cost},t={time_cost},p={parallelism}${salt}${digest}"


class RememberedCredentials:
    """Credentials that were right a short time ago, so that they need no slow hash again.

    Kept is a keyed hash over user, password and stored hash: it betrays no password, and no longer
    matches once the stored hash is another. The workers of a node share what they know, in memory
    that never reaches a disk.
    """

    def __init__(self, size: int, lifetime: float) -> None:
        self._lifetime = lifetime
        self._key = secrets.token_bytes(32)
        self._table = DeadlineTable(shared_memory(size))

    def proof(self, user_id: str, password: str, stored: str) -> bytes:
        """The keyed hash that stands for the credentials."""
        mac = hashlib.blake2b(digest_size=KEY_BYTES, key=self._key)
        for text in (user_id, password, stored):
            data = text.encode("utf-8", "surrogatepass")
            mac.update(len(data).to_bytes(8, "big") + data)
        return mac.digest()

    def knows(self, proof: bytes) -> bool:
        """Whether the credentials were right within the lifetime, or used in its second half."""
        now = time.monotonic()
        until = self._table.until(proof, now)
        if 0 < until - now < self._lifetime / 2:
            # Who goes on using them is never asked again: not even while others guess from the
            # same address and leave no room for a check.
            self.add(proof)
        return until > 0

    def add(self, proof: bytes) -> None:
        """Remembers credentials that were just found right."""
        # No lock: two writers of one place lose an entry at worst, which costs a check.
        self._table.put(proof, time.monotonic() + self._lifetime)

    def __len__(self) -> int:
        return self._table.count(time.monotonic())

    def clear(self) -> None:
        """Forgets everything."""
        self._table.clear()


_remembered = RememberedCredentials(_MOST_REMEMBERED, _REMEMBERED_SECONDS)


def forget_verified() -> None:
    """Makes the next check of every credential a full one."""
    _remembered.clear()
