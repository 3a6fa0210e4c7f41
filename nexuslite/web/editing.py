"""Pages with one form, and pages that ask before something is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise

from accounts.decisions import may
from accounts.principals import Principal
from accounts.web.access import principal_of
from nexuslite.web.forms import ActionForm
from nexuslite.web.pages import is_fragment_request, page

Words = str | Promise


def require(request: HttpRequest, *permissions: str) -> Principal:
    """The reader, who holds all the permissions. Raises `PermissionDenied` for everybody else."""
    principal = principal_of(request)
    if not all(may(principal, permission) for permission in permissions):
        raise PermissionDenied
    return principal


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way to a page; one without an address is no link."""

    label: Words
    url: str = ""


@dataclass(frozen=True, slots=True)
class Editing:
    """What a page says around its form."""

    title: Words
    crumbs: Sequence[Crumb]
    submit: Words
    cancel_url: str
    lead: Words = ""
    delete_url: str = ""
    delete_label: Words = ""
    read_only: Words = ""
    """Why nothing can be changed here; empty where something can."""

    def answer(
        self,
        request: HttpRequest,
        form: ActionForm,
        template: str = "form_page.html",
        context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page with the form; 422 when what was sent is in it with its errors."""
        status = 422 if form.is_bound and form.errors else 200
        context = {**(context or {}), "editing": self, "form": form}
        return page(request, template, context, status)


def saved(request: HttpRequest, url: str, message: Words) -> HttpResponse:
    """Goes on to the page and says there what was done."""
    messages.success(request, str(message))
    return HttpResponseRedirect(url)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is asked before something is done that cannot be undone.

    As a dialog where JavaScript asks for one, as a page of its own elsewhere.
    """

    title: Words
    lines: Sequence[Words]
    submit: Words
    cancel_url: str
    expect: str = ""
    """A name that has to be typed first; empty for nothing."""
    error: Words = ""
    fields: Sequence[tuple[str, str]] = ()
    """What the answer has to say again: names and values."""

    def is_given(self, request: HttpRequest) -> bool:
        """Whether the request confirms it."""
        if request.method != "POST" or "confirmed" not in request.POST:
            return False
        return not self.expect or request.POST.get("expected", "") == self.expect

    def with_error(self, error: Words) -> Confirmation:
        """The same question after it could not be done."""
        return replace(self, error=error)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The question."""
        status = 422 if self.error or "confirmed" in request.POST else 200
        template = "parts/dialog.html" if is_fragment_request(request) else "confirm_page.html"
        return page(request, template, {"question": self, "action": request.path}, status)
