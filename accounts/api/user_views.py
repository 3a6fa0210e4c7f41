"""`/service/rest/v1/security/users` and `/service/rest/v1/security/user-sources`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.change_password import change_password
from accounts.actions.users import create_user, delete_user, update_user
from accounts.api import representations, serializers
from accounts.decisions import application
from accounts.models.security_settings import LOCAL_AUTHENTICATING_REALM
from accounts.roles import DEFAULT_SOURCE
from accounts.user_list import SOURCES, find_users, get_user, require_source
from nexuslite.errors import OperationRefused
from nexuslite.rest.parsers import PlainTextParser
from nexuslite.rest.views import RestView


class Users(RestView):
    """The users of a source."""

    def get(self, request: Request) -> Response:
        """200 with the list; `userId` may be the beginning of an id."""
        self.require(application("users", "read"))
        require_source(request.query_params.get("source") or DEFAULT_SOURCE)
        found = find_users(request.query_params.get("userId", ""))
        return Response([representations.user(row, role_ids) for row, role_ids in found])

    def post(self, request: Request) -> Response:
        """200 with the new user."""
        values = self.valid_body(serializers.NewUserSerializer)
        settings = serializers.user_settings(values)
        create_user(self.principal, settings, values["password"] or "")
        return Response(representations.user(*get_user(settings.user_id)))


class OneUser(RestView):
    """One user."""

    def put(self, request: Request, user_id: str) -> Response:
        """204: changed."""
        values = self.valid_body(serializers.UserSerializer)
        self.require(application("users", "update"))
        if values["userId"] != user_id:
            raise OperationRefused("The path's userId does not match the body")
        require_source(values["source"])
        update_user(self.principal, serializers.user_settings(values))
        return Response(status=204)

    def delete(self, request: Request, user_id: str) -> Response:
        """204: gone."""
        self.require(application("users", "delete"))
        realm = request.query_params.get("realm") or LOCAL_AUTHENTICATING_REALM
        if realm not in (LOCAL_AUTHENTICATING_REALM, DEFAULT_SOURCE):
            raise OperationRefused("Non-local user cannot be deleted.")
        delete_user(self.principal, user_id)
        return Response(status=204)


class Password(RestView):
    """The password of a user."""

    parser_classes = (PlainTextParser,)

    def put(self, request: Request, user_id: str) -> Response:
        """204: the body is the new password."""
        # An empty body is not given to any parser.
        sent: object = request.data
        change_password(self.principal, user_id, sent if isinstance(sent, str) else "")
        return Response(status=204)


class UserSources(RestView):
    """Where users come from."""

    def get(self, request: Request) -> Response:
        """200 with the list."""
        self.require(application("users", "read"))
        return Response([{"id": source, "name": name} for source, name in SOURCES.items()])
