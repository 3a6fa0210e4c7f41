"""The pages of an image and of what is inside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.principals import Principal
from accounts.web.access import principal_of, refuse
from nexuslite.errors import NotFound
from nexuslite.web.editing import Crumb
from nexuslite.web.pages import is_fragment_request, page
from repositories.browsing.details import Details, find_manifest, open_manifest
from repositories.browsing.images import ImageRow, get_image
from repositories.browsing.tags import SORTS, list_tags, list_untagged
from repositories.doors import get_browsable_repository, may_delete, require_browsable_image
from repositories.models import Manifest
from repositories.records import RepositoryRecord
from repositories.web.addresses import Address
from repositories.web.commands import PullCommand, pull_commands
from repositories.web.permissions import may_see_permissions, who_can
from repositories.web.presentation import Shown, show

PAGE_SIZE = 50
SORT_LABELS = {
    "newest": _("Newest pushed"),
    "version": _("Version"),
    "name": _("Name"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An image that the reader may look at, in the repository that it was opened through."""

    principal: Principal
    shown: Shown
    image: ImageRow
    address: Address | None

    @property
    def record(self) -> RepositoryRecord:
        """The repository of the address bar; a group, where the image is a member's."""
        return self.shown.record

    @property
    def may_delete(self) -> bool:
        """Whether tags can be deleted here; what a group shows is deleted in its member."""
        return self.may_delete_all()

    def may_delete_all(self, references: Iterable[str] = ()) -> bool:
        """Whether all of these tags and digests can be deleted here."""
        return self.image.repository.id == self.record.id and may_delete(
            self.principal, self.record, self.image.name, references
        )

    def pulls(self, reference: str, digest: str = "") -> Sequence[PullCommand]:
        """Commands that pull it, by each client."""
        if self.address is None:
            return ()
        return pull_commands(self.address, self.image.name, reference, digest)

    def crumbs(self, *more: Crumb) -> list[Crumb]:
        """The way to the image and on."""
        name = self.record.name
        image = Crumb(self.image.name, reverse("browse-image", args=[name, self.image.name]))
        return [
            Crumb(_("Repositories"), reverse("repositories")),
            Crumb(name, reverse("browse-repository", args=[name])),
            *((image, *more) if more else (Crumb(self.image.name),)),
        ]


def opened_image(request: HttpRequest, name: str, image_name: str, reference: str = "") -> Opened:
    """The image, to show it or what a reference in it names.

    Raises `NotFound`, also for what the reader may not see.
    """
    principal = principal_of(request)
    record = get_browsable_repository(principal, name)
    require_browsable_image(principal, record, image_name, reference)
    image = get_image(record, image_name)
    if image is None:
        raise NotFound(image_name)
    (shown,) = show(request, [record])
    return Opened(principal, shown, image, shown.addresses[0] if shown.addresses else None)


@require_safe
def image(request: HttpRequest, name: str, image_name: str) -> HttpResponse:
    """An image with its tags, or with its manifests that have none; only rows for the filter."""
    try:
        opened = opened_image(request, name, image_name)
    except NotFound:
        return refuse(request)
    number = _page_number(request)
    context = {"opened": opened, "image": opened.image, "crumbs": opened.crumbs()}
    context["may_see_permissions"] = may_see_permissions(opened.principal)
    asked = request.GET.get("show")
    if asked == "permissions" and context["may_see_permissions"]:
        context |= {"permissions": who_can(opened.record), "tab": "permissions"}
        return page(request, "browse/image.html", context)
    if asked == "untagged":
        untagged, total = list_untagged(opened.image.id, page=number, size=PAGE_SIZE)
        context |= {"rows": untagged, "page": _page(untagged, number, total), "tab": "untagged"}
        return page(request, "browse/image.html", context)
    text = request.GET.get("q", "").strip()[:200]
    sort = request.GET.get("sort", "newest")
    sort = sort if sort in SORTS else "newest"
    rows, total = list_tags(opened.image.id, text=text, sort=sort, page=number, size=PAGE_SIZE)
    newest = opened.image.newest[0] if opened.image.newest else ""
    context |= {
        "rows": rows,
        "page": _page(rows, number, total),
        "text": text,
        "sort": sort,
        "sorts": SORT_LABELS,
        "pulls": opened.pulls(newest) if newest else (),
        "newest": newest,
    }
    template = "browse/_tags.html" if is_fragment_request(request) else "browse/image.html"
    return page(request, template, context)


@require_safe
def tag(request: HttpRequest, name: str, image_name: str, tag_name: str) -> HttpResponse:
    """What is inside the image of a tag."""
    return _manifest_page(request, name, image_name, tag_name=tag_name)


@require_safe
def manifest(request: HttpRequest, name: str, image_name: str, digest: str) -> HttpResponse:
    """What is inside a manifest."""
    return _manifest_page(request, name, image_name, digest=digest)


def _manifest_page(
    request: HttpRequest, name: str, image_name: str, *, tag_name: str = "", digest: str = ""
) -> HttpResponse:
    try:
        opened = opened_image(request, name, image_name, tag_name or digest)
    except NotFound:
        return refuse(request)
    found = find_manifest(opened.image.id, tag=tag_name, digest=digest)
    if found is None:
        raise Http404
    details = open_manifest(opened.image.repository, image_name, found)
    label = tag_name or found.digest[7:19]
    context = {
        "opened": opened,
        "image": opened.image,
        "details": details,
        "tag_name": tag_name,
        "label": label,
        "crumbs": opened.crumbs(Crumb(label)),
        "pulls": opened.pulls(tag_name, found.digest),
        "widths": _widths(details),
    }
    return page(request, "browse/manifest.html", context)


@require_safe
def raw_manifest(request: HttpRequest, name: str, image_name: str, digest: str) -> HttpResponse:
    """The manifest byte for byte, as a file."""
    try:
        opened = opened_image(request, name, image_name, digest)
    except NotFound:
        return refuse(request)
    found: Manifest | None = find_manifest(opened.image.id, digest=digest)
    if found is None:
        raise Http404
    file_name = f"{found.digest.replace(':', '-')}.json"
    return HttpResponse(
        bytes(found.content),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@dataclass(frozen=True, slots=True)
class Share:
    """A layer's part of the bar that shows all layers, in hundredths of a per cent."""

    start: float
    width: float
    number: int


def _widths(details: Details) -> list[Share]:
    total = sum(step.size for step in details.steps)
    shares, start = [], 0.0
    for step in details.steps:
        if step.number and total:
            width = 100 * step.size / total
            shares.append(Share(round(start, 2), round(width, 2), step.number))
            start += width
    return shares


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 1_000_000) if text.isdecimal() and len(text) < 8 else 1


def _page(rows: Sequence[object], number: int, total: int) -> Page[object]:
    paginator: Paginator[object] = Paginator(range(total), PAGE_SIZE)
    return Page(list(rows), min(number, max(paginator.num_pages, 1)), paginator)
