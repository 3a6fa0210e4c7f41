"""Mounting blobs: distribution-spec "Mounting a blob from another repository"."""

import pytest

from repositories.models import Upload
from tests.support.registry import ANONYMOUS, STRANGER, digest_of

ON_BOTH_DATABASES = True

CONTENT = b"a shared layer"
DIGEST = digest_of(CONTENT)


@pytest.fixture
def source(images):
    images.push_blob("team/base", CONTENT)
    return images


def mount(client, query, image="team/app"):
    return client.post(f"{image}/blobs/uploads/?{query}")


def assert_not_mounted(client, answer, image="team/app"):
    """A mount that is not done is the beginning of an upload, whatever the reason."""
    answer.expect(202)
    assert answer.location.startswith(f"/v2/{image}/blobs/uploads/")
    client.head(f"{image}/blobs/{DIGEST}").expect(404)
    client.put(f"{answer.location}?digest={DIGEST}", CONTENT).expect(201)


@pytest.mark.parametrize("encoded", [DIGEST, DIGEST.replace(":", "%3A")])
def test_a_blob_is_mounted_from_the_image_that_is_named(source, encoded, contents):
    before = contents()
    answer = mount(source, f"mount={encoded}&from=team/base").expect(201)
    assert answer.location == f"/v2/team/app/blobs/{DIGEST}"
    assert answer.header("Docker-Content-Digest") == DIGEST
    assert source.get(answer.location).expect(200).body == CONTENT
    after = contents()
    assert after["files"] == before["files"]
    assert after["Blob"] == before["Blob"]
    assert after["Upload"] == 0


def test_without_from_any_image_that_may_be_read_will_do(source):
    mount(source, f"mount={DIGEST}").expect(201)
    assert source.get(f"team/app/blobs/{DIGEST}").expect(200).body == CONTENT


def test_a_mount_may_be_repeated(source):
    for _ in range(2):
        mount(source, f"mount={DIGEST}&from=team/base").expect(201)


@pytest.mark.parametrize(
    "query",
    [
        f"mount={DIGEST}&from=team/other",
        f"mount={DIGEST}&from=never/seen",
        f"mount={DIGEST}&from=",
        f"mount={DIGEST}&from=UPPER",
        f"mount={DIGEST}&from=../base",
        f"mount={DIGEST}&from=team/base%00",
        f"mount={DIGEST}&from={'a' * 300}",
    ],
)
def test_an_unknown_source_begins_an_upload(source, query):
    assert_not_mounted(source, mount(source, query))


@pytest.mark.parametrize("query", ["", "&from=team/base"])
def test_an_unknown_blob_begins_an_upload(images, query):
    images.push_blob("team/base", b"another")
    assert_not_mounted(images, mount(images, f"mount={DIGEST}{query}"))


@pytest.mark.parametrize("query", ["", "&from=team/base"])
def test_a_token_mounts_only_from_what_it_may_pull(source, query):
    # fault 25
    pusher = source.with_token("repository:team/app:pull,push")
    assert_not_mounted(pusher, mount(pusher, f"mount={DIGEST}{query}"))


@pytest.mark.parametrize("query", ["", "&from=team/base"])
def test_a_token_for_both_images_mounts(source, query):
    pusher = source.with_token("repository:team/app:pull,push", "repository:team/base:pull")
    mount(pusher, f"mount={DIGEST}{query}").expect(201)


def test_a_blob_of_another_repository_is_not_mounted(images, hosted):
    # fault 25
    other = hosted("others")
    other.push_blob("team/base", CONTENT)
    assert_not_mounted(images, mount(images, f"mount={DIGEST}&from=team/base"))
    images.delete(f"team/app/blobs/{DIGEST}").expect(202)
    assert_not_mounted(images, mount(images, f"mount={DIGEST}"))


def test_a_whole_blob_in_a_mount_that_fails_is_stored(images):
    query = f"mount={DIGEST}&from=team/base&digest={DIGEST}"
    images.post(f"team/app/blobs/uploads/?{query}", CONTENT).expect(201)


@pytest.mark.parametrize(("actor", "status"), [(ANONYMOUS, 401), (STRANGER, 403)])
def test_nobody_else_mounts(source, actor, status):
    mount(source.as_(actor), f"mount={DIGEST}&from=team/base").expect(status)
    assert not Upload.objects.exists()


@pytest.fixture
def by_path(hosted, main_port):
    for name in ("first", "second", "closed", "offline"):
        client = hosted(name, path_enabled=True)
        client.push_blob("base", CONTENT)
    return main_port()


def test_by_path_a_mount_reaches_the_repositories_of_the_host(by_path, hosted):
    hosted("target", path_enabled=True)
    answer = mount(by_path, f"mount={DIGEST}&from=first/base", "target/app").expect(201)
    assert answer.location == f"/v2/target/app/blobs/{DIGEST}"


@pytest.mark.parametrize("name", ["closed/base", "offline/base", "unknown/base", "base", "first"])
def test_by_path_a_mount_reaches_nothing_else(by_path, hosted, change_repository, name):
    hosted("target", path_enabled=True)
    change_repository("closed", path_enabled=False)
    change_repository("offline", online=False)
    answer = mount(by_path, f"mount={DIGEST}&from={name}", "target/app")
    assert_not_mounted(by_path, answer, "target/app")


def test_nothing_is_mounted_from_another_blob_store(by_path, hosted, tmp_path):
    from repositories.models import BlobStore
    from repositories.records import storage_of

    configuration = {"path": str(tmp_path / "second-store")}
    storage_of("File", configuration).create()
    store = BlobStore.objects.create(name="second", type="File", configuration=configuration)
    hosted("target", path_enabled=True, blob_store=store)
    answer = mount(by_path, f"mount={DIGEST}&from=first/base", "target/app")
    assert_not_mounted(by_path, answer, "target/app")
