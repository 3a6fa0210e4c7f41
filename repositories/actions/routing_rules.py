"""Making, changing and deleting routing rules."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.decisions import EVERYTHING
from accounts.principals import Principal
from nexuslite import regex
from nexuslite.errors import FieldError, NotFound, OperationRefused, ValidationError
from repositories.actions.configuration import change_configuration, require
from repositories.models import ProxySettings, RoutingRule
from repositories.models.routing_rule import RoutingMode
from repositories.names import check_name

logger = logging.getLogger(__name__)

MOST_MATCHERS = 100
LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True, slots=True)
class RoutingRuleSettings:
    """What an administrator sets of a routing rule."""

    name: str
    description: str
    mode: str
    matchers: tuple[str, ...]


def create_routing_rule(actor: Principal, settings: RoutingRuleSettings) -> None:
    """Makes a rule. Needs `nexus:*`. Raises `ValidationError`, `NotPermitted`."""
    _check(settings)
    require(actor, EVERYTHING)

    def change() -> None:
        _refuse_duplicate(settings.name, None)
        row = RoutingRule.objects.create(**_columns(settings))
        after = audit.created(_values(row.pk))
        audit.record(actor, Domain.ROUTING_RULE, EventType.CREATED, settings.name, after)

    change_configuration(change)
    logger.info("%s created routing rule %s", actor, settings.name)


def update_routing_rule(actor: Principal, name: str, settings: RoutingRuleSettings) -> None:
    """Sets everything of a rule anew, its name too. Needs `nexus:*`.

    The next request on any worker is judged by it. Raises `ValidationError`, `NotPermitted`,
    `NotFound`.
    """
    _check(settings)
    require(actor, EVERYTHING)

    def change() -> None:
        row = find_routing_rule(name)
        _refuse_duplicate(settings.name, row.pk)
        before = _values(row.pk)
        RoutingRule.objects.filter(pk=row.pk).update(**_columns(settings))
        changes = audit.changes(before, _values(row.pk))
        audit.record(actor, Domain.ROUTING_RULE, EventType.UPDATED, name, changes)

    change_configuration(change)
    logger.info("%s changed routing rule %s", actor, name)


def delete_routing_rule(actor: Principal, name: str) -> None:
    """Deletes a rule that no repository uses. Needs `nexus:*`.

    Raises `NotPermitted`, `NotFound`, `OperationRefused`.
    """
    require(actor, EVERYTHING)

    def change() -> None:
        row = find_routing_rule(name)
        users = ProxySettings.objects.filter(routing_rule=row).count()
        if users:
            raise OperationRefused(f"Routing rule is still in use by {users} repositories.")
        before = audit.deleted(_values(row.pk))
        row.delete()
        audit.record(actor, Domain.ROUTING_RULE, EventType.DELETED, name, before)

    change_configuration(change)
    logger.info("%s deleted routing rule %s", actor, name)


def find_routing_rule(name: str) -> RoutingRule:
    """The row of a rule, whoever asks. Raises `NotFound`."""
    row = None if "\0" in name else RoutingRule.objects.filter(name=name).first()
    if row is None:
        raise NotFound(f"Did not find a routing rule with the name '{name}'")
    return row


def _values(rule_id: int) -> dict[str, object]:
    return audit.values_of(RoutingRule.objects.get(pk=rule_id), without=("created",))


def _columns(settings: RoutingRuleSettings) -> dict[str, object]:
    return {
        "name": settings.name,
        "description": settings.description,
        "mode": settings.mode,
        "matchers": list(settings.matchers),
    }


def _check(settings: RoutingRuleSettings) -> None:
    errors = list(_errors(settings))
    if errors:
        raise ValidationError(errors)


def _errors(settings: RoutingRuleSettings) -> Iterator[FieldError]:
    yield from check_name(settings.name)
    if len(settings.description) > LONGEST_DESCRIPTION:
        yield FieldError("description", f"must not be longer than {LONGEST_DESCRIPTION} characters")
    if settings.mode not in RoutingMode.values:
        yield FieldError("mode", f"must be one of {', '.join(RoutingMode.values)}")
    if not settings.matchers:
        yield FieldError("matchers", "At least one matcher is required")
    for index, matcher in enumerate(settings.matchers):
        try:
            regex.check(matcher)
        except regex.InvalidExpression as error:
            yield FieldError(f"matchers[{index}]", f"Invalid regular expression: {error}")


def _refuse_duplicate(name: str, own: int | None) -> None:
    found = RoutingRule.objects.filter(name__iexact=name).first()
    if found is not None and found.pk != own:
        message = "A rule with the same name already exists. Name must be unique."
        raise ValidationError([FieldError("name", message)])
