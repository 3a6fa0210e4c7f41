"""Forms of users, roles, privileges and the security settings. Labels are Nexus's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import realms
from accounts.actions.privileges import FIELDS_OF_TYPE
from accounts.models import User, UserStatus
from accounts.models.security_settings import LOCAL_AUTHORIZING_REALM
from accounts.privileges import PrivilegeRecord, PrivilegeType, actions_of
from accounts.roles import RoleRecord
from nexuslite.web.forms import ActionForm, TransferField, TransferList

_NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})
_STATUS_LABELS = {
    UserStatus.ACTIVE.value: _("Active"),
    UserStatus.DISABLED.value: _("Disabled"),
    UserStatus.LOCKED.value: _("Locked"),
    UserStatus.CHANGE_PASSWORD.value: _("Has to change the password"),
}


class UserForm(ActionForm):
    """A local user."""

    FIELDS_OF_ERRORS: ClassVar = {
        "userId": "user_id",
        "firstName": "first_name",
        "lastName": "last_name",
        "emailAddress": "email",
    }

    user_id = forms.CharField(
        label=_("ID"), help_text=_("What the user signs in with. It cannot be changed later.")
    )
    first_name = forms.CharField(label=_("First Name"))
    last_name = forms.CharField(label=_("Last Name"))
    email = forms.CharField(label=_("Email"), widget=forms.EmailInput())
    status = forms.ChoiceField(label=_("Status"), choices=list(_STATUS_LABELS.items()))
    roles = TransferField(label=_("Roles"), widget=TransferList(_("Granted")))

    def __init__(self, *args: Any, roles: Iterable[RoleRecord], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roles"]
        assert isinstance(field, TransferField)
        field.offer((role.id, role.name, role.description) for role in roles)


class NewUserForm(UserForm):
    """A local user who has no password yet."""

    password = forms.CharField(label=_("Password"), widget=_NEW_PASSWORD, strip=False)
    confirmation = forms.CharField(label=_("Confirm Password"), widget=_NEW_PASSWORD, strip=False)
    field_order = (
        "user_id",
        "first_name",
        "last_name",
        "email",
        "password",
        "confirmation",
        "status",
        "roles",
    )

    def clean(self) -> dict[str, Any]:
        """Both passwords have to be the same."""
        return _same_passwords(self)


class PasswordForm(ActionForm):
    """A new password, typed twice."""

    password = forms.CharField(label=_("New Password"), widget=_NEW_PASSWORD, strip=False)
    confirmation = forms.CharField(label=_("Confirm Password"), widget=_NEW_PASSWORD, strip=False)

    def clean(self) -> dict[str, Any]:
        """Both passwords have to be the same."""
        return _same_passwords(self)


class OwnPasswordForm(PasswordForm):
    """A new password of one's own; the current one proves who asks."""

    current = forms.CharField(
        label=_("Current Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
    )
    field_order = ("current", "password", "confirmation")


class RoleForm(ActionForm):
    """A role, without what it contains of other roles' names."""

    FIELDS_OF_ERRORS: ClassVar = {"id": "role_id"}

    role_id = forms.CharField(
        label=_("Role ID"),
        help_text=_(
            "It cannot be changed later. A role whose ID is the name of an external group is held "
            "by the members of that group."
        ),
    )
    name = forms.CharField(label=_("Role Name"))
    description = forms.CharField(label=_("Role Description"), required=False)
    privileges = TransferField(
        label=_("Applied Privileges"), required=False, widget=TransferList(_("Given"))
    )
    roles = TransferField(
        label=_("Applied Roles"), required=False, widget=TransferList(_("Contained"))
    )

    def __init__(
        self,
        *args: Any,
        privileges: Iterable[PrivilegeRecord],
        roles: Iterable[RoleRecord],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        privilege_field, role_field = self.fields["privileges"], self.fields["roles"]
        assert isinstance(privilege_field, TransferField)
        assert isinstance(role_field, TransferField)
        privilege_field.offer((each.name, each.name, each.description) for each in privileges)
        role_field.offer((role.id, role.name, role.description) for role in roles)


_PRIVILEGE_FIELDS: dict[str, tuple[Any, Any]] = {
    "domain": (_("Domain"), _("What the privilege is about, such as blobstores or users.")),
    "pattern": (_("Pattern"), _("A permission with wildcards, such as nexus:repository-view:*.")),
    "format": (_("Format"), _("The format of the repositories, or * for all.")),
    "repository": (_("Repository"), _("The name of a repository, or * for all.")),
    "content_selector": (_("Content Selector"), _("The name of a content selector.")),
    "script_name": (_("Script Name"), _("The name of a script, or * for all.")),
}


class PrivilegeForm(ActionForm):
    """A privilege of one type, whose fields depend on it."""

    FIELDS_OF_ERRORS: ClassVar = {
        "contentSelector": "content_selector",
        "scriptName": "script_name",
    }

    name = forms.CharField(label=_("Name"), help_text=_("It cannot be changed later."))
    description = forms.CharField(label=_("Description"), required=False)

    def __init__(self, *args: Any, privilege_type: PrivilegeType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for own in FIELDS_OF_TYPE[privilege_type]:
            label, hint = _PRIVILEGE_FIELDS[own]
            widget = forms.TextInput(attrs={"class": "form-control"})
            self.fields[own] = forms.CharField(label=label, help_text=hint, widget=widget)
        names = actions_of(privilege_type)
        if names:
            self.fields["actions"] = forms.MultipleChoiceField(
                label=_("Actions"),
                choices=[(name, name.lower()) for name in names],
                widget=forms.CheckboxSelectMultiple(attrs={"class": "nl-choices-of"}),
            )


class AnonymousForm(ActionForm):
    """Anonymous access."""

    FIELDS_OF_ERRORS: ClassVar = {"userId": "user_id", "realmName": "realm_name"}

    enabled = forms.BooleanField(
        label=_("Allow anonymous users to access the server"), required=False
    )
    user_id = forms.ChoiceField(
        label=_("Username"), help_text=_("Whoever does not sign in may do what this user may do.")
    )
    realm_name = forms.ChoiceField(label=_("Realm"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = User.objects.order_by("user_id").values_list("user_id", flat=True)
        self.fields["user_id"].choices = [(user, user) for user in users]  # type: ignore[attr-defined]
        self.fields["realm_name"].choices = [  # type: ignore[attr-defined]
            (LOCAL_AUTHORIZING_REALM, _("Local Authorizing Realm")),
            *((realm.id, realm.name) for realm in realms.available()),
        ]


class RealmsForm(ActionForm):
    """Which realms are asked, in which order."""

    active = TransferField(
        label=_("Active Realms"),
        widget=TransferList(_("Active"), ordered=True),
        help_text=_("The first realm that accepts the credentials signs the user in."),
    )
    acknowledgement = forms.CharField(
        label=_("Acknowledgement"),
        required=False,
        help_text=_(
            "Only to leave out the Local Authenticating Realm: no local user, admin included, "
            "could sign in. Type: I acknowledge"
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["active"]
        assert isinstance(field, TransferField)
        field.offer((realm.id, realm.name, "") for realm in realms.available())


def _same_passwords(form: forms.Form) -> dict[str, Any]:
    values = form.cleaned_data
    if values.get("password") != values.get("confirmation"):
        form.add_error("confirmation", _("The two passwords are not the same."))
    return values
