"""Repositories in the words of the interface, which are Nexus's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.decisions import permissions_of
from accounts.web.access import principal_of
from repositories.administration import admin_permission
from repositories.models.repository import RepositoryType, WritePolicy
from repositories.records import RepositoryRecord
from repositories.remote.blocking import ConnectionStatus, connection_statuses
from repositories.web.addresses import Address, addresses_of

TYPE_ICONS = {
    RepositoryType.HOSTED: "server-2",
    RepositoryType.PROXY: "cloud-download",
    RepositoryType.GROUP: "stack-2",
}
TYPE_LABELS = {
    RepositoryType.HOSTED: _("Hosted"),
    RepositoryType.PROXY: _("Proxy"),
    RepositoryType.GROUP: _("Group"),
}
DEPLOYMENT_POLICIES = {
    WritePolicy.ALLOW: _("Allow redeploy"),
    WritePolicy.ALLOW_ONCE: _("Disable redeploy"),
    WritePolicy.DENY: _("Read-only"),
}


_TROUBLED = {
    "Remote Unavailable",
    "Remote Auto Blocked and Unavailable",
    "Remote Manually Blocked",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A repository as pages show it."""

    record: RepositoryRecord
    addresses: list[Address]
    connection: ConnectionStatus
    shows_settings: bool
    """Whether the reader may know the settings: the remote of a proxy, the members of a group."""

    @property
    def remote_url(self) -> str:
        """The remote of a proxy, for whoever may know it."""
        proxy = self.record.proxy
        return proxy.remote_url if proxy is not None and self.shows_settings else ""

    @property
    def members(self) -> tuple[RepositoryRecord, ...]:
        """The members of a group in their order, for whoever may know them."""
        return self.record.members if self.shows_settings else ()

    @property
    def icon(self) -> str:
        """The sign of its type."""
        return TYPE_ICONS[RepositoryType(self.record.type)]

    @property
    def deployment_policy(self) -> str | Promise:
        """The deployment policy of a hosted repository; empty for the others."""
        if self.record.type != RepositoryType.HOSTED:
            return ""
        return DEPLOYMENT_POLICIES[WritePolicy(self.record.write_policy)]

    @property
    def failed(self) -> list[Address]:
        """The connectors whose port could not be opened."""
        return [address for address in self.addresses if address.state == "failed"]

    @property
    def mood(self) -> str:
        """Colour of the status: ok, warn or off. The words beside it say the same."""
        if not self.record.online:
            return "off"
        return "warn" if self.failed or self.connection.description in _TROUBLED else "ok"

    @property
    def accepts_pushes(self) -> bool:
        """Whether the repository takes images at all; who may push is another question."""
        record = self.record
        return record.type == RepositoryType.HOSTED and record.write_policy != WritePolicy.DENY


def show(request: HttpRequest, records: Iterable[RepositoryRecord]) -> list[Shown]:
    """The repositories with the addresses they have for whoever made the request."""
    records = list(records)
    held = permissions_of(principal_of(request))
    addresses = addresses_of(request, records)
    connections = connection_statuses(records)
    return [
        Shown(
            record,
            addresses[record.id],
            connections[record.id],
            held.implies(admin_permission(record.name, "read")),
        )
        for record in records
    ]
