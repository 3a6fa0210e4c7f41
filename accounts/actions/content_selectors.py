"""Making, changing and deleting content selectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from accounts import audit, csel
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.models import ContentSelector, Privilege
from accounts.names import LONGEST_DESCRIPTION, can_be_stored, check_name, check_text
from accounts.principals import Principal
from accounts.privileges import PrivilegeType
from nexuslite.errors import FieldError, NotFound, OperationRefused, ValidationError

logger = logging.getLogger(__name__)

LONGEST_EXPRESSION = 4096


@dataclass(frozen=True, slots=True)
class SelectorSettings:
    """What an administrator sets of a content selector."""

    name: str
    expression: str
    description: str = ""


def selector_not_found(name: str) -> NotFound:
    """Nexus's sentence for a name that no selector has."""
    return NotFound(f"No selector found for {name}")


def create_selector(actor: Principal, settings: SelectorSettings) -> None:
    """Makes a content selector.

    Needs `nexus:selectors:create`. Raises `ValidationError`, `NotPermitted`.
    """
    _check(settings)
    require(actor, application("selectors", "create"))

    def change() -> None:
        # Permissions do not tell upper from lower case, so names must differ by more than that.
        if ContentSelector.objects.filter(name__iexact=settings.name).exists():
            message = "A selector with the same name already exists. Name must be unique."
            raise ValidationError([FieldError("name", message)])
        made = ContentSelector.objects.create(
            name=settings.name,
            description=settings.description,
            expression=settings.expression,
        )
        attributes = audit.created(asdict(made.record()))
        audit.record(actor, Domain.CONTENT_SELECTOR, EventType.CREATED, settings.name, attributes)

    change_security(change)
    logger.info("%s created content selector %s", actor, settings.name)


def update_selector(actor: Principal, settings: SelectorSettings) -> None:
    """Changes the condition of a selector; whoever has a privilege by it has the new one at once.

    Needs `nexus:selectors:update`. Raises `ValidationError`, `NotPermitted`, `NotFound`.
    """
    _check(settings)
    require(actor, application("selectors", "update"))

    def change() -> None:
        row = _existing(settings.name)
        before = row.record()
        row.description, row.expression = settings.description, settings.expression
        row.save(update_fields=["description", "expression"])
        attributes = audit.changes(asdict(before), asdict(row.record()))
        audit.record(actor, Domain.CONTENT_SELECTOR, EventType.UPDATED, settings.name, attributes)

    change_security(change)
    logger.info("%s changed content selector %s", actor, settings.name)


def delete_selector(actor: Principal, name: str) -> None:
    """Deletes a content selector that no privilege refers to.

    Needs `nexus:selectors:delete`. Raises `NotPermitted`, `NotFound`, `OperationRefused`.
    """
    require(actor, application("selectors", "delete"))

    def change() -> None:
        row = _existing(name)
        if _is_used(name):
            raise OperationRefused(f"Content selector {name} is in use and cannot be deleted")
        attributes = audit.deleted(asdict(row.record()))
        row.delete()
        audit.record(actor, Domain.CONTENT_SELECTOR, EventType.DELETED, name, attributes)

    change_security(change)
    logger.info("%s deleted content selector %s", actor, name)


def selector_exists(name: str) -> bool:
    """Whether there is such a selector. One query."""
    return can_be_stored(name) and ContentSelector.objects.filter(name=name).exists()


def _existing(name: str) -> ContentSelector:
    row = ContentSelector.objects.filter(name=name).first() if can_be_stored(name) else None
    if row is None:
        raise selector_not_found(name)
    return row


def _is_used(name: str) -> bool:
    return Privilege.objects.filter(
        type=PrivilegeType.REPOSITORY_CONTENT_SELECTOR.value, properties__content_selector=name
    ).exists()


def _check(settings: SelectorSettings) -> None:
    errors = list(_errors(settings))
    if errors:
        raise ValidationError(errors)


def _errors(settings: SelectorSettings) -> Iterator[FieldError]:
    yield from check_name("name", settings.name)
    description = settings.description
    yield from check_text("description", description, LONGEST_DESCRIPTION, required=False)
    wrong = list(check_text("expression", settings.expression, LONGEST_EXPRESSION))
    yield from wrong
    if wrong:
        return
    try:
        csel.parse(settings.expression)
    except csel.InvalidExpression as error:
        yield FieldError("expression", f"Invalid CSEL: {error}")
