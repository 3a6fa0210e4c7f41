"""PUT of manifests: what is taken, exactly as sent, and what its answer says."""

import pytest

from repositories.models import ManifestBlob, ManifestChild
from repositories.protocol import media_types as types
from tests.support.manifests import artifact, descriptor, encode, image_manifest, index
from tests.support.registry import digest_of, pieces_of

ON_BOTH_DATABASES = True

CONFIG = b'{"architecture": "amd64"}'
LAYER = b"a layer"
LIMIT = 4 * 1024 * 1024


@pytest.fixture
def app(images):
    """A client of a repository where the image has a config, a layer and the empty blob."""
    for content in (CONFIG, LAYER, b"{}"):
        images.push_blob("team/app", content)
    return images


def manifest(**extra) -> bytes:
    layer = descriptor(LAYER, types.OCI_LAYER_GZIP)
    return image_manifest(descriptor(CONFIG, types.OCI_CONFIG), [layer], **extra)


def put_and_pull(client, content, media_type=types.OCI_MANIFEST, reference="v1"):
    answer = client.put_manifest("team/app", reference, content, media_type).expect(201)
    pulled = client.get(answer.location).expect(200)
    assert pulled.body == content
    assert pulled.header("Content-Type") == media_type
    return answer


def refused(client, content, media_type=types.OCI_MANIFEST, code="MANIFEST_INVALID", status=400):
    answer = client.put_manifest("team/app", "v1", content, media_type).expect(status, code)
    client.get("team/app/manifests/v1").expect(404)
    client.get(f"team/app/manifests/{digest_of(content)}").expect(404)
    return answer


def test_the_answer_names_the_digest_and_holds_the_manifest(app):
    answer = put_and_pull(app, manifest())
    digest = digest_of(manifest())
    assert answer.location == f"/v2/team/app/manifests/{digest}"
    assert answer.header("Docker-Content-Digest") == digest
    assert answer.header("Content-Type") == types.OCI_MANIFEST
    assert answer.header("Last-Modified")
    assert answer.header("OCI-Subject") is None
    assert answer.header("OCI-Tag") is None
    assert answer.body == manifest()


def test_a_manifest_may_come_with_chunked_coding(app):
    content = manifest(annotations={"long": "x" * 300_000})
    answer = app.put_manifest("team/app", "v1", pieces_of(content, 1000)).expect(201)
    assert app.get(answer.location).expect(200).body == content


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_pushed_by_digest(app, algorithm):
    digest = digest_of(manifest(), algorithm)
    answer = put_and_pull(app, manifest(), reference=digest)
    assert answer.header("Docker-Content-Digest") == digest
    assert answer.location == f"/v2/team/app/manifests/{digest}"
    app.get("team/app/tags/list").expect(200)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_of_another_digest_is_refused(app, algorithm):
    # fault 17
    wrong = digest_of(manifest() + b"  ", algorithm)
    app.put_manifest("team/app", wrong, manifest()).expect(400, "DIGEST_INVALID")
    app.get(f"team/app/manifests/{wrong}").expect(404)


def test_everything_of_sha512(images):
    config_digest = images.push_blob("team/app", CONFIG, "sha512")
    config = descriptor(CONFIG, types.OCI_CONFIG, algorithm="sha512")
    assert config["digest"] == config_digest
    image = image_manifest(config)
    image_digest = digest_of(image, "sha512")
    images.put_manifest("team/app", image_digest, image).expect(201)
    listing = index(descriptor(image, types.OCI_MANIFEST, algorithm="sha512"))
    digest = digest_of(listing, "sha512")
    answer = images.put_manifest("team/app", f"{digest}?tag=v1", listing, types.OCI_INDEX)
    assert answer.expect(201).header("OCI-Tag") == "v1"
    assert images.get("team/app/manifests/v1").header("Docker-Content-Digest") == digest


def test_several_tags_come_with_a_digest(app):
    digest = digest_of(manifest())
    tags = [f"t{number}" for number in range(20)]
    query = "&".join(f"tag={tag}" for tag in [*tags, "t0"])
    answer = app.put_manifest("team/app", f"{digest}?{query}", manifest()).expect(201)
    assert answer.all("OCI-Tag") == tags
    for tag in tags:
        head = app.head(f"team/app/manifests/{tag}").expect(200)
        assert head.header("Docker-Content-Digest") == digest


@pytest.mark.parametrize(
    "query", ["tag=", "tag=ok&tag=.no", "tag=a%2Fb", "tag=%00", "tag=" + "a" * 129]
)
def test_one_invalid_tag_among_several_refuses_all(app, query):
    # fault 19
    answer = app.put_manifest("team/app", f"{digest_of(manifest())}?{query}", manifest())
    answer.expect(400, "TAG_INVALID")
    app.get("team/app/manifests/ok").expect(404)
    app.get(f"team/app/manifests/{digest_of(manifest())}").expect(404)


def test_too_many_tags_are_414(app):
    query = "&".join(f"tag=t{number}" for number in range(101))
    app.put_manifest("team/app", f"{digest_of(manifest())}?{query}", manifest()).expect(414)


@pytest.mark.parametrize("tag", [".x", "-x", "a" * 129, "a%20b", "a+b", "%00", "%2e%2e", "a%3Fb"])
def test_an_invalid_tag_is_refused(app, tag, contents):
    # fault 19
    before = contents()
    app.put_manifest("team/app", tag, manifest()).expect(400, "TAG_INVALID")
    assert contents() == before


@pytest.mark.parametrize("tag", ["v1.0", "_x", "A-Z", "a" * 128, "0", "latest"])
def test_every_valid_tag_is_taken(app, tag):
    app.put_manifest("team/app", tag, manifest()).expect(201)
    app.get(f"team/app/manifests/{tag}").expect(200)


@pytest.mark.parametrize("parameters", ["; charset=utf-8", ";charset=utf-8", ' ; a="b;c"'])
def test_parameters_of_the_content_type_are_ignored(app, parameters):
    app.put_manifest("team/app", "v1", manifest(), types.OCI_MANIFEST + parameters).expect(201)
    assert app.get("team/app/manifests/v1").header("Content-Type") == types.OCI_MANIFEST


def test_without_a_content_type_the_manifest_speaks_for_itself(app):
    app.put("team/app/manifests/v1", manifest()).expect(201)
    assert app.get("team/app/manifests/v1").header("Content-Type") == types.OCI_MANIFEST
    app.put("team/app/manifests/v2", manifest(media_type=None)).expect(201)
    assert app.get("team/app/manifests/v2").header("Content-Type") == types.OCI_MANIFEST


@pytest.mark.parametrize("media_type", [types.DOCKER_MANIFEST, types.OCI_INDEX, types.JSON])
def test_a_content_type_that_contradicts_the_manifest_is_refused(app, media_type):
    refused(app, manifest(), media_type)


def test_without_strict_validation_the_manifest_decides(app, change_repository):
    change_repository(strict_content_type_validation=False)
    app.put_manifest("team/app", "v1", manifest(), "text/plain").expect(201)
    assert app.get("team/app/manifests/v1").header("Content-Type") == types.OCI_MANIFEST
    app.put_manifest("team/app", "v2", b"no JSON").expect(400, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    "media_type",
    [types.DOCKER_SCHEMA1, types.DOCKER_SCHEMA1_SIGNED, types.JSON, types.OCI_MANIFEST],
)
def test_schema_1_is_refused_with_a_clear_message(app, media_type):
    old = encode({"schemaVersion": 1, "name": "x", "tag": "v1", "fsLayers": [], "history": []})
    assert "schema 1" in refused(app, old, media_type).error["message"]


@pytest.mark.parametrize("content", [b"", b"blablabla", b"[]", b"null", b"{}", b"{", b"\xff{}"])
def test_what_is_no_manifest_is_refused(app, content, contents):
    before = contents()
    refused(app, content)
    assert contents() == before


def test_other_media_types_are_taken(app):
    for number, content in enumerate(
        (
            encode({"schemaVersion": 2, "mediaType": "application/vnd.example.thing.v1+json"}),
            artifact(None, "application/vnd.example.chart"),
            manifest(unknown={"a": [1, 2.5, None]}),
            image_manifest(
                descriptor(CONFIG, "application/vnd.cncf.helm.config.v1+json"),
                [descriptor(LAYER, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
            ),
        )
    ):
        media_type = types.OCI_MANIFEST if number else "application/vnd.example.thing.v1+json"
        put_and_pull(app, content, media_type)


def test_an_artifact_manifest_needs_its_blobs(app):
    document = {
        "mediaType": types.OCI_ARTIFACT_MANIFEST,
        "artifactType": "application/vnd.example",
        "blobs": [descriptor(LAYER, "text/plain")],
    }
    put_and_pull(app, encode(document), types.OCI_ARTIFACT_MANIFEST)
    document["blobs"] = [descriptor(b"missing", "text/plain")]
    content = encode(document)
    app.put_manifest("team/app", "v2", content, types.OCI_ARTIFACT_MANIFEST).expect(
        400, "MANIFEST_BLOB_UNKNOWN"
    )


def test_a_manifest_of_exactly_the_limit_is_taken_and_one_byte_more_is_413(app):
    # fault 20
    content = manifest()
    content += b" " * (LIMIT - len(content))
    put_and_pull(app, content)
    for body in (content + b" ", pieces_of(content + b" ", 100_000)):
        app.put_manifest("team/app", "v2", body).expect(413, "MANIFEST_INVALID")
    app.get("team/app/manifests/v2").expect(404)


def test_a_large_manifest_of_many_annotations(app):
    notes = {f"large-annotation-{number}": "A" * 10000 for number in range(390)}
    put_and_pull(app, manifest(annotations=notes))


@pytest.mark.parametrize(
    "content",
    [
        b'{"schemaVersion":2,"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"schemaVersion":2,"schemaVersion":2,"config":{}}',
        b'{"schemaVersion":' + b"9" * 5000 + b"}",
        b'{"schemaVersion":2,"config":{"digest":"sha256:%s","size":1e999}}' % (b"0" * 64),
        b'{"schemaVersion":NaN}',
        b'{"schemaVersion":2,"mediaType":"\\ud800"}',
        b'{"schemaVersion":2,"config":' + b"1" * 10 + b"}",
        b'{"schemaVersion":2,"layers":[' + b"{}," * 99_999 + b"{}]}",
        b'{"schemaVersion":2,"mediaType":"a\\u0000b"}',
    ],
    ids=lambda content: content[:40].decode(),
)
def test_hostile_json_is_refused(app, content, contents):
    # fault 20
    before = contents()
    refused(app, content)
    assert contents() == before


def test_an_index_needs_its_children(app):
    child = descriptor(manifest(), types.OCI_MANIFEST)
    refused(app, index(child), types.OCI_INDEX, "MANIFEST_BLOB_UNKNOWN")
    app.put_manifest("team/app", child["digest"], manifest()).expect(201)
    put_and_pull(app, index(child, child), types.OCI_INDEX)
    assert ManifestChild.objects.count() == 1


def test_an_index_of_indexes_and_an_empty_one(app):
    inner = index()
    put_and_pull(app, inner, types.OCI_INDEX, "inner")
    put_and_pull(app, index(descriptor(inner, types.OCI_INDEX)), types.OCI_INDEX, "outer")


def test_a_child_of_another_image_is_missing(app):
    # fault 25
    for content in (CONFIG, LAYER):
        app.push_blob("team/other", content)
    app.put_manifest("team/other", "v1", manifest()).expect(201)
    listing = index(descriptor(manifest(), types.OCI_MANIFEST))
    refused(app, listing, types.OCI_INDEX, "MANIFEST_BLOB_UNKNOWN")


def test_an_index_may_list_blobs_as_buildkits_cache_does(app):
    listing = index(
        descriptor(LAYER, types.OCI_LAYER_GZIP),
        descriptor(CONFIG, "application/vnd.buildkit.cacheconfig.v0"),
    )
    put_and_pull(app, listing, types.OCI_INDEX)
    assert ManifestBlob.objects.count() == 2
    missing = index(descriptor(b"missing", types.OCI_LAYER_GZIP))
    app.put_manifest("team/app", "v2", missing, types.OCI_INDEX).expect(
        400, "MANIFEST_BLOB_UNKNOWN"
    )


def test_missing_blobs_are_named(app):
    missing = [b"one", b"two"]
    layers = [descriptor(content, types.OCI_LAYER_GZIP) for content in missing]
    content = image_manifest(descriptor(CONFIG, types.OCI_CONFIG), layers)
    answer = refused(app, content, code="MANIFEST_BLOB_UNKNOWN")
    assert answer.error["detail"] == [{"digest": digest_of(content)} for content in missing]


def test_blobs_of_another_image_are_missing(app, images):
    # fault 25
    images.push_blob("team/other", b"secret")
    content = image_manifest(descriptor(b"secret", types.OCI_CONFIG))
    refused(app, content, code="MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize(
    "media_type",
    [types.DOCKER_FOREIGN_LAYER, types.OCI_FOREIGN_LAYER, types.OCI_FOREIGN_LAYER_GZIP],
)
@pytest.mark.parametrize("urls", [{}, {"urls": ["https://example.com/layer"]}])
def test_layers_that_are_never_pushed_need_not_be_there(app, media_type, urls):
    foreign = descriptor(b"somewhere else", media_type, **urls)
    own = descriptor(LAYER, types.OCI_LAYER_GZIP)
    put_and_pull(app, image_manifest(descriptor(CONFIG, types.OCI_CONFIG), [foreign, own]))


def test_an_oci_manifest_may_have_docker_layers(app):
    content = image_manifest(
        descriptor(CONFIG, types.DOCKER_CONFIG), [descriptor(LAYER, types.DOCKER_LAYER)]
    )
    put_and_pull(app, content)


def test_layers_may_be_missing_empty_or_named_twice(app):
    config = descriptor(CONFIG, types.OCI_CONFIG)
    layer = descriptor(LAYER, types.OCI_LAYER_GZIP)
    for layers in ([], [layer, layer], [config]):
        put_and_pull(app, image_manifest(config, layers))
    put_and_pull(
        app, encode({"schemaVersion": 2, "mediaType": types.OCI_MANIFEST, "config": config})
    )


def test_descriptors_may_carry_their_data(app):
    config = descriptor(b"{}", types.OCI_EMPTY, data="e30=")
    put_and_pull(app, image_manifest(config, [config]))


def test_pushing_the_same_again_changes_nothing(app, contents):
    put_and_pull(app, manifest())
    before = contents()
    put_and_pull(app, manifest())
    put_and_pull(app, manifest(), reference=digest_of(manifest()))
    # Only the audit tells that it was done.
    assert contents() == {**before, "AuditEvent": before["AuditEvent"] + 2}


def test_a_body_that_breaks_off_is_refused(app, contents):
    from nexuslite.server.errors import ClientDisconnectedError, MalformedBodyError

    before = contents()
    for error in (ClientDisconnectedError("gone"), MalformedBodyError("no length")):
        app.put_manifest("team/app", "v1", iter([manifest()[:10], error])).expect(
            400, "BLOB_UPLOAD_INVALID"
        )
    assert contents() == before
