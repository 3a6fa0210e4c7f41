"""Pages of users."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.change_password import change_password
from accounts.actions.users import UserSettings, create_user, delete_user, update_user
from accounts.decisions import EVERYTHING, application, may
from accounts.errors import InvalidPassword
from accounts.models import User, UserStatus
from accounts.names import can_be_stored
from accounts.principals import Principal
from accounts.roles import RoleRecord
from accounts.rules import current_rules
from accounts.user_list import find_users, get_user
from accounts.web.access import principal_of
from accounts.web.forms import NewUserForm, PasswordForm, UserForm
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS
from nexuslite.web.listing import Choice, Listing

READ = application("users", "read")
_CREATE = application("users", "create")
_UPDATE = application("users", "update")
_DELETE = application("users", "delete")
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """The local users."""
    principal = require(request, READ)
    listing: Listing[tuple[User, list[str]]] = Listing(
        section=_("Security"),
        title=_("Users"),
        lead=_("Who can sign in, and the roles that say what they may do."),
        rows_template="accounts/_users.html",
        filter_label=_("Filter users"),
        create=_creation(principal),
        create_label=_("Create local user"),
        help_title=_("What is a user?"),
        help=(
            _(
                "A user is a person or a program that signs in: docker login, the web interface "
                "and REST all take the same name and password."
            ),
            _("What a user may do comes from roles alone."),
        ),
    )
    return listing.answer(
        request,
        find_users(),
        lambda row: f"{row[0].user_id} {row[0].first_name} {row[0].last_name} {row[0].email}",
    )


def _creation(principal: Principal) -> tuple[Choice, ...]:
    return (Choice("", reverse("user-create")),) if may(principal, _CREATE) else ()


@sensitive_post_parameters("password", "confirmation")
@require_http_methods(FORM_METHODS)
def create(request: HttpRequest) -> HttpResponse:
    """Makes a user."""
    principal = require(request, _CREATE)
    form = NewUserForm(request.POST or None, roles=_roles(), initial={"status": "active"})

    def act(values: dict[str, Any]) -> None:
        create_user(principal, _settings(values["user_id"], values), values["password"])

    if request.method == "POST" and _performed(form, act):
        message = _("User %s was created.") % form.cleaned_data["user_id"]
        return saved(request, reverse("users"), message)
    editing = Editing(
        title=_("Create local user"),
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create local user"),
        cancel_url=reverse("users"),
    )
    return editing.answer(request, form, "accounts/user.html")


@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, user_id: str) -> HttpResponse:
    """Shows and changes one user."""
    principal = require(request, READ)
    user, role_ids = _existing(user_id)
    initial = {
        "user_id": user.user_id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "status": user.status,
        "roles": role_ids,
    }
    posted = request.POST if request.method == "POST" else None
    form = UserForm(posted, roles=_roles(), initial=initial)
    form.fields["user_id"].disabled = True
    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(lambda values: update_user(principal, _settings(user_id, values))):
            return saved(request, reverse("users"), _("User %s was changed.") % user_id)
    editing = Editing(
        title=user_id,
        crumbs=_crumbs(Crumb(user_id)),
        submit=_("Save"),
        cancel_url=reverse("users"),
        lead=f"{user.first_name} {user.last_name}",
        delete_url=reverse("user-delete", args=[user_id]) if may(principal, _DELETE) else "",
        delete_label=_("Delete user"),
        read_only="" if may(principal, _UPDATE) else _("You may look at users, not change them."),
    )
    may_set = may(principal, EVERYTHING)
    context = {"password_url": reverse("user-password", args=[user_id]) if may_set else ""}
    return editing.answer(request, form, "accounts/user.html", context)


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, user_id: str) -> HttpResponse:
    """Asks, and deletes a user."""
    principal = require(request, _DELETE)
    user, _role_ids = _existing(user_id)
    error = ""
    question = _deletion(user)
    if question.is_given(request):
        try:
            delete_user(principal, user_id)
        except REFUSALS as refusal:
            error = str(refusal)
        else:
            return saved(request, reverse("users"), _("User %s was deleted.") % user_id)
    return _deletion(user, error).answer(request)


def _deletion(user: User, error: str = "") -> Confirmation:
    return Confirmation(
        title=_("Delete user %s?") % user.user_id,
        lines=(_("Sessions and tokens of this user end at once. What was pushed stays."),),
        submit=_("Delete user"),
        cancel_url=reverse("user-edit", args=[user.user_id]),
        error=error,
    )


@sensitive_post_parameters("password", "confirmation")
@require_http_methods(FORM_METHODS)
def password(request: HttpRequest, user_id: str) -> HttpResponse:
    """Gives a user another password."""
    principal = require(request, EVERYTHING)
    _existing(user_id)
    form = PasswordForm(request.POST or None)

    def act(values: dict[str, Any]) -> None:
        change_password(principal, user_id, values["password"])

    if request.method == "POST" and _performed(form, act):
        own = principal_of(request).user_id == user_id
        target = reverse("sign-in") if own else reverse("user-edit", args=[user_id])
        return saved(request, target, _("The password of %s was changed.") % user_id)
    editing = Editing(
        title=_("Change the password of %s") % user_id,
        crumbs=_crumbs(
            Crumb(user_id, reverse("user-edit", args=[user_id])), Crumb(_("Change password"))
        ),
        submit=_("Change password"),
        cancel_url=reverse("user-edit", args=[user_id]),
        lead=_("Sessions and tokens of this user end at once."),
    )
    return editing.answer(request, form)


def _performed(form: NewUserForm | PasswordForm, act: Any) -> bool:
    try:
        return form.perform(act)
    except InvalidPassword as error:
        form.add_error("password", str(error))
        return False


def _existing(user_id: str) -> tuple[User, list[str]]:
    try:
        if not can_be_stored(user_id):
            raise Http404
        return get_user(user_id)
    except User.DoesNotExist:
        raise Http404 from None


def _settings(user_id: str, values: dict[str, Any]) -> UserSettings:
    return UserSettings(
        user_id=user_id,
        first_name=values["first_name"],
        last_name=values["last_name"],
        email=values["email"],
        status=UserStatus(values["status"]).value,
        roles=values["roles"],
    )


def _roles() -> list[RoleRecord]:
    return sorted(current_rules().roles.values(), key=lambda role: role.name)


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Security")), Crumb(_("Users"), reverse("users")), *more]
