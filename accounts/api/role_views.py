"""`/service/rest/v1/security/roles`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.roles import create_role, delete_role, role_not_found, update_role
from accounts.api import representations, serializers
from accounts.decisions import application
from accounts.roles import DEFAULT_SOURCE
from accounts.rules import current_rules
from nexuslite.errors import Conflict, OperationRefused
from nexuslite.rest.views import RestView


class Roles(RestView):
    """All roles."""

    def get(self, request: Request) -> Response:
        """200 with the list, by id."""
        self.require(application("roles", "read"))
        _require_source(request)
        found = sorted(current_rules().roles.values(), key=lambda record: record.id)
        return Response([representations.role(record) for record in found])

    def post(self, request: Request) -> Response:
        """200 with the new role."""
        values = self.valid_body(serializers.RoleSerializer)
        created = create_role(self.principal, serializers.role_settings(values))
        return Response(representations.role(created))


class OneRole(RestView):
    """One role."""

    def get(self, request: Request, role_id: str) -> Response:
        """200 with the role."""
        self.require(application("roles", "read"))
        _require_source(request)
        found = current_rules().roles.get(role_id)
        if found is None:
            raise role_not_found(role_id)
        return Response(representations.role(found))

    def put(self, request: Request, role_id: str) -> Response:
        """204: changed."""
        values = self.valid_body(serializers.RoleSerializer)
        self.require(application("roles", "update"))
        if values["id"] != role_id:
            raise Conflict(
                f"The Role id '{values['id']}' does not match the id used in the path '{role_id}'."
            )
        update_role(self.principal, serializers.role_settings(values))
        return Response(status=204)

    def delete(self, request: Request, role_id: str) -> Response:
        """204: gone."""
        delete_role(self.principal, role_id)
        return Response(status=204)


def _require_source(request: Request) -> None:
    source = request.query_params.get("source") or DEFAULT_SOURCE
    if source != DEFAULT_SOURCE:
        raise OperationRefused(f"Source '{source}' not found.")
