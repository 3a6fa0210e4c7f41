"""The referrers API: distribution-spec "Listing Referrers"."""

import pytest

from repositories.protocol.media_types import OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from tests.support.manifests import artifact, descriptor, image_manifest, index
from tests.support.registry import digest_of

ON_BOTH_DATABASES = True

SIGNATURE = "application/vnd.example.signature"
SBOM = "application/vnd.example.sbom+json"


@pytest.fixture
def subject(images):
    """A pushed image; the empty blob is there for its artifacts."""
    images.push_blob("team/app", b"{}")
    return images.push_image("team/app", "v1")


def push(client, content, media_type=OCI_MANIFEST):
    answer = client.put_manifest("team/app", digest_of(content), content, media_type)
    return answer.expect(201)


def referrers(client, digest, query=""):
    answer = client.get(f"team/app/referrers/{digest}{query}").expect(200)
    assert answer.header("Content-Type") == OCI_INDEX
    listing = answer.json()
    assert listing["schemaVersion"] == 2
    assert listing["mediaType"] == OCI_INDEX
    return answer, listing["manifests"]


def test_an_artifact_is_listed_with_its_type_and_exactly_its_annotations(images, subject):
    notes = {"org.example.key": "value", "ü": "☃ <b>"}
    content = artifact(subject.descriptor, SIGNATURE, annotations=notes)
    assert push(images, content).header("OCI-Subject") == subject.digest
    answer, found = referrers(images, subject.digest)
    expected = descriptor(content, OCI_MANIFEST, artifactType=SIGNATURE, annotations=notes)
    assert found == [expected]
    assert answer.header("OCI-Filters-Applied") is None


def test_without_a_type_of_its_own_an_artifact_has_that_of_its_config(images, subject):
    config = descriptor(b"{}", SBOM)
    content = image_manifest(config, subject=subject.descriptor)
    push(images, content)
    assert referrers(images, subject.digest)[1] == [
        descriptor(content, OCI_MANIFEST, artifactType=SBOM)
    ]


def test_an_index_without_a_type_has_none(images, subject):
    content = index(subject=subject.descriptor, annotations={"a": "b"})
    assert push(images, content, OCI_INDEX).header("OCI-Subject") == subject.digest
    assert referrers(images, subject.digest)[1] == [
        descriptor(content, OCI_INDEX, annotations={"a": "b"})
    ]


def test_artifacts_are_filtered_by_type(images, subject):
    pushed = {}
    for artifact_type in (SIGNATURE, SBOM):
        for number in range(2):
            content = artifact(subject.descriptor, artifact_type, annotations={"n": str(number)})
            push(images, content)
            pushed.setdefault(artifact_type, set()).add(digest_of(content))
    for artifact_type, expected in pushed.items():
        query = f"?artifactType={artifact_type.replace('+', '%2B')}"
        answer, found = referrers(images, subject.digest, query)
        assert answer.header("OCI-Filters-Applied") == "artifactType"
        assert {entry["digest"] for entry in found} == expected
    for other in ("application/vnd.unknown", "%00", "x" * 500):
        answer, found = referrers(images, subject.digest, f"?artifactType={other}")
        assert answer.header("OCI-Filters-Applied") == "artifactType"
        assert found == []
    answer, found = referrers(images, subject.digest, "?artifactType=")
    assert answer.header("OCI-Filters-Applied") is None
    assert len(found) == 4


def test_pages_of_referrers_keep_the_filter(images, subject):
    for number in range(5):
        push(images, artifact(subject.descriptor, SBOM, annotations={"n": str(number)}))
        push(images, artifact(subject.descriptor, SIGNATURE, annotations={"n": str(number)}))
    path = f"team/app/referrers/{subject.digest}?n=2&artifactType={SBOM.replace('+', '%2B')}"
    seen = []
    while True:
        answer = images.get(path).expect(200)
        assert answer.header("OCI-Filters-Applied") == "artifactType"
        found = answer.json()["manifests"]
        assert {entry["artifactType"] for entry in found} == {SBOM}
        seen += [entry["digest"] for entry in found]
        if not answer.header("Link"):
            break
        path = answer.next_page
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("image", ["team/app", "never/seen"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_of_an_unknown_subject_the_list_is_empty(images, subject, image, algorithm):
    answer = images.get(f"{image}/referrers/{digest_of(b'unknown', algorithm)}").expect(200)
    assert answer.json() == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


@pytest.mark.parametrize("digest", ["sha256:x", "v1", "md5:" + "0" * 32, "sha256:" + "A" * 64])
def test_an_invalid_digest_is_refused(images, digest):
    images.get(f"team/app/referrers/{digest}").expect(400, "DIGEST_INVALID")


def test_the_subject_may_be_missing_when_its_artifact_comes(images, subject):
    content = image_manifest(descriptor(b"{}", OCI_CONFIG))
    later = descriptor(content, OCI_MANIFEST)
    answer = push(images, artifact(later, SBOM))
    assert answer.header("OCI-Subject") == later["digest"]
    assert len(referrers(images, later["digest"])[1]) == 1
    push(images, content)
    assert len(referrers(images, later["digest"])[1]) == 1


def test_a_subject_of_sha512(images, subject):
    later = descriptor(b"anything", OCI_MANIFEST, algorithm="sha512")
    push(images, artifact(later, SBOM))
    assert len(referrers(images, later["digest"])[1]) == 1


def test_what_a_tag_schema_index_lists_is_found_once(images, subject):
    """Clients kept such an index before they met the API; it is adopted by the subjects."""
    content = artifact(subject.descriptor, SIGNATURE)
    push(images, content)
    fallback = index(descriptor(content, OCI_MANIFEST, artifactType=SIGNATURE))
    tag = subject.digest.replace(":", "-")
    images.put_manifest("team/app", tag, fallback, OCI_INDEX).expect(201)
    _, found = referrers(images, subject.digest)
    assert [entry["digest"] for entry in found] == [digest_of(content)]
    assert images.get(f"team/app/manifests/{tag}").expect(200).body == fallback


def test_a_deleted_artifact_is_listed_no_more(images, subject):
    content = artifact(subject.descriptor, SIGNATURE)
    push(images, content)
    images.delete(f"team/app/manifests/{digest_of(content)}").expect(202)
    assert referrers(images, subject.digest)[1] == []


def test_artifacts_outlive_their_subject(images, subject):
    push(images, artifact(subject.descriptor, SIGNATURE))
    images.delete(f"team/app/manifests/{subject.digest}").expect(202)
    assert len(referrers(images, subject.digest)[1]) == 1


def test_artifacts_of_another_image_or_repository_are_not_listed(images, subject, hosted):
    # fault 25
    push(images, artifact(subject.descriptor, SIGNATURE))
    other = hosted("others")
    for client, image in ((images, "team/other"), (other, "team/app")):
        answer = client.get(f"{image}/referrers/{subject.digest}").expect(200)
        assert answer.json()["manifests"] == []


def test_an_empty_config_type_is_no_secret(images, subject):
    content = artifact(subject.descriptor, None)
    push(images, content)
    assert referrers(images, subject.digest)[1][0]["artifactType"] == OCI_EMPTY
