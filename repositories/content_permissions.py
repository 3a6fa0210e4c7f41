"""Who may do what with the content of a repository: the one place where docker's paths meet
permissions.

Content selectors match the path of a request behind the repository, as in Nexus ("Content
Selectors and Docker"): `/v2/team/app/manifests/v1`, `/v2/team/app/blobs/uploads/`. What is asked
of an image as a whole is asked of its list of tags, `/v2/team/app/tags/list`. Through a group the
group's own record is asked, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from accounts.content_access import ContentAccess
from accounts.decisions import access_to_content, accesses_to_content
from accounts.principals import Principal
from accounts.text_spans import EVERYTHING, HIGHEST, Span, union
from repositories.content.name_filter import NameFilter
from repositories.records import RepositoryRecord

ROOT = "/v2/"

_CERTAIN_BEGINNING = re.compile(r"[a-z0-9_]*")
_PRINTABLE = re.compile(r"[!-~]*")


def access_of(principal: Principal, record: RepositoryRecord, action: str) -> ContentAccess:
    """What of the repository's content is open to the principal.

    Actions: browse, read, edit, add, delete.
    """
    return access_to_content(principal, record.format, record.name, action)


def accesses_of(
    principal: Principal, records: Iterable[RepositoryRecord], action: str
) -> list[ContentAccess]:
    """As `access_of` for many repositories, in their order, at the price of one."""
    names = ((record.format, record.name) for record in records)
    return accesses_to_content(principal, names, action)


def may_on_path(principal: Principal, record: RepositoryRecord, path: str, action: str) -> bool:
    """Whether the principal may do something at a path such as `/v2/team/app/manifests/v1`."""
    access = access_of(principal, record, action)
    return access.whole or any(access.to_path(way) for way in _ways_to(path, action))


def may_on_image(
    principal: Principal, record: RepositoryRecord, image_name: str, action: str
) -> bool:
    """Whether the principal may do something with an image as a whole: see it in a list."""
    return access_of(principal, record, action).to_path(path_of_image(image_name))


def may_on_something(principal: Principal, record: RepositoryRecord, action: str) -> bool:
    """Whether there may be content that the principal may do something with."""
    return access_of(principal, record, action).to_something


def may_on_some_of_image(
    principal: Principal, record: RepositoryRecord, image_name: str, action: str
) -> bool:
    """Whether the principal may perhaps do something with a part of the image.

    A token may say so much and no more; what a request asks for is looked at again.
    """
    return access_of(principal, record, action).may_reach_below(f"{ROOT}{image_name}/")


def records_with_something(
    principal: Principal, records: Iterable[RepositoryRecord], action: str
) -> list[RepositoryRecord]:
    """Those of whose content there may be some that the principal may do something with.

    The number of queries is constant.
    """
    records = list(records)
    accesses = accesses_of(principal, records, action)
    return [record for record, access in zip(records, accesses, strict=True) if access.to_something]


def visible_images(
    principal: Principal, record: RepositoryRecord, action: str
) -> NameFilter | None:
    """Which images the principal may see in a list; None for all."""
    access = access_of(principal, record, action)
    if access.whole:
        return None
    return NameFilter(lambda name: access.to_path(path_of_image(name)), _names(access.spans()))


def path_of_image(image_name: str) -> str:
    """The path that stands for an image as a whole."""
    return f"{ROOT}{image_name}/tags/list"


def path_of_manifest(image_name: str, reference: str) -> str:
    """The path of what a tag or digest names."""
    return f"{ROOT}{image_name}/manifests/{reference}"


def _ways_to(path: str, action: str) -> Iterator[str]:
    """The paths that selectors may know the content by.

    Nexus keeps blobs apart from images, and its selectors may name them so: `/v2/-/blobs/...`.
    """
    yield f"{path}/" if path.endswith("/blobs/uploads") else path
    folder, _, digest = path.rpartition("/")
    if action == "read" and folder.endswith("/blobs"):
        yield f"{ROOT}-/blobs/{digest}"
        yield f"{ROOT}blobs/{digest}"


def _names(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Where the names of images lie whose paths as a whole lie in the spans."""
    if spans == EVERYTHING:
        return spans
    return union(
        tuple(
            (_lowest(low), _highest(high))
            for low, high in spans
            if low <= ROOT + HIGHEST and high >= ROOT
        )
    )


def _lowest(path: str) -> str:
    # The path goes on behind the name, so a name that ends before a separator may come before it.
    found = _CERTAIN_BEGINNING.match(path.removeprefix(ROOT)) if path.startswith(ROOT) else None
    return found[0] if found else ""


def _highest(path: str) -> str:
    if not path.startswith(ROOT):
        return HIGHEST
    name = path.removeprefix(ROOT)
    found = _PRINTABLE.match(name)
    kept = found[0] if found else ""
    return kept if kept == name else kept + HIGHEST
