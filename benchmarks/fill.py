"""Fills a repository with small images, past the protocol.

python -m benchmarks.fill REPOSITORY COUNT
"""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexuslite.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.content import digest_of  # noqa: E402
from repositories.models import Image, Manifest, Repository, Tag  # noqa: E402

_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"


def main(repository_name: str, count: int) -> None:
    """Adds images with one manifest and one tag each."""
    content = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % _MEDIA_TYPE.encode()
    digest = digest_of(content)
    now = timezone.now()
    repository = Repository.objects.get(name=repository_name)
    with transaction.atomic():
        images = Image.objects.bulk_create(
            Image(repository=repository, name=f"filled/{number}") for number in range(count)
        )
        manifests = Manifest.objects.bulk_create(
            Manifest(
                image=image,
                digest=digest,
                media_type=_MEDIA_TYPE,
                content=content,
                size=len(content),
                created=now,
            )
            for image in images
        )
        Tag.objects.bulk_create(
            Tag(image=manifest.image, name="tag", manifest=manifest) for manifest in manifests
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
