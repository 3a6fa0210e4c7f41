"""`/service/rest/v1/components`: a docker component is a tag, its one asset the tag's manifest."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import NotPermitted
from nexuslite.errors import NotFound, OperationRefused
from nexuslite.rest.views import RestView
from repositories.actions.delete_content import delete_tag
from repositories.administration import get_visible_repository
from repositories.api.representations import repository_url
from repositories.content_permissions import access_of, path_of_manifest
from repositories.models import Tag
from repositories.protocol.errors import RegistryError
from repositories.records import RepositoryRecord

PAGE_SIZE = 100
_LARGEST_KEY = 2**63 - 1
_SEEING = ("browse", "read")


class Components(RestView):
    """The tags of a repository."""

    def get(self, request: Request) -> Response:
        """200 with a page; 422 without `repository` or with a token that is none.

        A page that hides something is shorter; the last one has no `continuationToken`.
        """
        name = request.query_params.get("repository")
        after = _key(request.query_params.get("continuationToken") or "0")
        if not name or after is None:
            return Response(status=422)
        record = get_visible_repository(self.principal, name)
        sources = [source.id for source in record.sources]
        found = _tags().filter(image__repository_id__in=sources, pk__gt=after).order_by("pk")
        rows = list(found[: PAGE_SIZE + 1])
        page = rows[:PAGE_SIZE]
        token = str(page[-1].pk) if len(rows) > PAGE_SIZE else None
        items = [_component(request, record, tag) for tag in page if _is_seen(self, record, tag)]
        return Response({"items": items, "continuationToken": token})


class OneComponent(RestView):
    """One tag of a repository."""

    def get(self, request: Request, component_id: str) -> Response:
        """200 with the component."""
        decoded = _decoded(component_id)
        if decoded is None:
            return Response(status=422)
        record, tag = self._found(*decoded)
        return Response(_component(request, record, tag))

    def delete(self, request: Request, component_id: str) -> Response:
        """204: the tag is gone, and nothing else. Also what a proxy holds can be deleted."""
        decoded = _decoded(component_id)
        if decoded is None:
            return Response(status=422)
        record, tag = self._found(*decoded)
        path = path_of_manifest(tag.image.name, tag.name)
        if not access_of(self.principal, record, "delete").to_path(path):
            raise NotPermitted
        if tag.image.repository_id != record.id:
            raise OperationRefused("What a group shows is deleted in its member")
        try:
            delete_tag(record, tag.image.name, tag.name, self.principal)
        except RegistryError as error:
            raise OperationRefused(error.message) from None
        return Response(status=204)

    def _found(self, name: str, key: int) -> tuple[RepositoryRecord, Tag]:
        """The component; one that the caller may not see is answered for like none."""
        record = get_visible_repository(self.principal, name)
        sources = [source.id for source in record.sources]
        tag = _tags().filter(image__repository_id__in=sources, pk=key).first()
        if tag is None or not _is_seen(self, record, tag):
            raise NotFound("Component not found")
        return record, tag


def _tags() -> QuerySet[Tag]:
    return Tag.objects.select_related("image", "manifest")


def _is_seen(view: RestView, record: RepositoryRecord, tag: Tag) -> bool:
    path = path_of_manifest(tag.image.name, tag.name)
    return any(access_of(view.principal, record, action).to_path(path) for action in _SEEING)


def _component(request: Request, record: RepositoryRecord, tag: Tag) -> dict[str, Any]:
    """`ComponentXO`."""
    return {
        "id": _encoded(record.name, tag.pk),
        "repository": record.name,
        "format": record.format,
        "group": None,
        "name": tag.image.name,
        "version": tag.name,
        "assets": [_asset(request, record, tag)],
    }


def _asset(request: Request, record: RepositoryRecord, tag: Tag) -> dict[str, Any]:
    """`AssetXO`."""
    path = path_of_manifest(tag.image.name, tag.name)
    algorithm, _, digest = tag.manifest.digest.partition(":")
    return {
        "downloadUrl": repository_url(request, record.name) + path,
        "path": path,
        "id": _encoded(record.name, tag.pk),
        "repository": record.name,
        "format": record.format,
        "checksum": {algorithm: digest},
        "contentType": tag.manifest.media_type,
        "lastModified": tag.updated.isoformat(timespec="milliseconds"),
        "uploader": tag.pushed_by or None,
        "fileSize": tag.manifest.size,
        "blobCreated": tag.manifest.created.isoformat(timespec="milliseconds"),
        "blobStoreName": record.store.name,
    }


def _encoded(name: str, key: int) -> str:
    """Nexus's ids: URL-safe base64 without padding of `<repository>:<internal id>`."""
    return base64.urlsafe_b64encode(f"{name}:{key}".encode()).decode().rstrip("=")


def _decoded(component_id: str) -> tuple[str, int] | None:
    """The parts of an id; None for what stands for none. Raises `NotFound` for no base64."""
    padded = component_id + "=" * (-len(component_id) % 4)
    try:
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise NotFound("Component not found") from None
    name, _, key_text = text.rpartition(":")
    key = _key(key_text)
    return (name, key) if name and key is not None else None


def _key(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(_LARGEST_KEY)):
        return None
    key = int(text)
    return key if key <= _LARGEST_KEY else None
