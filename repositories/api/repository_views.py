"""`/service/rest/v1/repositories` and `/service/rest/v1/repositorySettings`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import directory
from accounts.errors import NotPermitted
from nexuslite.rest.views import RestView
from repositories.actions.create_repository import create_hosted_repository
from repositories.actions.delete_repository import delete_repository
from repositories.actions.update_repository import update_hosted_repository
from repositories.administration import (
    administrable_repositories,
    get_administrable_repository,
    get_visible_repository,
)
from repositories.api import representations, serializers
from repositories.connector_states import connector_reports
from repositories.doors import browsable_repositories
from repositories.models import Repository
from repositories.models.repository import RepositoryType
from repositories.records import snapshot


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
        return Response(
            [representations.repository_item(request._request, record) for record in found]
        )


class AnyRepository(RestView):
    """One repository of any kind."""

    def get(self, request: Request, name: str) -> Response:
        """200 with an item of the list."""
        record = get_visible_repository(self.principal, name)
        return Response(representations.repository_item(request._request, record))

    def delete(self, request: Request, name: str) -> Response:
        """204: gone with everything in it."""
        delete_repository(self.principal, name)
        return Response(status=204)


class Connectors(RestView):
    """What became of the ports of a repository; Nexus has nothing like it."""

    def get(self, request: Request, name: str) -> Response:
        """200 with a list of scheme, port, state (open, opening, failed) and reason."""
        row = get_administrable_repository(self.principal, name)
        record = snapshot().by_id.get(row.pk)
        reports = connector_reports([] if record is None else [record])
        return Response([representations.connector(report) for report in reports])


class RepositorySettings(_SignedIn):
    """The settings of all repositories that the caller may administer."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require_somebody()
        found = administrable_repositories(self.principal)
        return Response([_settings_of(request, row) for row in found])


class HostedRepositories(RestView):
    """Hosted docker repositories."""

    def post(self, request: Request) -> Response:
        """201: made."""
        values = self.valid_body(serializers.HostedRepositorySerializer)
        create_hosted_repository(self.principal, serializers.hosted_settings(values))
        return Response(status=201)


class HostedRepository(RestView):
    """One hosted docker repository."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the settings; 404 also for whoever may not administer it."""
        row = get_administrable_repository(self.principal, name, RepositoryType.HOSTED)
        return Response(_settings_of(request, row))

    def put(self, request: Request, name: str) -> Response:
        """204: changed."""
        values = self.valid_body(serializers.HostedRepositorySerializer)
        update_hosted_repository(self.principal, name, serializers.hosted_settings(values))
        return Response(status=204)


def _settings_of(request: Request, row: Repository) -> dict[str, object]:
    return representations.hosted_repository(request._request, row)
