"""The pages of images: what was pushed, as people see it, and how it goes again."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from repositories.models import Manifest, Tag
from repositories.protocol.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.support.accounts import grant
from tests.support.manifests import artifact, descriptor, image_manifest, index
from tests.support.registry import RegistryClient, digest_of

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def admin() -> Client:
    return signed_in("admin")


@pytest.fixture
def stranger() -> Client:
    return signed_in("stranger")


def signed_in(user_id: str) -> Client:
    browser = Client(headers={"host": "registry.example:8081"})
    values = {"username": user_id, "password": f"{user_id}-password"}
    assert browser.post("/sign-in/", values).status_code == 302
    return browser


def without_tokens(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"\w+"', "", page)


def push(client: RegistryClient, image: str, *tags: str, layer: bytes = b"layer", **config: object):
    """Pushes an image of one layer; returns the digest of its manifest."""
    content = json.dumps({"architecture": "amd64", "os": "linux", **config}).encode()
    client.push_blob(image, content)
    client.push_blob(image, layer)
    manifest = image_manifest(descriptor(content, OCI_CONFIG), [descriptor(layer, OCI_LAYER_GZIP)])
    for tag in tags or (digest_of(manifest),):
        client.put_manifest(image, tag, manifest, OCI_MANIFEST).expect(201)
    return digest_of(manifest)


def test_a_repository_lists_its_images_with_their_tags(images, admin):
    push(images, "team/app", "1.0", "latest")
    push(images, "tool", "2")
    page = admin.get("/browse/images/").text
    assert 'href="/browse/images/team/app/"' in page
    assert "2.0" not in page
    for text in ("team/", "app", "tool", "latest", "1.0"):
        assert text in page
    rows = admin.get("/browse/images/?q=tool", headers={"HX-Request": "true"}).text
    assert "tool" in rows
    assert "app" not in rows
    assert "No image matches" in admin.get("/browse/images/?q=nothing").text


def test_an_image_shows_pull_commands_tags_and_their_twins(images, admin):
    digest = push(images, "team/app", "1.0", "latest")
    page = admin.get("/browse/images/team/app/").text
    for text in (
        "docker pull registry.example:5001/team/app:latest",
        "FROM registry.example:5001/team/app:latest",
        "= 1.0",
        digest,
        "admin",
    ):
        assert text in page


def test_tags_are_filtered_and_sorted_as_versions(images, admin):
    push(images, "app", "1.9", "1.10", "2.0", "nightly")
    page = admin.get("/browse/images/app/?sort=version").text
    places = [page.index(f'/-/tags/{tag}/"') for tag in ("2.0", "1.10", "1.9", "nightly")]
    assert places == sorted(places)
    rows = admin.get("/browse/images/app/?q=1.*", headers={"HX-Request": "true"}).text
    assert "/-/tags/1.10/" in rows
    assert "/-/tags/2.0/" not in rows
    assert "No tag matches" in admin.get("/browse/images/app/?q=zzz").text


def test_a_tag_shows_layers_beside_their_history_config_and_labels(images, admin):
    history = [
        {"created_by": "/bin/sh -c #(nop)  ENV A=b", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c make install # buildkit"},
    ]
    run = {
        "Entrypoint": ["/app"],
        "Env": ["PATH=/bin"],
        "Labels": {"org.opencontainers.image.source": "https://code.example/app"},
    }
    push(images, "app", "1", history=history, config=run, created="2026-01-01T00:00:00Z")
    page = admin.get("/browse/images/app/-/tags/1/").text
    for text in (
        "<strong>ENV</strong> A=b",
        "<strong>RUN</strong> make install",
        "linux/amd64",
        "[&quot;/app&quot;]",
        "PATH",
        '<a href="https://code.example/app" rel="noopener noreferrer nofollow">',
    ):
        assert text in page, text


def test_an_index_shows_its_platforms_and_leads_to_them(images, admin):
    digest = push(images, "app")
    child = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    manifest = Manifest.objects.get(digest=digest)
    arm = {**child, "size": manifest.size, "platform": {"os": "linux", "architecture": "arm64"}}
    attestation = {"os": "unknown", "architecture": "unknown"}
    other = push(images, "app", layer=b"attestation")
    listed = {**arm, "digest": other, "platform": attestation}
    listed["size"] = Manifest.objects.get(digest=other).size
    content = index(arm, listed)
    images.put_manifest("app", "multi", content, json.loads(content)["mediaType"]).expect(201)
    assert "linux/arm64" in admin.get("/browse/images/app/").text
    assert "unknown/unknown" not in admin.get("/browse/images/app/").text
    page = admin.get("/browse/images/app/-/tags/multi/").text
    assert f"/-/manifests/{digest}/" in page
    assert "Multi-arch" in page
    untagged = admin.get("/browse/images/app/?show=untagged").text
    assert "Part of an index" in untagged


def test_referrers_are_shown_as_what_they_are_and_not_as_verified(images, admin):
    digest = push(images, "app", "1")
    images.push_blob("app", b"{}")
    subject = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    subject["size"] = Manifest.objects.get(digest=digest).size
    content = artifact(subject, "application/vnd.dev.cosign.artifact.sig.v1+json")
    images.put_manifest("app", digest_of(content), content, OCI_MANIFEST).expect(201)
    page = admin.get("/browse/images/app/-/tags/1/").text
    assert "Signature present" in page
    assert "Nothing here has been verified." in page


def test_the_raw_manifest_is_a_file_that_no_browser_runs(images, admin):
    digest = push(images, "app", "1")
    answer = admin.get(f"/browse/images/app/-/manifests/{digest}/raw/")
    assert digest_of(answer.content) == digest
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "path",
    [
        "/browse/images/app/",
        "/browse/images/app/-/tags/1/",
        "/browse/images/app/-/delete-tags/?tag=1",
        "/browse/images/app/-/delete/",
        "/browse/images/nothing/",
        "/browse/nowhere/app/",
    ],
)
def test_hidden_and_unknown_look_alike(images, admin, stranger, path):
    push(images, "app", "1")
    answer = stranger.get(path)
    unknown = stranger.get("/browse/images/no-such-image/")
    assert answer.status_code == 404
    assert without_tokens(answer.text) == without_tokens(unknown.text)
    assert Client().get(path).status_code == 302


def test_tags_are_deleted_and_their_twins_stay(images, admin):
    push(images, "app", "1", "2", "3")
    question = admin.post("/browse/images/app/-/delete-tags/", {"tag": ["1", "2"]}).text
    assert "2 tags go." in question
    assert "Tags of the same manifests stay: 3." in question
    assert Tag.objects.count() == 3
    values = {"tag": ["1", "2"], "confirmed": "yes"}
    answer = admin.post("/browse/images/app/-/delete-tags/", values)
    assert answer["Location"] == "/browse/images/app/"
    assert list(Tag.objects.values_list("name", flat=True)) == ["3"]
    images.get("app/manifests/1").expect(404)
    images.get("app/manifests/3").expect(200)


def test_the_question_tells_what_nothing_else_needs(images, admin):
    push(images, "app", "1", layer=b"x" * 5000)
    push(images, "app", "2", layer=b"y" * 2000)
    question = admin.get("/browse/images/app/-/delete-tags/?tag=1").text
    assert "1 manifest is left without a tag." in question
    assert "5.00 KB" in question


def test_an_image_goes_after_its_name_was_typed(images, admin):
    push(images, "app", "1")
    path = "/browse/images/app/-/delete/"
    wrong = admin.post(path, {"confirmed": "yes", "expected": "ap"})
    assert wrong.status_code == 422
    assert Tag.objects.exists()
    right = admin.post(path, {"confirmed": "yes", "expected": "app"})
    assert right["Location"] == "/browse/images/"
    assert not Manifest.objects.exists()
    images.get("app/manifests/1").expect(404)


def test_whoever_may_not_delete_is_offered_nothing_to_delete(images, admin, stranger):
    push(images, "app", "1")
    grant("stranger", "nx-repository-view-*-*-browse", "nx-repository-view-*-*-read")
    page = stranger.get("/browse/images/app/").text
    assert "Delete" not in page
    values = {"tag": ["1"], "confirmed": "yes"}
    assert stranger.post("/browse/images/app/-/delete-tags/", values).status_code == 403
    assert Tag.objects.exists()


def test_a_read_only_repository_refuses_and_says_why(images, admin, change_repository):
    push(images, "app", "1")
    change_repository(write_policy="DENY")
    values = {"tag": ["1"], "confirmed": "yes"}
    answer = admin.post("/browse/images/app/-/delete-tags/", values)
    assert answer.status_code == 422
    assert "cannot be deleted" in answer.text
    assert Tag.objects.exists()


def test_what_an_image_brings_along_is_only_text(images, admin):
    run = {"Labels": {HOSTILE: HOSTILE, "link": "javascript:alert(1)"}, "Env": [f"A={HOSTILE}"]}
    history = [{"created_by": HOSTILE}]
    push(images, "app", "1", history=history, config=run, author=HOSTILE)
    page = admin.get("/browse/images/app/-/tags/1/").text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert page.count("&lt;script&gt;alert(1)") >= 4


@pytest.mark.parametrize("config", [b"[]", b"null", b"\xff", b'{"history": 1, "config": []}'])
def test_a_config_that_is_none_breaks_no_page(images, admin, config):
    images.push_blob("app", config)
    images.push_blob("app", b"layer")
    manifest = image_manifest(
        descriptor(config, OCI_CONFIG), [descriptor(b"layer", OCI_LAYER_GZIP)]
    )
    images.put_manifest("app", "1", manifest, OCI_MANIFEST).expect(201)
    assert admin.get("/browse/images/app/-/tags/1/").status_code == 200


def test_a_page_costs_the_same_queries_however_many_tags(images, admin):
    push(images, "app", *(f"few-{number}" for number in range(5)))
    push(images, "other", "1")

    def queries(path: str) -> int:
        admin.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert admin.get(path).status_code == 200
        return len(seen)

    paths = ["/browse/images/app/", "/browse/images/", "/browse/images/app/?sort=version"]
    few = [queries(path) for path in paths]
    manifest = Manifest.objects.get(image__name="app")
    Tag.objects.bulk_create(
        Tag(image=manifest.image, name=f"many-{number}", manifest=manifest) for number in range(500)
    )
    assert [queries(path) for path in paths] == few
    assert max(few) <= 15


def test_the_permissions_of_an_image_name_who_can_do_what(images, admin, stranger):
    push(images, "app", "1")
    grant("stranger", "nx-repository-view-*-*-browse", "nx-repository-view-*-*-read")
    page = admin.get("/browse/images/app/?show=permissions").text
    rows = {label: page.split(label, 1)[1].split("</tr>", 1)[0] for label in ("Pull</", "Push</")}
    assert "stranger" in rows["Pull</"]
    assert "stranger" not in rows["Push</"]
    assert "admin" in rows["Push</"]
    other = stranger.get("/browse/images/app/?show=permissions").text
    assert "Permissions" not in other
    assert "nx-admin" not in other
