"""Deleting a repository while clients push to it and pull from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from nexuslite.wsgi import application
from repositories.models import Blob, Image, ImageBlob, Manifest, Repository, Tag, Upload
from tests.support.manifests import descriptor, image_manifest
from tests.support.registry import RegistryClient, _environ, digest_of

CONTENT = b"x" * 100_000


@pytest.fixture
def images(hosted) -> RegistryClient:
    return hosted("images")


@pytest.fixture
def deleting(admin) -> Callable[[bytes], Iterator[bytes]]:
    """A body in whose middle the repository is deleted."""

    def pieces(content: bytes) -> Iterator[bytes]:
        yield content[: len(content) // 2]
        assert admin.delete("repositories/images").status_code == 204
        yield content[len(content) // 2 :]

    return pieces


@pytest.fixture(autouse=True)
def nothing_is_left(blob_folder):
    yield
    for model in (Repository, Image, ImageBlob, Manifest, Tag, Upload):
        assert model.objects.count() == 0, model
    assert os.listdir(blob_folder / "staging") == []


def test_a_repository_goes_with_everything_in_it(images, admin):
    first = images.push_image("team/app", "v1", seed="a")
    images.push_image("team/app", "v2", seed="b", subject=first.descriptor)
    images.push_image("team/other", "v1", seed="a")
    images.patch(images.start_upload("team/app"), CONTENT)
    images.start_upload("team/app")
    assert admin.delete("repositories/images").status_code == 204


def test_other_repositories_keep_what_they_share(images, admin, hosted):
    image = images.push_image("team/app", "v1")
    other = hosted("others", docker__httpPort=5001)
    other.push_image("team/app", "v1")
    admin.delete("repositories/images")
    other.get("team/app/manifests/v1").expect(200)
    other.get(f"team/app/blobs/{digest_of(image.layers[0])}").expect(200)
    assert Blob.objects.count() == 3
    admin.delete("repositories/others")


def test_a_chunk_that_arrives_meanwhile_is_refused(images, deleting):
    location = images.start_upload("team/app")
    images.patch(location, deleting(CONTENT)).expect(404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_that_ends_meanwhile_is_refused(images, deleting):
    location = images.start_upload("team/app")
    answer = images.put(f"{location}?digest={digest_of(CONTENT)}", deleting(CONTENT))
    assert answer.status == 404


def test_a_blob_in_one_request_is_refused(images, deleting):
    query = f"?digest={digest_of(CONTENT)}"
    images.post(f"team/app/blobs/uploads/{query}", deleting(CONTENT)).expect(404, "NAME_UNKNOWN")


def test_a_manifest_that_arrives_meanwhile_is_refused(images, deleting):
    config = descriptor(b"{}", "application/vnd.oci.image.config.v1+json")
    images.push_blob("team/app", b"{}")
    answer = images.put_manifest("team/app", "v1", deleting(image_manifest(config)))
    answer.expect(400, "MANIFEST_BLOB_UNKNOWN")


def test_a_pull_goes_on_to_its_end(images, admin):
    digest = images.push_blob("team/app", CONTENT)
    headers = {"Authorization": images.authorization or ""}
    environ = _environ(images.entrance, "GET", f"/v2/team/app/blobs/{digest}", headers, b"")
    started: list[str] = []
    parts = application(environ, lambda status, fields: started.append(status))
    assert admin.delete("repositories/images").status_code == 204
    assert b"".join(parts) == CONTENT
    parts.close()
    assert started == ["200 OK"]
    images.get(f"team/app/blobs/{digest}").expect(404)
