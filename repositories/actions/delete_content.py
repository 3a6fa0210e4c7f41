"""Deleting tags, manifests and blobs, with their exact consequences.

The objects themselves stay until a collector finds them unused.
"""

from __future__ import annotations

import logging

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.principals import Principal
from nexuslite import stamps
from nexuslite.checkpoints import checkpoint
from repositories import statements
from repositories.models import Image, ImageBlob, Manifest, ManifestBlob, Tag
from repositories.models.repository import WritePolicy
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError, delete_refused
from repositories.records import RepositoryRecord

logger = logging.getLogger(__name__)

MOST_RECORDED = 100
"""Tags that the audit names of an image that was deleted."""


def delete_tag(
    repository: RepositoryRecord, image_name: str, tag: str, principal: Principal
) -> None:
    """Removes one tag and nothing else; its manifest and other tags of it stay."""
    _refuse_when_read_only(repository, f"v2/{image_name}/manifests/{tag}")
    with stamps.change(repository.slot):
        digest = statements.delete_tag(_image(repository, image_name).pk, tag)
        if digest is None:
            raise RegistryError(ErrorCode.MANIFEST_UNKNOWN, detail={"tag": tag})
        path = f"v2/{image_name}/manifests/{tag}"
        _record(principal, repository, path, image=image_name, tag=tag, digest=digest)
        checkpoint("delete.before_commit")
    logger.info("%s deleted tag %s:%s of %s", principal, image_name, tag, repository.name)


def delete_manifest(
    repository: RepositoryRecord, image_name: str, digest: Digest, principal: Principal
) -> None:
    """Removes a manifest and every tag that points at it (distribution-spec, "Deleting")."""
    _refuse_when_read_only(repository, f"v2/{image_name}/manifests/{digest}")
    with stamps.change(repository.slot):
        image = _image(repository, image_name)
        tags = Tag.objects.filter(image=image, manifest__digest=str(digest))
        names = list(tags.order_by("name").values_list("name", flat=True))
        deleted, _ = Manifest.objects.filter(image=image, digest=str(digest)).delete()
        if not deleted:
            raise RegistryError(ErrorCode.MANIFEST_UNKNOWN, detail={"digest": str(digest)})
        path = f"v2/{image_name}/manifests/{digest}"
        _record(principal, repository, path, image=image_name, tags=names, digest=str(digest))
        checkpoint("delete.before_commit")
    checkpoint("delete.committed")
    logger.info("%s deleted manifest %s@%s of %s", principal, image_name, digest, repository.name)


def delete_image(repository: RepositoryRecord, image_name: str, principal: Principal) -> None:
    """Removes all manifests of an image, and with them its tags.

    Its links to blobs stay until a collector finds that nothing needs them: a push that is on its
    way goes on.
    """
    _refuse_when_read_only(repository, f"v2/{image_name}")
    with stamps.change(repository.slot):
        image = _image(repository, image_name)
        tags = Tag.objects.filter(image=image).order_by("name")
        names = list(tags.values_list("name", flat=True)[:MOST_RECORDED])
        Manifest.objects.filter(image=image).delete()
        _record(principal, repository, f"v2/{image_name}", image=image_name, tags=names)
        checkpoint("delete.before_commit")
    logger.info("%s deleted image %s of %s", principal, image_name, repository.name)


def delete_blob(
    repository: RepositoryRecord, image_name: str, digest: Digest, principal: Principal
) -> None:
    """Takes a blob out of an image; other images that link to it keep it.

    One that a manifest of the image still needs is refused, so that no image that was
    acknowledged becomes incomplete.
    """
    _refuse_when_read_only(repository, f"v2/-/blobs/{digest}")
    with stamps.change(repository.slot):
        image = _image(repository, image_name)
        link = ImageBlob.objects.filter(image=image, blob__digest=str(digest)).first()
        if link is None:
            raise RegistryError(ErrorCode.BLOB_UNKNOWN, detail={"digest": str(digest)})
        if ManifestBlob.objects.filter(manifest__image=image, blob_id=link.blob_id).exists():
            raise RegistryError(
                ErrorCode.UNSUPPORTED, "A manifest of the image needs the blob; delete it first."
            )
        link.delete()
        path = f"v2/{image_name}/blobs/{digest}"
        _record(principal, repository, path, image=image_name, digest=str(digest))
        checkpoint("delete.before_commit")
    logger.info("%s deleted blob %s@%s of %s", principal, image_name, digest, repository.name)


def _record(
    principal: Principal, repository: RepositoryRecord, path: str, **removed: object
) -> None:
    attributes = {"repository": repository.name, "before": removed}
    audit.record(principal, Domain.ASSET, EventType.DELETED, path, attributes)


def _refuse_when_read_only(repository: RepositoryRecord, path: str) -> None:
    if repository.write_policy == WritePolicy.DENY:
        raise delete_refused(repository.name, path)


def _image(repository: RepositoryRecord, image_name: str) -> Image:
    """The image, locked against a push that happens at the same moment."""
    statements.hold_repository(repository.id)
    image = (
        Image.objects.select_for_update(no_key=True)
        .filter(repository_id=repository.id, name=image_name)
        .first()
    )
    if image is None:
        raise RegistryError(ErrorCode.NAME_UNKNOWN, detail={"name": image_name})
    return image
