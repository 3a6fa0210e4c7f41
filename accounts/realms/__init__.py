"""The realms there are."""

from __future__ import annotations

from accounts.realms.base import Realm
from accounts.realms.docker_token import DockerTokenRealm
from accounts.realms.local import LocalAuthenticatingRealm

_REALMS: dict[str, Realm] = {
    realm.id: realm for realm in (LocalAuthenticatingRealm(), DockerTokenRealm())
}


def get(realm_id: str) -> Realm | None:
    """The realm with the id."""
    return _REALMS.get(realm_id)


def available() -> list[Realm]:
    """All realms that can be activated, by their names."""
    return sorted(_REALMS.values(), key=lambda realm: realm.name)
