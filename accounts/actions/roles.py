"""Making, changing and deleting roles."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from accounts import audit
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.models import Role, UserRole
from accounts.names import LONGEST_DESCRIPTION, check_text
from accounts.principals import Principal
from accounts.privilege_directory import existing_names
from accounts.roles import BUILTIN_ROLES, RoleRecord, closure
from accounts.rules import read_rules
from nexuslite.errors import FieldError, NotFound, OperationRefused, ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What an administrator sets of a role."""

    id: str
    name: str
    description: str = ""
    privileges: Sequence[str] = field(default=())
    roles: Sequence[str] = field(default=())


def role_not_found(role_id: str) -> NotFound:
    """Nexus's sentence for an id that no role has."""
    return NotFound(f"Role '{role_id}' not found.")


def create_role(actor: Principal, settings: RoleSettings) -> RoleRecord:
    """Makes a role. An id that is the name of an external group gives the role to its members.

    Needs `nexus:roles:create`. Raises `ValidationError`, `NotPermitted`, `OperationRefused`.
    """
    _check(settings)
    require(actor, application("roles", "create"))

    def change() -> RoleRecord:
        if settings.id in read_rules().roles:
            raise OperationRefused(f"Role '{settings.id}' already exists, use a unique roleId.")
        _check_against_others(settings)
        row = Role.objects.create(role_id=settings.id, **_columns(settings))
        after = audit.created(audit.values_of(row))
        audit.record(actor, Domain.ROLE, EventType.CREATED, settings.id, after)
        return row.record()

    created = change_security(change)
    logger.info("%s created role %.100r", actor, settings.id)
    return created


def update_role(actor: Principal, settings: RoleSettings) -> None:
    """Changes a role. Needs `nexus:roles:update`. Raises as `create_role`, and `NotFound`."""
    _check(settings)
    require(actor, application("roles", "update"))

    def change() -> None:
        _require_changeable(settings.id)
        _check_against_others(settings)
        row = Role.objects.filter(role_id=settings.id)
        before = audit.values_of(row.get())
        row.update(**_columns(settings))
        changes = audit.changes(before, audit.values_of(row.get()))
        audit.record(actor, Domain.ROLE, EventType.UPDATED, settings.id, changes)

    change_security(change)
    logger.info("%s changed role %.100r", actor, settings.id)


def delete_role(actor: Principal, role_id: str) -> None:
    """Deletes a role and takes it from the users and roles that have it.

    Needs `nexus:roles:delete`. Raises `NotPermitted`, `NotFound`, `OperationRefused`.
    """
    require(actor, application("roles", "delete"))

    def change() -> None:
        _require_changeable(role_id)
        row = Role.objects.get(role_id=role_id)
        before = audit.values_of(row)
        row.delete()
        holders = UserRole.objects.filter(role_id=role_id)
        attributes = {
            "before": before,
            "removedFromUsers": sorted(holders.values_list("user_id", flat=True)),
            "removedFromRoles": _remove_from_roles(role_id),
        }
        holders.delete()
        audit.record(actor, Domain.ROLE, EventType.DELETED, role_id, attributes)

    change_security(change)
    logger.info("%s deleted role %.100r", actor, role_id)


def _remove_from_roles(role_id: str) -> list[str]:
    """Takes a role from the roles that have it; returns their ids."""
    holders = [row for row in Role.objects.order_by("role_id") if role_id in row.roles]
    for row in holders:
        row.roles = [each for each in row.roles if each != role_id]
        row.save(update_fields=["roles"])
    return [row.role_id for row in holders]


def _columns(settings: RoleSettings) -> dict[str, object]:
    return {
        "name": settings.name,
        "description": settings.description,
        "privileges": list(dict.fromkeys(settings.privileges)),
        "roles": list(dict.fromkeys(settings.roles)),
    }


def _check(settings: RoleSettings) -> None:
    errors = list(_errors(settings))
    if errors:
        raise ValidationError(errors)


def _errors(settings: RoleSettings) -> Iterator[FieldError]:
    yield from check_text("id", settings.id)
    yield from check_text("name", settings.name)
    description = settings.description
    yield from check_text("description", description, LONGEST_DESCRIPTION, required=False)


def _require_changeable(role_id: str) -> None:
    if role_id in BUILTIN_ROLES:
        raise OperationRefused(f"Role '{role_id}' is internal and cannot be modified or deleted.")
    if not Role.objects.filter(role_id=role_id).exists():
        raise role_not_found(role_id)


def _check_against_others(settings: RoleSettings) -> None:
    existing = existing_names(settings.privileges)
    for name in settings.privileges:
        if name not in existing:
            raise OperationRefused(
                f"Privilege '{name}' contained in role '{settings.id}' not found."
            )
    roles = read_rules().roles
    for role_id in settings.roles:
        if role_id not in roles and role_id != settings.id:
            raise OperationRefused(f"Role '{role_id}' contained in role '{settings.id}' not found.")
    below = {role.id for role in closure(settings.roles, roles)}
    if settings.id in below or settings.id in settings.roles:
        raise OperationRefused(
            f"Role '{settings.id}' cannot contain itself either directly or indirectly through "
            "child roles."
        )
