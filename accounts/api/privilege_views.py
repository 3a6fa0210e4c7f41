"""`/service/rest/v1/security/privileges`."""

from __future__ import annotations

from django.http import Http404
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.privileges import (
    PrivilegeSettings,
    create_privilege,
    delete_privilege,
    privilege_not_found,
    update_privilege,
)
from accounts.api import representations, serializers
from accounts.decisions import application
from accounts.privilege_directory import all_privileges, find_privilege
from accounts.privileges import PrivilegeType
from nexuslite.errors import Conflict
from nexuslite.rest.views import RestView


class _PrivilegeView(RestView):
    def settings_of(self, privilege_type: PrivilegeType) -> PrivilegeSettings:
        """What the body says. Raises REST framework's `ValidationError`."""
        values = self.valid_body(serializers.privilege_serializer(privilege_type))
        return serializers.privilege_settings(privilege_type, values)


class Privileges(RestView):
    """All privileges."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require(application("privileges", "read"))
        return Response([representations.privilege(record) for record in all_privileges()])


class OnePrivilege(_PrivilegeView):
    """One privilege; or a type, which is where privileges are made."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the privilege."""
        self.require(application("privileges", "read"))
        found = find_privilege(name)
        if found is None:
            raise privilege_not_found(name)
        return Response(representations.privilege(found))

    def post(self, request: Request, name: str) -> Response:
        """201: a privilege of the type was made."""
        privilege_type = _type(name)
        if privilege_type is None:
            raise MethodNotAllowed("POST")
        create_privilege(self.principal, self.settings_of(privilege_type))
        return Response(status=201)

    def delete(self, request: Request, name: str) -> Response:
        """204: gone."""
        delete_privilege(self.principal, name)
        return Response(status=204)


class PrivilegeOfType(_PrivilegeView):
    """One privilege of a type, to be changed."""

    def put(self, request: Request, type_name: str, name: str) -> Response:
        """204: changed."""
        privilege_type = _type(type_name)
        if privilege_type is None:
            raise Http404
        settings = self.settings_of(privilege_type)
        self.require(application("privileges", "update"))
        if settings.name != name:
            raise Conflict(
                f"The privilege name '{settings.name}' does not match the name used in the path "
                f"'{name}'."
            )
        update_privilege(self.principal, settings)
        return Response(status=204)


def _type(name: str) -> PrivilegeType | None:
    return next((each for each in PrivilegeType if each.value == name), None)
