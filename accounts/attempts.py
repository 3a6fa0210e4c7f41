"""Guarding the door: how often credentials may be wrong before the next try has to wait.

A password may be wrong so often for an account from one address, from one address whoever is
meant, and for an account wherever it comes from (`FAILURES_*` of the settings). Who has no room
left on one of these slates is told to come back, before the password is looked at.

Nobody can lock somebody else out. An address from which an account has signed in before is
familiar: failures elsewhere do not count for it. When its own room is used up, it has a lane of
its own, narrow but never closed for long, and what was found right a short time ago is taken in any
case. So one job with a wrong password does not shut out the office that it shares an address with.

A check is written down as a failure before it is made and taken back when it was right: however
many come at the same moment, no more than the limit are checked. Right passwords that are
remembered cost no more than two or three look-ups in memory.

Known and unknown accounts are treated alike; nothing here knows which there are.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from django.conf import settings

from accounts import slates
from accounts.errors import TooManyFailures
from accounts.slates import Charge
from nexuslite.environment import FailureLimit

logger = logging.getLogger(__name__)

FAMILIAR_SECONDS = 90 * 24 * 3600.0
"""How long an address is familiar after the last sign-in from it."""
_FAMILIAR = "familiar"
_IPV6_PREFIX = 64
"""What one subscriber has at least: addresses within it are one."""


class Attempt(Protocol):
    """One use of a password, as the check of the password sees it."""

    def admit_to_check(self) -> None:
        """Raises `TooManyFailures` when the password may not be checked now."""

    def check(self, is_right: Callable[[], bool]) -> bool:
        """What the slow check says; noted as a failure unless it is right.

        Raises `TooManyFailures` when others have used up the room meanwhile.
        """


class Unguarded:
    """An attempt that nobody could use for guessing."""

    def admit_to_check(self) -> None:
        """Always."""

    def check(self, is_right: Callable[[], bool]) -> bool:
        """What the check says."""
        return is_right()


UNGUARDED = Unguarded()


class PasswordAttempt:
    """A sign-in to an account from an address."""

    def __init__(self, user_id: str, remote_address: str) -> None:
        self._user_id = user_id
        self._remote_address = remote_address
        self._network = network_of(remote_address)
        self._pair = slates.key("pair", user_id, self._network)
        now = time.time()
        self._familiar_until = slates.node_table(_FAMILIAR).table.until(self._pair, now)
        self._now = now
        self._blocked = 0.0

    @property
    def is_familiar(self) -> bool:
        """Whether the account has signed in from the address before."""
        return self._familiar_until > 0

    def admit(self) -> None:
        """Raises `TooManyFailures` for a stranger who has to wait.

        Before anything is compared with the password, also with what is remembered: or an attacker
        could go on guessing against that.
        """
        if not self.is_familiar:
            _admit(self._charges())

    def admit_to_check(self) -> None:
        """See `Attempt`."""
        if self.is_familiar:
            self._blocked = slates.wait(self._charges())
            if self._blocked:
                _admit(self._lane())

    def check(self, is_right: Callable[[], bool]) -> bool:
        """See `Attempt`."""
        charges = self._charges()
        wait = slates.charge(charges)
        if wait and self.is_familiar:
            self._blocked = wait
            charges = self._lane()
            wait = slates.charge(charges)
        if wait:
            raise too_many(wait)
        return _taken_back_if_right(charges, is_right)

    def succeeded(self) -> None:
        """Makes the address familiar. Writes nothing for one that is so already."""
        if self._familiar_until < self._now + FAMILIAR_SECONDS / 2:
            with slates.node_table(_FAMILIAR).alone() as table:
                table.put(self._pair, self._now + FAMILIAR_SECONDS)

    def refuse(self) -> None:
        """Raises `TooManyFailures` where a stranger would not even have been asked.

        So what is answered does not tell from which addresses an account signs in.
        """
        if self._blocked:
            raise too_many(self._blocked)
        wait = slates.wait(self._charges())
        if wait:
            logger.warning(
                "sign-ins as %.100r from %s have to wait for %.0f s",
                self._user_id,
                self._remote_address,
                wait,
            )

    def _charges(self) -> list[Charge]:
        charges = _limited(
            (self._pair, settings.FAILURES_PER_USER_AND_ADDRESS),
            (slates.key("address", self._network), settings.FAILURES_PER_ADDRESS),
        )
        if not self.is_familiar:
            account = slates.key("account", self._user_id)
            charges += _limited((account, settings.FAILURES_PER_USER))
        return charges

    def _lane(self) -> list[Charge]:
        key = slates.key("lane", self._user_id, self._network)
        return _limited((key, settings.FAILURES_FROM_KNOWN_ADDRESS))


class OwnPasswordAttempt:
    """Somebody who has signed in says the own password once more, to change it."""

    def __init__(self, user_id: str) -> None:
        key = slates.key("own password", user_id)
        self._charges = _limited((key, settings.FAILURES_PER_USER_AND_ADDRESS))

    def admit_to_check(self) -> None:
        """See `Attempt`."""
        _admit(self._charges)

    def check(self, is_right: Callable[[], bool]) -> bool:
        """See `Attempt`."""
        wait = slates.charge(self._charges)
        if wait:
            raise too_many(wait)
        return _taken_back_if_right(self._charges, is_right)


def forged_token(remote_address: str) -> None:
    """Notes a token that this server has never issued. Raises `TooManyFailures`.

    Nobody guesses a token; this bounds what somebody who tries can make the server do and log.
    """
    address = slates.key("tokens", network_of(remote_address))
    wait = slates.charge(_limited((address, settings.FORGED_TOKENS_PER_ADDRESS)))
    if wait:
        raise too_many(wait)


def too_many(wait: float) -> TooManyFailures:
    """The refusal that says to come back after so many seconds."""
    return TooManyFailures(retry_after=max(1, math.ceil(wait)))


def forget() -> None:
    """Makes it as if nobody had ever tried to sign in."""
    slates.clear()
    with slates.node_table(_FAMILIAR).alone() as table:
        table.clear()


@lru_cache(maxsize=4096)
def network_of(remote_address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(remote_address.partition("%")[0])
    except ValueError:
        return remote_address
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _IPV6_PREFIX), strict=False))


def _admit(charges: Sequence[Charge]) -> None:
    wait = slates.wait(charges)
    if wait:
        raise too_many(wait)


def _taken_back_if_right(charges: Sequence[Charge], is_right: Callable[[], bool]) -> bool:
    failed = False
    try:
        failed = not is_right()
    finally:
        # What could not be checked was no failure either.
        if not failed:
            slates.take_back(charges)
    return not failed


def _limited(*charges: tuple[bytes, FailureLimit | None]) -> list[Charge]:
    return [(key, limit) for key, limit in charges if limit is not None]
