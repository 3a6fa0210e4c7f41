"""What happened, as a value: one row of the audit and one line of its log."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from accounts.audit.attributes import presentable, storable
from accounts.audit.origin import Origin, current_origin
from accounts.principals import Principal

LONGEST_CONTEXT = 1024
_LONGEST_NAME = 200


class Domain(StrEnum):
    """What an event is about. The names are Nexus's where it has one."""

    USER = "security.user"
    ROLE = "security.role"
    PRIVILEGE = "security.privilege"
    REALM = "security.realm"
    ANONYMOUS = "security.anonymous"
    SIGN_IN = "security.signin"
    PERMISSION = "security.permission"
    CONTENT_SELECTOR = "ContentSelector"
    ROUTING_RULE = "RoutingRule"
    CLEANUP_POLICY = "cleanupPolicy"
    TASK = "tasks"
    SSRF_PROTECTION = "security.ssrfprotection"
    HTTP_CLIENT = "httpclient"
    BLOB_STORE = "blobstore"
    REPOSITORY = "repository"
    ASSET = "repository.asset"


class EventType(StrEnum):
    """What happened to it."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    CHANGED = "changed"
    """Of settings, which are neither made nor deleted."""
    PASSWORD_CHANGED = "passwordChanged"  # noqa: S105 - the name of an event
    RESCUED = "rescued"
    CACHE_INVALIDATED = "cacheInvalidated"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    BLOCKED = "blocked"
    SESSION_STARTED = "sessionStarted"
    SESSION_ENDED = "sessionEnded"
    DENIED = "denied"


@lru_cache(maxsize=1)
def node_id() -> str:
    """The name of the machine."""
    return storable(socket.gethostname(), 100)


@dataclass(frozen=True, slots=True)
class Event:
    """One event; or, where `count` says so, several alike within the time told."""

    timestamp: datetime
    domain: str
    type: str
    context: str
    """The name of what it is about."""
    attributes: Mapping[str, Any]
    initiator: str
    """A user id, `anonymous` or `system`. Ids may be chosen: `source` tells the three apart."""
    source: str
    """The user source; empty for an anonymous initiator, `system` for the system."""
    realm: str = ""
    credential: str = ""
    token_id: str = ""
    origin: Origin = field(default_factory=Origin)
    count: int = 1
    last: datetime | None = None
    """When the last of several happened."""
    by_stranger: bool = False
    """Whether somebody who has shown no valid credentials could cause it at will."""
    node: str = field(default_factory=node_id)

    def as_json(self) -> dict[str, Any]:
        """As REST and the log tell it: the fields of Nexus's audit log, and more."""
        return {
            "timestamp": in_utc(self.timestamp),
            "nodeId": self.node,
            "initiator": f"{self.initiator}/{self.origin.address}".rstrip("/"),
            "domain": self.domain,
            "type": self.type,
            "context": self.context,
            "attributes": self.attributes,
            "userId": self.initiator,
            "source": self.source,
            "remoteAddress": self.origin.address,
            "realm": self.realm,
            "credential": self.credential,
            "tokenId": self.token_id,
            "requestId": self.origin.request_id,
            "count": self.count,
            "last": in_utc(self.last),
        }


def new_event(
    actor: Principal,
    domain: str,
    event_type: str,
    context: str,
    attributes: Mapping[str, Any] | None = None,
    *,
    by_stranger: bool = False,
) -> Event:
    """What the actor does now, in the request under way."""
    origin = current_origin()
    return Event(
        timestamp=datetime.now(UTC),
        domain=domain,
        type=event_type,
        context=storable(context, LONGEST_CONTEXT),
        attributes=presentable(attributes or {}),
        initiator=storable(str(actor), _LONGEST_NAME),
        source="" if actor.is_anonymous else actor.source,
        realm=actor.realm or "",
        credential=actor.credential or "",
        token_id=actor.token_id or "",
        origin=origin,
        by_stranger=by_stranger,
    )


def json_line(value: Mapping[str, Any]) -> str:
    """The value as one line of ASCII, whatever its texts hold: nothing can break or colour it."""
    return json.dumps(value, ensure_ascii=True)


def in_utc(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds, as Nexus writes it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
