"""How request bodies are read: types and required fields. What values mean is the actions' affair.

Field names are those of Nexus's JSON.
"""

from __future__ import annotations

# ruff: noqa: N815 - fields are named as in the JSON
from functools import lru_cache
from typing import Any, cast

from rest_framework import serializers

from accounts.actions.anonymous_access import AnonymousAccess
from accounts.actions.content_selectors import SelectorSettings
from accounts.actions.privileges import FIELDS_OF_TYPE, PrivilegeSettings
from accounts.actions.roles import RoleSettings
from accounts.actions.users import UserSettings
from accounts.privileges import PrivilegeType
from nexuslite.rest.fields import Text, Values, optional_text, texts

_MOST_ROLES = 1000
_MOST_PRIVILEGES = 10_000
_MOST_ACTIONS = 50
MOST_REALMS = 100


class UserSerializer(serializers.Serializer[Values]):
    """`ApiUser`; what else it has is not for the client to say."""

    userId = Text()
    firstName = Text()
    lastName = Text()
    emailAddress = Text()
    # A field of the JSON, not the option of fields.
    source = Text()  # type: ignore[assignment]
    status = Text()
    roles = texts(_MOST_ROLES)


class NewUserSerializer(serializers.Serializer[Values]):
    """`ApiCreateUser`."""

    userId = Text()
    firstName = Text()
    lastName = Text()
    emailAddress = Text()
    password = Text(required=False, allow_null=True, allow_blank=True, default="")
    status = Text()
    roles = texts(_MOST_ROLES)


def user_settings(values: Values) -> UserSettings:
    """The settings that a valid body of a user stands for."""
    return UserSettings(
        user_id=values["userId"],
        first_name=values["firstName"],
        last_name=values["lastName"],
        email=values["emailAddress"],
        status=values["status"],
        roles=values["roles"],
    )


class RoleSerializer(serializers.Serializer[Values]):
    """`RoleXORequest`."""

    id = Text()
    name = Text()
    description = optional_text()
    privileges = texts(_MOST_PRIVILEGES, required=False, allow_null=True)
    roles = texts(_MOST_ROLES, required=False, allow_null=True)


def role_settings(values: Values) -> RoleSettings:
    """The settings that a valid body of a role stands for."""
    return RoleSettings(
        id=values["id"],
        name=values["name"],
        description=values["description"] or "",
        privileges=values.get("privileges") or (),
        roles=values.get("roles") or (),
    )


@lru_cache
def privilege_serializer(privilege_type: PrivilegeType) -> type[serializers.Serializer[Values]]:
    """What reads a privilege of the type, such as `ApiPrivilegeApplicationRequest`."""
    fields: dict[str, Any] = {"name": Text(), "description": optional_text()}
    fields |= {name: Text() for name in FIELDS_OF_TYPE[privilege_type].values()}
    if privilege_type is not PrivilegeType.WILDCARD:
        fields["actions"] = texts(_MOST_ACTIONS)
    created = type(f"{privilege_type.name.title()}Serializer", (serializers.Serializer,), fields)
    return cast("type[serializers.Serializer[Values]]", created)


def privilege_settings(privilege_type: PrivilegeType, values: Values) -> PrivilegeSettings:
    """The settings that a valid body of a privilege of the type stands for."""
    names = FIELDS_OF_TYPE[privilege_type].items()
    return PrivilegeSettings(
        name=values["name"],
        type=privilege_type,
        description=values["description"] or "",
        fields={own: values[rest_name] for own, rest_name in names},
        actions=[action.upper() for action in values.get("actions", ())],
    )


class ContentSelectorSerializer(serializers.Serializer[Values]):
    """`ContentSelectorApiUpdateRequest`."""

    description = optional_text()
    expression = Text()


class NewContentSelectorSerializer(ContentSelectorSerializer):
    """`ContentSelectorApiCreateRequest`."""

    name = Text()


def selector_settings(name: str, values: Values) -> SelectorSettings:
    """The settings that a valid body of a content selector stands for."""
    return SelectorSettings(name, values["expression"], values["description"] or "")


class AnonymousAccessSerializer(serializers.Serializer[Values]):
    """`AnonymousAccessSettingsXO`."""

    enabled = serializers.BooleanField(required=False, default=False)
    userId = Text()
    realmName = Text()


def anonymous_access(values: Values) -> AnonymousAccess:
    """The setting that a valid body stands for."""
    return AnonymousAccess(values["enabled"], values["userId"], values["realmName"])
