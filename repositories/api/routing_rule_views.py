"""`/service/rest/v1/routing-rules`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.decisions import EVERYTHING
from nexuslite.rest.fields import Text, Values, optional_text, texts
from nexuslite.rest.views import RestView
from repositories.actions.routing_rules import (
    MOST_MATCHERS,
    RoutingRuleSettings,
    create_routing_rule,
    delete_routing_rule,
    find_routing_rule,
    update_routing_rule,
)
from repositories.models import RoutingRule


class RoutingRuleSerializer(serializers.Serializer[Values]):
    """`RoutingRuleXO`."""

    name = Text()
    description = optional_text()
    mode = Text()
    matchers = texts(MOST_MATCHERS)


class RoutingRules(RestView):
    """All routing rules."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require(EVERYTHING)
        return Response([_representation(row) for row in RoutingRule.objects.order_by("name")])

    def post(self, request: Request) -> Response:
        """204: made."""
        create_routing_rule(self.principal, _settings(self.valid_body(RoutingRuleSerializer)))
        return Response(status=204)


class OneRoutingRule(RestView):
    """One routing rule."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the rule."""
        self.require(EVERYTHING)
        return Response(_representation(find_routing_rule(name)))

    def put(self, request: Request, name: str) -> Response:
        """204: changed."""
        values = self.valid_body(RoutingRuleSerializer)
        update_routing_rule(self.principal, name, _settings(values))
        return Response(status=204)

    def delete(self, request: Request, name: str) -> Response:
        """204: gone."""
        delete_routing_rule(self.principal, name)
        return Response(status=204)


def _settings(values: Values) -> RoutingRuleSettings:
    return RoutingRuleSettings(
        name=values["name"],
        description=values["description"] or "",
        mode=values["mode"].upper(),
        matchers=tuple(values["matchers"]),
    )


def _representation(row: RoutingRule) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description or None,
        "mode": row.mode,
        "matchers": row.matchers,
    }
