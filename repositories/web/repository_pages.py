"""Making, changing and deleting repositories by page."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decisions import may, repository_admin
from accounts.docker_tokens import realm_is_active
from accounts.errors import NotPermitted
from accounts.principals import Principal
from accounts.web.access import principal_of, refuse
from nexuslite.errors import NotFound
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.pages import page
from repositories.actions.create_repository import create_repository
from repositories.actions.delete_repository import delete_repository
from repositories.actions.update_repository import update_repository
from repositories.administration import (
    admin_permission,
    administrable_repositories,
    get_administrable_repository,
)
from repositories.figures import count_content
from repositories.models import GroupMember, Repository
from repositories.records import snapshot
from repositories.web.addresses import preview_address
from repositories.web.commands import commands_for
from repositories.web.repository_forms import FORMS, NEW, GroupForm, RepositoryForm

FIRST_PORT = 8000
"""Offered before smaller ones: the ports that documentation is full of."""
FORM_METHODS = ["GET", "HEAD", "POST"]
TITLES = {
    "hosted": gettext_lazy("Create repository: docker (hosted)"),
    "proxy": gettext_lazy("Create repository: docker (proxy)"),
    "group": gettext_lazy("Create repository: docker (group)"),
}
REMOTES = (
    ("Docker Hub", "https://registry-1.docker.io"),
    ("GitHub", "https://ghcr.io"),
    ("Quay", "https://quay.io"),
    ("Kubernetes", "https://registry.k8s.io"),
    ("Microsoft", "https://mcr.microsoft.com"),
    ("Amazon ECR Public", "https://public.ecr.aws"),
)


@sensitive_post_parameters("secret")
@require_http_methods(FORM_METHODS)
def create(request: HttpRequest, kind: str) -> HttpResponse:
    """Makes a repository of the type."""
    if kind not in FORMS:
        raise Http404
    principal = require(request, repository_admin(Repository.FORMAT, "*", "add"))
    initial = {**NEW, "http_port": next_free_port()}
    form = _form(request, principal, kind, initial)

    def act(values: dict[str, Any]) -> None:
        create_repository(principal, form.settings(values))

    if request.method == "POST" and form.perform(act):
        name = form.cleaned_data["name"]
        message = _("Repository %s was created.") % name
        return saved(request, reverse("browse-repository", args=[name]), message)
    editing = Editing(
        title=TITLES[kind],
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create repository"),
        cancel_url=reverse("repositories"),
    )
    return editing.answer(request, form, "repositories/form.html", _context(kind, None))


@sensitive_post_parameters("secret")
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Shows and changes the settings of a repository."""
    principal = principal_of(request)
    try:
        row = get_administrable_repository(principal, name)
    except (NotFound, NotPermitted):
        return refuse(request)
    form = _form(request, principal, row.type, FORMS[row.type].values_of(row), row)
    form.fields["name"].disabled = True
    form.fields["blob_store"].disabled = True

    def act(values: dict[str, Any]) -> None:
        update_repository(principal, name, form.settings(values))

    if request.method == "POST":
        require(request, admin_permission(name, "edit"))
        if form.perform(act):
            message = _("Repository %s was changed.") % name
            return saved(request, reverse("repository-edit", args=[name]), message)
    deletable = may(principal, admin_permission(name, "delete"))
    editable = may(principal, admin_permission(name, "edit"))
    editing = Editing(
        title=name,
        crumbs=_crumbs(Crumb(name)),
        submit=_("Save"),
        cancel_url=reverse("repositories"),
        lead=f"docker ({row.type})",
        delete_url=reverse("repository-delete", args=[name]) if deletable else "",
        delete_label=_("Delete repository…"),
        read_only="" if editable else _("You may look at these settings, not change them."),
    )
    return editing.answer(request, form, "repositories/form.html", _context(row.type, row))


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Asks, and deletes a repository with everything in it."""
    principal = principal_of(request)
    try:
        row = get_administrable_repository(principal, name)
    except (NotFound, NotPermitted):
        return refuse(request)
    require(request, admin_permission(name, "delete"))
    question = _deletion(row)
    if not question.is_given(request):
        return question.answer(request)
    delete_repository(principal, name)
    return saved(request, reverse("repositories"), _("Repository %s was deleted.") % name)


def _deletion(row: Repository) -> Confirmation:
    record = snapshot().by_id.get(row.pk)
    content = count_content([record] if record is not None else [])
    images = ngettext("%d image goes", "%d images go", content.images) % content.images
    tags = ngettext("with %d tag.", "with %d tags.", content.tags) % content.tags
    lines = [f"{images}, {tags}"]
    groups = GroupMember.objects.filter(member=row).order_by("group__name")
    names = list(groups.values_list("group__name", flat=True))
    if names:
        lines.append(_("It is taken out of the groups %s.") % ", ".join(names))
    lines.append(_("Its privileges go too, and leave the roles that have them."))
    return Confirmation(
        title=_("Delete repository %s?") % row.name,
        lines=lines,
        submit=_("Delete repository"),
        cancel_url=reverse("repository-edit", args=[row.name]),
        expect=row.name,
    )


@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """How clients would connect, for the values of a form that is being filled in."""
    principal = require(request, repository_admin(Repository.FORMAT, "*", "read"))
    address = preview_address(
        request,
        name=request.GET.get("name", "")[:200],
        http_port=request.GET.get("http_port", ""),
        https_port=request.GET.get("https_port", ""),
        path_enabled="path_enabled" in request.GET,
        subdomain=request.GET.get("subdomain", "")[:63],
    )
    context = {
        "address": address,
        "commands": commands_for(principal, address) if address else None,
        "pushes": request.GET.get("kind", "") == "hosted",
    }
    return page(request, "repositories/_preview.html", context)


def free_ports(count: int) -> list[int]:
    """The first ports for connectors that no repository has; fewer when there are no more."""
    taken = ports_in_use()
    ports = settings.NEXUSLITE_CONNECTOR_PORTS
    first = FIRST_PORT if FIRST_PORT in ports else ports.first
    candidates = (*range(first, ports.last + 1), *range(ports.first, first))
    return list(islice((port for port in candidates if port not in taken), count))


def ports_in_use() -> set[int | None]:
    """The ports of the web interface and of all repositories."""
    taken: set[int | None] = {settings.NEXUSLITE_PORT}
    for record in snapshot().by_name.values():
        taken |= {record.http_port, record.https_port}
    return taken


def next_free_port() -> int | None:
    """The first port for connectors that no repository has; None when all are taken."""
    return next(iter(free_ports(1)), None)


def _form(
    request: HttpRequest,
    principal: Principal,
    kind: str,
    initial: dict[str, Any],
    row: Repository | None = None,
) -> RepositoryForm:
    form = FORMS[kind](request.POST if request.method == "POST" else None, initial=initial)
    if isinstance(form, GroupForm):
        own = None if row is None else row.pk
        form.offer(each for each in administrable_repositories(principal) if each.pk != own)
    return form


def _context(kind: str, row: Repository | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "row": row,
        "free_port": next_free_port(),
        "remotes": REMOTES,
        "token_realm_active": realm_is_active(),
    }


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Repository")), Crumb(_("Repositories"), reverse("repositories")), *more]
