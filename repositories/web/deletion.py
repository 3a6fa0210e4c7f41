"""Deleting tags and images by page: the question with its consequences, then the deed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.web.access import refuse
from nexuslite.errors import NotFound
from nexuslite.web.editing import Confirmation, saved
from repositories.actions.delete_content import delete_image as delete_whole_image
from repositories.actions.delete_content import delete_tag
from repositories.blob_stores import format_size
from repositories.browsing.consequences import (
    Consequences,
    of_deleting_image,
    of_deleting_tags,
    references_of,
)
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.web.browse import Opened, opened_image

MOST_TAGS = 1000
TYPED_FROM = 10
"""From so many tags on the name of the image has to be typed."""
_METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(_METHODS)
def tags(request: HttpRequest, name: str, image_name: str) -> HttpResponse:
    """Asks, and deletes the tags named by `tag`; no other tag of the same manifests goes."""
    opened = _deletable(request, name, image_name)
    if opened is None:
        return refuse(request)
    names = (request.POST.getlist("tag") or request.GET.getlist("tag"))[:MOST_TAGS]
    _require(opened, names)
    back = reverse("browse-image", args=[name, image_name])
    found = of_deleting_tags(opened.image.id, names)
    question = _question(
        _title(names),
        _lines(found),
        ngettext("Delete %d tag", "Delete %d tags", len(names)) % len(names),
        back,
        image_name if len(names) >= TYPED_FROM else "",
        [("tag", each) for each in names],
    )

    def act() -> None:
        for each in names:
            try:
                delete_tag(opened.record, image_name, each, opened.principal)
            except RegistryError as error:
                # Somebody else was faster: what was wanted is so.
                if error.code is not ErrorCode.MANIFEST_UNKNOWN:
                    raise

    message = ngettext("%d tag was deleted.", "%d tags were deleted.", len(names)) % len(names)
    return _ask_and_do(request, question, act, back, message)


@require_http_methods(_METHODS)
def image(request: HttpRequest, name: str, image_name: str) -> HttpResponse:
    """Asks, and deletes an image with all its tags and manifests."""
    opened = _deletable(request, name, image_name)
    if opened is None:
        return refuse(request)
    _require(opened, references_of(opened.image.id))
    question = _question(
        _("Delete image %s?") % image_name,
        _lines(of_deleting_image(opened.image.id)),
        _("Delete image"),
        reverse("browse-image", args=[name, image_name]),
        image_name,
    )

    def act() -> None:
        delete_whole_image(opened.record, image_name, opened.principal)

    back = reverse("browse-repository", args=[name])
    return _ask_and_do(request, question, act, back, _("Image %s was deleted.") % image_name)


def _deletable(request: HttpRequest, name: str, image_name: str) -> Opened | None:
    try:
        opened = opened_image(request, name, image_name)
    except NotFound:
        return None
    if not opened.may_delete:
        raise PermissionDenied
    return opened


def _require(opened: Opened, references: Iterable[str]) -> None:
    if not opened.may_delete_all(references):
        raise PermissionDenied


def _ask_and_do(
    request: HttpRequest,
    question: Confirmation,
    act: Callable[[], None],
    back: str,
    message: str,
) -> HttpResponse:
    if not question.is_given(request):
        return question.answer(request)
    try:
        act()
    except RegistryError as error:
        return question.with_error(error.message).answer(request)
    return saved(request, back, message)


def _question(
    title: str,
    lines: Sequence[str],
    submit: str,
    cancel_url: str,
    expect: str = "",
    fields: Sequence[tuple[str, str]] = (),
) -> Confirmation:
    return Confirmation(
        title=title,
        lines=lines,
        submit=submit,
        cancel_url=cancel_url,
        expect=expect,
        fields=fields,
    )


def _title(names: Sequence[str]) -> str:
    if len(names) == 1:
        return _("Delete tag %s?") % names[0]
    return ngettext("Delete %d tag?", "Delete %d tags?", len(names)) % len(names)


def _lines(found: Consequences) -> list[str]:
    lines = [ngettext("%d tag goes.", "%d tags go.", found.tags) % found.tags]
    if found.surviving_twins:
        lines.append(_("Tags of the same manifests stay: %s.") % ", ".join(found.surviving_twins))
    if found.manifests:
        bare = ngettext(
            "%d manifest is left without a tag.",
            "%d manifests are left without a tag.",
            found.manifests,
        )
        lines.append(bare % found.manifests)
    lines.append(_("Nothing else needs %s of it.") % format_size(found.freed))
    return lines
