"""What tests of proxies do again and again."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from nexuslite import stamps
from repositories.models import Blob, Image, RemoteAbsence, Repository, Tag
from tests.support.registry import Answer, RegistryClient, digest_of
from tests.support.remote import RemoteImage
from tests.support.server import wait_for


def pull(client: RegistryClient, image: RemoteImage, reference: str = "latest") -> None:
    """Pulls everything of an image and compares it."""
    assert client.get(f"{image.name}/manifests/{reference}").expect(200).body == image.content
    for content in image.blobs:
        assert client.get(blob_path(image, content)).expect(200).body == content


def blob_path(image: RemoteImage, content: bytes) -> str:
    """The path of a blob below `/v2/`."""
    return f"{image.name}/blobs/{digest_of(content)}"


def get_unchecked(client: RegistryClient, path: str, **headers: str) -> Answer:
    """GET of an answer that may be broken off."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if client.authorization is not None:
        fields["Authorization"] = client.authorization
    return client.transport.send(client.entrance, "GET", client.prefix + path, fields, b"")


def is_broken_off(answer: Answer) -> bool:
    """Whether a successful answer ended before its announced length."""
    return answer.status in {200, 206} and len(answer.body) < int(
        answer.header("Content-Length") or 0
    )


def grow_old(minutes: int = 24 * 60 + 1) -> None:
    """Lets so much time pass for what was noted of the remote."""
    with stamps.change(*(stamps.of_repository(each.pk) for each in Repository.objects.all())):
        for tag in Tag.objects.exclude(checked=None):
            Tag.objects.filter(pk=tag.pk).update(checked=tag.checked - timedelta(minutes=minutes))
        RemoteAbsence.objects.update(until=Now() - timedelta(seconds=1))


def holds_blob(content: bytes) -> bool:
    """Whether the blob is stored."""
    return Blob.objects.filter(digest=digest_of(content)).exists()


def wait_until_held(*contents: bytes) -> None:
    """Waits until fetches of blobs have ended well: clients may have their last byte before."""
    wait_for(lambda: all(map(holds_blob, contents)), 10.0, "the blobs are kept")


def image_names() -> set[str]:
    """The images of which anything is held."""
    return set(Image.objects.values_list("name", flat=True))
