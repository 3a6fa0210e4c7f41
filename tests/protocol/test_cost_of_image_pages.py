"""An image with ten thousand tags opens like one with a hundred."""

from __future__ import annotations

import time

import pytest
from django.forms.models import model_to_dict
from django.test import Client

from repositories.models import Image, Manifest, ManifestBlob, Tag
from tests.protocol.test_browse_pages import push, signed_in
from tests.support.registry import RegistryClient, digest_of

FEW, MANY = 100, 10_000
ROUNDS = 7


@pytest.fixture
def admin() -> Client:
    return signed_in("admin")


def test_ten_thousand_tags_cost_less_than_twice_a_hundred(images: RegistryClient, admin: Client):
    for name, number in (("few", FEW), ("many", MANY)):
        push(images, name, "first")
        _fill(Image.objects.get(name=name), number)
    few, many = [], []
    for _ in range(ROUNDS):
        # In turns, so that whatever else the machine does is about the same for both.
        few.append(_seconds(admin, "/browse/images/few/"))
        many.append(_seconds(admin, "/browse/images/many/"))
    assert min(many) < 2 * min(few), f"{min(many):.4f} s against {min(few):.4f} s"


def _seconds(browser: Client, path: str) -> float:
    """What a page takes of the processor, the database's work included: SQLite is in-process."""
    started = time.process_time()
    answer = browser.get(path)
    spent = time.process_time() - started
    assert answer.status_code == 200
    return spent


def _fill(image: Image, number: int) -> None:
    """Gives the image so many tags, each with a manifest of its own that needs the same blobs."""
    pushed = Manifest.objects.get(image=image)
    values = model_to_dict(pushed, exclude=["id", "image", "digest", "content"])
    manifests = Manifest.objects.bulk_create(
        Manifest(
            image=image,
            digest=digest_of(f"{image.name} {each}".encode()),
            content=bytes(pushed.content),
            **values,
        )
        for each in range(number - 1)
    )
    Tag.objects.bulk_create(
        Tag(image=image, name=f"1.{each}", manifest=manifest)
        for each, manifest in enumerate(manifests)
    )
    blobs = list(pushed.blob_uses.values_list("blob_id", flat=True))
    ManifestBlob.objects.bulk_create(
        ManifestBlob(manifest=manifest, blob_id=blob) for manifest in manifests for blob in blobs
    )
