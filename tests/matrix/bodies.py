"""Bodies for the lines of the policy; each is made for the name that the path holds, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.rest.conftest import hosted_body
from tests.rest.repository_bodies import group_body, proxy_body, rule_body
from tests.rest.security_bodies import (
    changed_user,
    privilege_body,
    role_body,
    selector_body,
    user_body,
)

if TYPE_CHECKING:
    from tests.matrix.policy import Settings

SPARE = "spare"


def file_store(name: str, settings: Settings) -> Any:
    return {"name": name or SPARE, "path": f"store-{name or SPARE}"}


def s3_store(name: str, settings: Settings) -> Any:
    return {
        "name": name or "none",
        "bucketConfiguration": {"bucket": {"region": "eu-central-1", "name": "bucket"}},
    }


def s3_store_of_a_taken_name(name: str, settings: Settings) -> Any:
    return s3_store("default", settings)


def hosted(name: str, settings: Settings) -> Any:
    return hosted_body(name or SPARE, docker__httpPort=None)


def privilege(name: str, settings: Settings) -> Any:
    return privilege_body(name or SPARE)


def selector(name: str, settings: Settings) -> Any:
    return selector_body(name or SPARE)


def role(name: str, settings: Settings) -> Any:
    return role_body(name or SPARE)


def new_user(name: str, settings: Settings) -> Any:
    return user_body(SPARE)


def user(name: str, settings: Settings) -> Any:
    return changed_user(name)


def password(name: str, settings: Settings) -> Any:
    return "another-password"


def realms(name: str, settings: Settings) -> Any:
    return settings.realms


def anonymous(name: str, settings: Settings) -> Any:
    return {
        "enabled": settings.anonymous,
        "userId": "anonymous",
        "realmName": "NexusAuthorizingRealm",
    }


def proxy(name: str, settings: Settings) -> Any:
    return proxy_body(name or SPARE)


def group(name: str, settings: Settings) -> Any:
    return group_body(name or SPARE, "team")


def rule(name: str, settings: Settings) -> Any:
    return rule_body(name or SPARE)


def ssrf_protection(name: str, settings: Settings) -> Any:
    return {"enabled": True}


def empty_form(name: str, settings: Settings) -> Any:
    return b"nothing=1"


def confirmation(name: str, settings: Settings) -> Any:
    return form(confirmed="yes")


def user_form(name: str, settings: Settings) -> Any:
    profile = {"first_name": "A", "last_name": "User", "email": "user@example.org"}
    secret = {"password": "spare-password", "confirmation": "spare-password"}
    return form(user_id=SPARE, status="active", roles="nx-anonymous", **profile, **secret)


def role_form(name: str, settings: Settings) -> Any:
    return form(role_id=SPARE, name=SPARE)


def privilege_form(name: str, settings: Settings) -> Any:
    return form(name=SPARE, domain="blobstores", actions="READ")


def form(**fields: str) -> bytes:
    """A form as a browser sends it."""
    return urlencode(fields).encode()
