"""`/service/rest/v1/security/content-selectors`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.content_selectors import (
    create_selector,
    delete_selector,
    selector_not_found,
    update_selector,
)
from accounts.api import representations, serializers
from accounts.decisions import application
from accounts.rules import current_selectors
from nexuslite.rest.views import RestView


class ContentSelectors(RestView):
    """All content selectors."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require(application("selectors", "read"))
        return Response([representations.content_selector(each) for each in current_selectors()])

    def post(self, request: Request) -> Response:
        """204: made."""
        values = self.valid_body(serializers.NewContentSelectorSerializer)
        create_selector(self.principal, serializers.selector_settings(values["name"], values))
        return Response(status=204)


class OneContentSelector(RestView):
    """One content selector."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the selector."""
        self.require(application("selectors", "read"))
        found = next((each for each in current_selectors() if each.name == name), None)
        if found is None:
            raise selector_not_found(name)
        return Response(representations.content_selector(found))

    def put(self, request: Request, name: str) -> Response:
        """204: changed. A name in the body counts for nothing: the path says which."""
        values = self.valid_body(serializers.ContentSelectorSerializer)
        update_selector(self.principal, serializers.selector_settings(name, values))
        return Response(status=204)

    def delete(self, request: Request, name: str) -> Response:
        """204: gone."""
        delete_selector(self.principal, name)
        return Response(status=204)
