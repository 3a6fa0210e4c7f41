"""The way from an empty server to the first push: password, anonymous access, repositories.

Every step can be left, is a page of its own, and acts as the pages of administration do.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import sessions
from accounts.actions import admin_password_file
from accounts.actions.anonymous_access import AnonymousAccess, set_anonymous_access
from accounts.actions.change_password import change_password
from accounts.actions.realms import set_active_realms
from accounts.decisions import EVERYTHING
from accounts.directory import security_settings
from accounts.errors import InvalidPassword
from accounts.models.security_settings import DOCKER_TOKEN_REALM
from accounts.principals import Principal
from accounts.web.access import principal_of
from accounts.web.forms import PasswordForm
from nexuslite.web.editing import require
from nexuslite.web.forms import ActionForm
from nexuslite.web.pages import page
from repositories.actions.create_repository import create_repository
from repositories.actions.group_settings import GroupSettings
from repositories.actions.proxy_settings import ProxySettings
from repositories.actions.repository_settings import DockerSettings, HostedSettings
from repositories.models import BlobStore
from repositories.models.proxy import IndexType
from repositories.records import snapshot
from repositories.web.commands import commands_for
from repositories.web.presentation import show
from repositories.web.repository_pages import free_ports, ports_in_use

FORM_METHODS = ["GET", "HEAD", "POST"]
HOSTED, PROXY, GROUP = "docker-hosted", "docker-hub", "docker-group"
DOCKER_HUB = "https://registry-1.docker.io"
STEPS = ("setup-password", "setup-anonymous", "setup-repositories", "setup-done")


class AnonymousChoice(ActionForm):
    """Yes or no; nothing is chosen for anybody."""

    anonymous = forms.ChoiceField(
        label=gettext_lazy("Anonymous access"),
        choices=[
            (
                "yes",
                gettext_lazy(
                    "Enable: whoever reaches this server can look at and pull every image without "
                    "signing in. Pushing needs an account."
                ),
            ),
            ("no", gettext_lazy("Disable: pulling needs an account, too.")),
        ],
        widget=forms.RadioSelect,
    )


class FirstRepositories(ActionForm):
    """A hosted repository, a mirror of Docker Hub and one address over both."""

    hosted_port = forms.IntegerField(
        label=gettext_lazy("Port to push to"),
        help_text=gettext_lazy("docker-hosted keeps your own images."),
    )
    proxy_port = forms.IntegerField(
        label=gettext_lazy("Port of the mirror of Docker Hub"),
        required=False,
        help_text=gettext_lazy("docker-hub fetches and keeps what is pulled. Empty for none."),
    )
    group_port = forms.IntegerField(
        label=gettext_lazy("Port to pull from"),
        required=False,
        help_text=gettext_lazy("docker-group answers for all of them. Empty for none."),
    )

    def clean(self) -> dict[str, Any]:
        """Ports differ and are free: nothing is made before all of it can be."""
        values = self.cleaned_data
        allowed = settings.NEXUSLITE_CONNECTOR_PORTS
        taken = ports_in_use()
        for name in ("hosted_port", "proxy_port", "group_port"):
            port = values.get(name)
            if port is None:
                continue
            if port not in allowed:
                self.add_error(name, _("Ports for connectors are %s.") % allowed)
            elif port in taken:
                self.add_error(name, _("The port is used already."))
            taken.add(port)
        return values


@sensitive_post_parameters("password", "confirmation")
@require_http_methods(FORM_METHODS)
def password(request: HttpRequest) -> HttpResponse:
    """A password of one's own in place of the generated one."""
    principal = _administrator(request)
    if not admin_password_file.path().exists():
        return HttpResponseRedirect(reverse("setup-anonymous"))
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and _password_set(request, form, principal):
        return HttpResponseRedirect(reverse("setup-anonymous"))
    return _step(
        request,
        form,
        "setup-password",
        title=_("Choose a password"),
        lead=_("The generated one lies in a file, which goes when you choose your own."),
        submit=_("Set password"),
    )


def _password_set(request: HttpRequest, form: PasswordForm, principal: Principal) -> bool:
    def act(values: dict[str, Any]) -> None:
        change_password(principal, str(principal.user_id), values["password"])
        # The session of before ended with the old password.
        address = request.META.get("REMOTE_ADDR", "")
        sessions.authenticate_session(request, str(principal.user_id), values["password"], address)

    try:
        return form.perform(act)
    except InvalidPassword as error:
        form.add_error("password", str(error))
        return False


@require_http_methods(FORM_METHODS)
def anonymous(request: HttpRequest) -> HttpResponse:
    """Whether images can be pulled without an account."""
    principal = _administrator(request)
    form = AnonymousChoice(request.POST if request.method == "POST" else None)

    def act(values: dict[str, Any]) -> None:
        current = security_settings()
        wanted = values["anonymous"] == "yes"
        if wanted and DOCKER_TOKEN_REALM not in current.active_realms:
            # docker pulls without credentials only by a token.
            set_active_realms(principal, [*current.active_realms, DOCKER_TOKEN_REALM])
        access = AnonymousAccess(wanted, current.anonymous_user_id, current.anonymous_realm_name)
        set_anonymous_access(principal, access)

    if request.method == "POST" and form.perform(act):
        return HttpResponseRedirect(reverse("setup-repositories"))
    return _step(
        request,
        form,
        "setup-anonymous",
        title=_("Configure Anonymous Access"),
        lead=_(
            "Enabling it also activates the Docker Bearer Token Realm, by which docker pulls "
            "without signing in."
        ),
        submit=_("Continue"),
    )


@require_http_methods(FORM_METHODS)
def repositories(request: HttpRequest) -> HttpResponse:
    """The first repositories."""
    principal = _administrator(request)
    if request.method != "POST" and snapshot().by_name:
        return HttpResponseRedirect(reverse("setup-done"))
    ports = [*free_ports(3), None, None, None]
    initial = {"group_port": ports[1], "hosted_port": ports[0], "proxy_port": ports[2]}
    form = FirstRepositories(request.POST if request.method == "POST" else None, initial=initial)

    def act(values: dict[str, Any]) -> None:
        _make(principal, values)

    if request.method == "POST" and form.perform(act):
        return HttpResponseRedirect(reverse("setup-done"))
    return _step(
        request,
        form,
        "setup-repositories",
        title=_("First repositories"),
        lead=_("Push to one port, pull everything from another. All of it can be changed later."),
        submit=_("Create repositories"),
    )


def _make(principal: Principal, values: dict[str, Any]) -> None:
    store = str(BlobStore.objects.order_by("pk").values_list("name", flat=True).first() or "")
    open_to_all = security_settings().anonymous_enabled

    def docker(port: int | None) -> DockerSettings:
        return DockerSettings(http_port=port, force_basic_auth=not open_to_all)

    known = snapshot().by_name
    if HOSTED not in known:
        hosted_settings = HostedSettings(
            name=HOSTED, blob_store_name=store, docker=docker(values["hosted_port"])
        )
        create_repository(principal, hosted_settings)
    members = [HOSTED]
    if values["proxy_port"] is not None or values["group_port"] is not None:
        members.append(PROXY)
        if PROXY not in known:
            proxy_settings = ProxySettings(
                name=PROXY,
                blob_store_name=store,
                docker=docker(values["proxy_port"]),
                remote_url=DOCKER_HUB,
                index_type=IndexType.HUB.value,
            )
            create_repository(principal, proxy_settings)
    if values["group_port"] is not None and GROUP not in known:
        group_settings = GroupSettings(
            name=GROUP,
            blob_store_name=store,
            docker=docker(values["group_port"]),
            member_names=tuple(members),
        )
        create_repository(principal, group_settings)


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """How to connect."""
    principal = _administrator(request)
    shown = show(request, snapshot().by_name.values())
    pushes = next((each for each in shown if each.accepts_pushes and each.addresses), None)
    groups = (each for each in shown if each.record.type == "group" and each.addresses)
    pulls = next(groups, pushes)
    context = {
        "steps": _steps("setup-done"),
        "push": commands_for(principal, pushes.addresses[0]) if pushes else None,
        "pull": commands_for(principal, pulls.addresses[0]) if pulls else None,
    }
    return page(request, "setup/done.html", context)


def _administrator(request: HttpRequest) -> Principal:
    principal = require(request, EVERYTHING)
    if principal_of(request).user_id is None:
        raise PermissionDenied
    return principal


def _step(
    request: HttpRequest, form: ActionForm, name: str, *, title: str, lead: str, submit: str
) -> HttpResponse:
    place = STEPS.index(name)
    context = {
        "form": form,
        "title": title,
        "lead": lead,
        "submit": submit,
        "steps": _steps(name),
        "skip": reverse(STEPS[place + 1]),
    }
    return page(request, "setup/step.html", context, 422 if form.is_bound and form.errors else 200)


def _steps(current: str) -> list[tuple[str, str]]:
    """Each step's words and whether it is done, current or ahead."""
    labels = (_("Password"), _("Anonymous access"), _("Repositories"), _("Connect"))
    place = STEPS.index(current)
    states = ["done" if at < place else "current" if at == place else "ahead" for at in range(4)]
    return list(zip(labels, states, strict=True))
