"""Making, changing and deleting privileges."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from accounts import audit
from accounts.actions.content_selectors import selector_exists
from accounts.actions.repository_privileges import remove_from_roles
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.builtin_privileges import FORMATS, is_reserved
from accounts.decisions import application
from accounts.models import Privilege, RepositoryPrivileges
from accounts.names import LONGEST_DESCRIPTION, check_name, check_text
from accounts.permissions import InvalidPermission, parse
from accounts.principals import Principal
from accounts.privilege_directory import find_privilege
from accounts.privileges import (
    ALL,
    REST_ACTIONS,
    PrivilegeRecord,
    PrivilegeType,
    refused_actions,
    stored_actions,
)
from nexuslite.errors import FieldError, NotFound, OperationRefused, ValidationError

logger = logging.getLogger(__name__)

FIELDS_OF_TYPE: dict[PrivilegeType, dict[str, str]] = {
    PrivilegeType.APPLICATION: {"domain": "domain"},
    PrivilegeType.WILDCARD: {"pattern": "pattern"},
    PrivilegeType.REPOSITORY_VIEW: {"format": "format", "repository": "repository"},
    PrivilegeType.REPOSITORY_ADMIN: {"format": "format", "repository": "repository"},
    PrivilegeType.REPOSITORY_CONTENT_SELECTOR: {
        "format": "format",
        "repository": "repository",
        "content_selector": "contentSelector",
    },
    PrivilegeType.SCRIPT: {"script_name": "scriptName"},
}
"""The fields of each type beside the actions: as `PrivilegeRecord` and as REST name them."""


@dataclass(frozen=True, slots=True)
class PrivilegeSettings:
    """What an administrator sets of a privilege. `fields` are those of `FIELDS_OF_TYPE`."""

    name: str
    type: PrivilegeType
    description: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    actions: Sequence[str] = ()
    """As REST spells them: `ADD`, `ALL`. Empty for wildcards."""


def privilege_not_found(name: str) -> NotFound:
    """Nexus's sentence for a name that no privilege has."""
    return NotFound(f"Privilege '{name}' not found.")


def create_privilege(actor: Principal, settings: PrivilegeSettings) -> None:
    """Makes a privilege.

    Needs `nexus:privileges:create`. Raises `ValidationError`, `NotPermitted`, `OperationRefused`.
    """
    _check(settings)
    require(actor, application("privileges", "create"))

    def change() -> None:
        if find_privilege(settings.name) is not None:
            raise OperationRefused(
                f"Privilege '{settings.name}' already exists, use a unique name."
            )
        if is_reserved(settings.name):
            # A repository made later would bring a privilege of the same name.
            raise OperationRefused(
                f"The name '{settings.name}' is kept for the privileges of a repository."
            )
        _check_against_others(settings)
        row = Privilege.objects.create(name=settings.name, **_columns(settings))
        after = audit.created(audit.values_of(row))
        audit.record(actor, Domain.PRIVILEGE, EventType.CREATED, settings.name, after)

    change_security(change)
    logger.info("%s created privilege %s", actor, settings.name)


def update_privilege(actor: Principal, settings: PrivilegeSettings) -> None:
    """Changes a privilege, whose type stays.

    Needs `nexus:privileges:update`. Raises as `create_privilege`, and `NotFound`.
    """
    _check(settings)
    require(actor, application("privileges", "update"))

    def change() -> None:
        found = _changeable(settings.name)
        if found.type is not settings.type:
            raise privilege_not_found(settings.name)
        _check_against_others(settings)
        row = Privilege.objects.filter(name=settings.name)
        before = audit.values_of(row.get())
        row.update(**_columns(settings))
        changes = audit.changes(before, audit.values_of(row.get()))
        audit.record(actor, Domain.PRIVILEGE, EventType.UPDATED, settings.name, changes)

    change_security(change)
    logger.info("%s changed privilege %s", actor, settings.name)


def delete_privilege(actor: Principal, name: str) -> None:
    """Deletes a privilege and takes it from the roles that have it.

    Needs `nexus:privileges:delete`. Raises `NotPermitted`, `NotFound`, `OperationRefused`.
    """
    require(actor, application("privileges", "delete"))

    def change() -> None:
        _changeable(name)
        row = Privilege.objects.get(name=name)
        attributes = {
            **audit.deleted(audit.values_of(row)),
            "removedFromRoles": remove_from_roles({name}),
        }
        row.delete()
        audit.record(actor, Domain.PRIVILEGE, EventType.DELETED, name, attributes)

    change_security(change)
    logger.info("%s deleted privilege %s", actor, name)


def _changeable(name: str) -> PrivilegeRecord:
    found = find_privilege(name)
    if found is None:
        raise privilege_not_found(name)
    if found.read_only:
        raise OperationRefused(f"Privilege '{name}' is internal and cannot be modified or deleted.")
    return found


def _columns(settings: PrivilegeSettings) -> dict[str, object]:
    properties: dict[str, object] = dict(settings.fields)
    if settings.type is not PrivilegeType.WILDCARD:
        properties["actions"] = list(stored_actions(settings.type, settings.actions))
    return {
        "type": settings.type.value,
        "description": settings.description,
        "properties": properties,
    }


def _check(settings: PrivilegeSettings) -> None:
    errors = list(_errors(settings))
    if errors:
        raise ValidationError(errors)


def _errors(settings: PrivilegeSettings) -> Iterator[FieldError]:
    yield from check_name("name", settings.name)
    description = settings.description
    yield from check_text("description", description, LONGEST_DESCRIPTION, required=False)
    for own, rest_name in FIELDS_OF_TYPE[settings.type].items():
        yield from check_text(rest_name, settings.fields.get(own, ""))
    if settings.type is PrivilegeType.WILDCARD:
        return
    if not settings.actions:
        yield FieldError("actions", "must not be empty")
    unknown = set(settings.actions) - set(REST_ACTIONS)
    if unknown:
        yield FieldError("actions", f"must be of {', '.join(REST_ACTIONS)}")


def _check_against_others(settings: PrivilegeSettings) -> None:
    refused = refused_actions(settings.type, settings.actions)
    if refused and settings.type is not PrivilegeType.WILDCARD:
        raise OperationRefused(
            f"Privilege of type '{settings.type}' cannot use action(s) of type "
            f"'{','.join(refused)}'."
        )
    if "repository" in settings.fields:
        _check_repository(settings.type, settings.fields["format"], settings.fields["repository"])
    if settings.type is PrivilegeType.REPOSITORY_CONTENT_SELECTOR:
        selector = settings.fields["content_selector"]
        if not selector_exists(selector):
            raise OperationRefused(f"Invalid selector '{selector}' supplied.")
    if settings.type is PrivilegeType.SCRIPT:
        _check_script(settings.fields["script_name"])
    _check_permission(settings)


def _check_repository(
    privilege_type: PrivilegeType, repository_format: str, repository: str
) -> None:
    if repository_format not in (ALL, *FORMATS):
        raise OperationRefused(f"Invalid format '{repository_format}' supplied.")
    if repository == ALL:
        return
    takes_formats = privilege_type is PrivilegeType.REPOSITORY_CONTENT_SELECTOR
    if takes_formats and repository in (f"*-{each}" for each in FORMATS):
        return
    row = RepositoryPrivileges.objects.filter(repository=repository).first()
    if row is None:
        raise OperationRefused(f"Invalid repository '{repository}' supplied.")
    if repository_format not in (ALL, row.format):
        raise OperationRefused(f"Invalid format '{repository_format}' supplied.")


def _check_script(name: str) -> None:
    # Scripts cannot be uploaded here, but roles that were made for Nexus name some.
    if name != ALL and list(check_name("scriptName", name)):
        raise OperationRefused(f"Invalid script '{name}' supplied.")


def _check_permission(settings: PrivilegeSettings) -> None:
    # What decisions are made from must be readable for as long as it is stored.
    row = Privilege(name=settings.name, **_columns(settings))
    try:
        parse(row.record().permission)
    except InvalidPermission as error:
        first = next(iter(FIELDS_OF_TYPE[settings.type].values()))
        raise ValidationError([FieldError(first, str(error))]) from None
