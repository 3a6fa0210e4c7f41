"""`/service/rest/v1/security/effective-privileges`: who can do what. Nexus has nothing like it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import representations
from accounts.decisions import application
from accounts.effective import HeldPrivilege, holders_of, privileges_of_user
from accounts.permissions import InvalidPermission
from nexuslite.errors import FieldError, ValidationError
from nexuslite.rest.views import RestView


class EffectivePrivileges(RestView):
    """What a user may do, and who may do something."""

    def get(self, request: Request) -> Response:
        """200. With `userId` the user's privileges, each with the roles that it comes from.

        With `permission`, such as `nexus:repository-view:docker:images:edit`, who holds it.
        """
        for domain in ("users", "roles", "privileges"):
            self.require(application(domain, "read"))
        user_id = request.query_params.get("userId")
        if user_id:
            return Response([_held(each) for each in privileges_of_user(user_id)])
        permission = request.query_params.get("permission")
        if not permission:
            raise ValidationError([FieldError("userId", "userId or permission must be given")])
        try:
            holders = holders_of(permission)
        except InvalidPermission as error:
            raise ValidationError([FieldError("permission", str(error))]) from None
        return Response(
            {
                "permission": permission,
                "users": holders.users,
                "roles": holders.roles,
                "anonymous": holders.anonymous,
            }
        )


def _held(held: HeldPrivilege) -> dict[str, Any]:
    shown = representations.privilege(held.privilege)
    return {**shown, "permission": held.privilege.permission, "roles": list(held.roles)}
