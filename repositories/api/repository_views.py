"""`/service/rest/v1/repositories` and `/service/rest/v1/repositorySettings`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts import directory
from accounts.decisions import may, repository_admin
from accounts.errors import NotPermitted
from nexuslite.rest.fields import Values
from nexuslite.rest.views import RestView
from repositories.actions.create_repository import create_repository
from repositories.actions.delete_repository import delete_repository
from repositories.actions.invalidate_cache import invalidate_cache
from repositories.actions.repository_settings import RepositorySettings as ActionSettings
from repositories.actions.update_repository import update_repository
from repositories.administration import (
    administrable_repositories,
    get_administrable_record,
    get_administrable_repository,
    get_visible_repository,
)
from repositories.api import representations, serializers
from repositories.api.group_serializers import GroupRepositorySerializer, group_settings
from repositories.api.proxy_serializers import ProxyRepositorySerializer, proxy_settings
from repositories.api.settings_representations import settings_of
from repositories.connector_states import connector_reports
from repositories.doors import browsable_repositories
from repositories.models.repository import RepositoryType
from repositories.records import RepositoryRecord
from repositories.remote.blocking import connection_status, remote_limits


class _SignedIn(RestView):
    """Lists that everybody gets, each with what one may see, but not somebody unknown."""

    def require_somebody(self) -> None:
        """Raises `NotPermitted` for an anonymous principal while anonymous access is off."""
        if self.principal.is_anonymous and not directory.security_settings().anonymous_enabled:
            raise NotPermitted


class Repositories(_SignedIn):
    """The repositories that the caller may browse."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require_somebody()
        found = browsable_repositories(self.principal)
        return Response([_item(self, record) for record in found])


def _item(view: RestView, record: RepositoryRecord) -> dict[str, Any]:
    return representations.repository_item(
        view.request._request,
        record,
        with_remote=may(view.principal, repository_admin(record.format, record.name, "read")),
    )


class AnyRepository(RestView):
    """One repository of any kind."""

    def get(self, request: Request, name: str) -> Response:
        """200 with an item of the list."""
        record = get_visible_repository(self.principal, name)
        return Response(_item(self, record))

    def delete(self, request: Request, name: str) -> Response:
        """204: gone with everything in it."""
        delete_repository(self.principal, name)
        return Response(status=204)


class Connectors(RestView):
    """What became of the ports of a repository; Nexus has nothing like it."""

    def get(self, request: Request, name: str) -> Response:
        """200 with a list of scheme, port, state (open, opening, failed) and reason."""
        reports = connector_reports([get_administrable_record(self.principal, name)])
        return Response([representations.connector(report) for report in reports])


class InvalidateCache(RestView):
    """The cache of a proxy, or of all proxies of a group."""

    def post(self, request: Request, name: str) -> Response:
        """204: everything that may have changed is asked for again."""
        invalidate_cache(self.principal, name)
        return Response(status=204)


class ConnectionStatus(RestView):
    """Whether a repository is online and how its remote is; Nexus shows it in its UI alone."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the state, its description and reason, and what the remote said of limits."""
        record = get_administrable_record(self.principal, name)
        status, limits = connection_status(record), remote_limits(record)
        return Response(representations.connection(status, limits))


class RepositorySettings(_SignedIn):
    """The settings of all repositories that the caller may administer."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require_somebody()
        found = administrable_repositories(self.principal)
        return Response([settings_of(request._request, row) for row in found])


@dataclass(frozen=True, slots=True)
class Kind:
    """How settings of one type of repository are read."""

    repository_type: RepositoryType
    serializer: type[Serializer[Values]]
    settings: Callable[[Values], ActionSettings]


HOSTED = Kind(
    RepositoryType.HOSTED, serializers.HostedRepositorySerializer, serializers.hosted_settings
)
PROXY = Kind(RepositoryType.PROXY, ProxyRepositorySerializer, proxy_settings)
GROUP = Kind(RepositoryType.GROUP, GroupRepositorySerializer, group_settings)


class _RepositoriesOfKind(RestView):
    """Docker repositories of one type."""

    kind: Kind

    def post(self, request: Request) -> Response:
        """201: made."""
        values = self.valid_body(self.kind.serializer)
        create_repository(self.principal, self.kind.settings(values))
        return Response(status=201)


class _RepositoryOfKind(RestView):
    """One docker repository of one type."""

    kind: Kind

    def get(self, request: Request, name: str) -> Response:
        """200 with the settings; 404 also for whoever may not administer it."""
        row = get_administrable_repository(self.principal, name, self.kind.repository_type)
        return Response(settings_of(request._request, row))

    def put(self, request: Request, name: str) -> Response:
        """204: changed."""
        values = self.valid_body(self.kind.serializer)
        update_repository(self.principal, name, self.kind.settings(values))
        return Response(status=204)


class HostedRepositories(_RepositoriesOfKind):
    """Hosted docker repositories."""

    kind = HOSTED


class HostedRepository(_RepositoryOfKind):
    """One hosted docker repository."""

    kind = HOSTED


class ProxyRepositories(_RepositoriesOfKind):
    """Proxy docker repositories."""

    kind = PROXY


class ProxyRepository(_RepositoryOfKind):
    """One proxy docker repository."""

    kind = PROXY


class GroupRepositories(_RepositoriesOfKind):
    """Group docker repositories."""

    kind = GROUP


class GroupRepository(_RepositoryOfKind):
    """One group docker repository."""

    kind = GROUP
