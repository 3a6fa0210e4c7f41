"""Making, changing and deleting local users."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError as InvalidEmail
from django.core.validators import validate_email
from django.db.models import F

from accounts import audit
from accounts.actions.change_password import check_password, hash_new_password
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.errors import UserNotFound
from accounts.models import SecuritySettings, User, UserRole, UserStatus
from accounts.models.user import first_credentials_version
from accounts.names import check_text
from accounts.principals import Principal
from accounts.roles import DEFAULT_SOURCE
from accounts.rules import read_rules, roles_of_user
from nexuslite.errors import FieldError, OperationRefused, ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What an administrator sets of a user, but for the password."""

    user_id: str
    first_name: str
    last_name: str
    email: str
    status: str = UserStatus.ACTIVE.value
    roles: Sequence[str] = field(default=())


def create_user(actor: Principal, settings: UserSettings, password: str) -> None:
    """Makes a local user.

    Needs `nexus:users:create`. Raises `ValidationError`, `InvalidPassword`, `NotPermitted`,
    `OperationRefused` for an id that is used, `TooManyAttempts`.
    """
    _check(settings)
    check_password(password)
    require(actor, application("users", "create"))
    password_hash = hash_new_password(password)

    def change() -> None:
        if User.objects.filter(user_id=settings.user_id).exists():
            raise OperationRefused(f"User '{settings.user_id}' already exists.")
        _check_roles(settings.roles)
        User.objects.create(
            user_id=settings.user_id,
            password=password_hash,
            status=settings.status,
            credentials_version=first_credentials_version(),
            **_profile(settings),
        )
        give_roles(settings.user_id, settings.roles)
        record_new_user(actor, settings.user_id)

    change_security(change)
    logger.info("%s created user %.100r", actor, settings.user_id)


def update_user(actor: Principal, settings: UserSettings) -> None:
    """Changes a local user; with the status, tokens and sessions of before are void.

    Needs `nexus:users:update`. Raises `ValidationError`, `NotPermitted`, `UserNotFound`.
    """
    _check(settings)
    require(actor, application("users", "update"))

    def change() -> None:
        user = User.objects.filter(user_id=settings.user_id).only("status").first()
        if user is None:
            raise UserNotFound(settings.user_id)
        _check_roles(settings.roles)
        before = _values(settings.user_id)
        rise = int(user.status != settings.status)
        User.objects.filter(pk=user.pk).update(
            status=settings.status,
            credentials_version=F("credentials_version") + rise,
            **_profile(settings),
        )
        give_roles(settings.user_id, settings.roles)
        changes = audit.changes(before, _values(settings.user_id))
        audit.record(actor, Domain.USER, EventType.UPDATED, settings.user_id, changes)

    change_security(change)
    logger.info("%s changed user %.100r", actor, settings.user_id)


def delete_user(actor: Principal, user_id: str) -> None:
    """Deletes a local user, whose tokens and sessions end with it.

    Needs `nexus:users:delete`. Raises `NotPermitted`, `UserNotFound`, and `OperationRefused` for
    oneself and for the user that anonymous access stands on.
    """
    require(actor, application("users", "delete"))

    def change() -> None:
        if not User.objects.filter(user_id=user_id).exists():
            raise UserNotFound(user_id)
        if actor.user_id == user_id and actor.source == DEFAULT_SOURCE:
            raise OperationRefused("Can not delete currently signed in user")
        anonymous = {"anonymous_enabled": True, "anonymous_user_id": user_id}
        if SecuritySettings.objects.filter(**anonymous).exists():
            raise OperationRefused("Can not delete anonymous user")
        before = audit.deleted(_values(user_id))
        audit.record(actor, Domain.USER, EventType.DELETED, user_id, before)
        User.objects.filter(user_id=user_id).delete()
        UserRole.objects.filter(user_id=user_id, source=DEFAULT_SOURCE).delete()

    change_security(change)
    logger.info("%s deleted user %.100r", actor, user_id)


def give_roles(user_id: str, role_ids: Sequence[str]) -> None:
    """Within a change: makes these the roles of a local user, in this order."""
    UserRole.objects.filter(user_id=user_id, source=DEFAULT_SOURCE).delete()
    UserRole.objects.bulk_create(
        UserRole(user_id=user_id, role_id=role_id) for role_id in dict.fromkeys(role_ids)
    )


def record_new_user(actor: Principal, user_id: str) -> None:
    """Within a change: tells the audit of a local user who was just made."""
    audit.record(actor, Domain.USER, EventType.CREATED, user_id, audit.created(_values(user_id)))


def _values(user_id: str) -> dict[str, object]:
    row = User.objects.get(user_id=user_id)
    without = ("password", "credentials_version", "created")
    return {
        **audit.values_of(row, without=without),
        "roles": roles_of_user(user_id, DEFAULT_SOURCE),
    }


def _profile(settings: UserSettings) -> dict[str, str]:
    return {
        "first_name": settings.first_name,
        "last_name": settings.last_name,
        "email": settings.email,
    }


def _check(settings: UserSettings) -> None:
    errors = list(_errors(settings))
    if errors:
        raise ValidationError(errors)


def _errors(settings: UserSettings) -> Iterator[FieldError]:
    yield from check_text("userId", settings.user_id)
    if ":" in settings.user_id:
        # RFC 7617: a user id with a colon cannot be sent by Basic.
        yield FieldError("userId", "must not contain a colon")
    yield from check_text("firstName", settings.first_name)
    yield from check_text("lastName", settings.last_name)
    try:
        validate_email(settings.email)
    except InvalidEmail:
        yield FieldError("emailAddress", "must be a well-formed email address")
    if settings.status not in UserStatus.values:
        yield FieldError("status", f"must be one of {', '.join(UserStatus.values)}")
    if not settings.roles:
        yield FieldError("roles", "must not be empty")


def _check_roles(role_ids: Sequence[str]) -> None:
    known = read_rules().roles
    errors = [
        FieldError("roles", f"Unable to locate roleId: {role_id}")
        for role_id in dict.fromkeys(role_ids)
        if role_id not in known
    ]
    if errors:
        raise ValidationError(errors)
