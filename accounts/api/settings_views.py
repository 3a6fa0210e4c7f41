"""`/service/rest/v1/security/realms` and `/service/rest/v1/security/anonymous`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import realms
from accounts.actions.anonymous_access import set_anonymous_access
from accounts.actions.realms import set_active_realms
from accounts.api import representations, serializers
from accounts.decisions import application
from accounts.directory import security_settings
from nexuslite.rest.fields import texts
from nexuslite.rest.views import RestView


class AvailableRealms(RestView):
    """The realms that can be activated."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require(application("settings", "read"))
        return Response([representations.realm(realm) for realm in realms.available()])


class ActiveRealms(RestView):
    """The realms that are asked, in their order."""

    def get(self, request: Request) -> Response:
        """200 with the ids."""
        self.require(application("settings", "read"))
        return Response(list(security_settings().active_realms))

    def put(self, request: Request) -> Response:
        """204: these are active now.

        `acknowledgeLockout=true` is needed to leave out the Local Authenticating Realm; Nexus has
        nothing like it in REST, and its page wants "I acknowledge".
        """
        wanted: list[str] = texts(serializers.MOST_REALMS).run_validation(request.data)
        acknowledged = request.query_params.get("acknowledgeLockout") == "true"
        set_active_realms(self.principal, wanted, acknowledge_lockout=acknowledged)
        return Response(status=204)


class Anonymous(RestView):
    """Anonymous access."""

    def get(self, request: Request) -> Response:
        """200 with the setting."""
        self.require(application("settings", "read"))
        return Response(representations.anonymous_access(security_settings()))

    def put(self, request: Request) -> Response:
        """200 with the new setting."""
        values = self.valid_body(serializers.AnonymousAccessSerializer)
        set_anonymous_access(self.principal, serializers.anonymous_access(values))
        return Response(representations.anonymous_access(security_settings()))
