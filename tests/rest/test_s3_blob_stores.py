"""`/service/rest/v1/blobstores/s3`; the buckets are in memory."""

from __future__ import annotations

import json

import pytest

from repositories.blobs import registry
from repositories.models import BlobStore
from repositories.records import storage_of

from .conftest import errors_of, message_of

S3 = "blobstores/s3"
PLACEHOLDER = "#~NXRM~PLACEHOLDER~PASSWORD~#"
SECRET = "the secret of the bucket"


def s3_body(name: str = "bucket", **sections) -> dict:
    return {
        "name": name,
        "bucketConfiguration": {
            "bucket": {"region": "eu-central-1", "name": "images", "prefix": "store"},
            "bucketSecurity": {"accessKeyId": "key", "secretAccessKey": SECRET},
            "advancedBucketConnection": {
                "endpoint": "https://s3.example",
                "forcePathStyle": True,
                "maxConnectionPoolSize": 20,
            },
            "preSignedUrlEnabled": True,
            **sections,
        },
    }


def configuration_of(name: str = "bucket") -> dict:
    return BlobStore.objects.get(name=name).configuration["bucketConfiguration"]


def test_a_store_is_made_and_read(admin):
    made = admin.post(S3, s3_body())
    assert (made.status_code, made.content) == (201, b"")
    assert admin.get(f"{S3}/bucket").json() == {
        "name": "bucket",
        "type": "S3",
        "softQuota": None,
        "bucketConfiguration": {
            "bucket": {"region": "eu-central-1", "name": "images", "prefix": "store"},
            "bucketSecurity": {
                "accessKeyId": "key",
                "secretAccessKey": PLACEHOLDER,
                "role": None,
                "sessionToken": None,
            },
            "encryption": None,
            "advancedBucketConnection": {
                "endpoint": "https://s3.example",
                "signerType": None,
                "forcePathStyle": True,
                "maxConnectionPoolSize": 20,
            },
            "failoverBuckets": [],
            "preSignedUrlEnabled": True,
            "activeRegion": None,
        },
    }


def test_the_secret_is_encrypted_in_the_row_and_known_to_the_storage(admin, buckets):
    admin.post(S3, s3_body())
    assert SECRET not in json.dumps(configuration_of())
    assert buckets.opened[-1].secret_key == SECRET


def test_the_secret_is_in_no_answer(admin):
    admin.post(
        S3,
        s3_body(
            bucketSecurity={
                "accessKeyId": "key",
                "secretAccessKey": SECRET,
                "sessionToken": SECRET,
            }
        ),
    )
    for path in (f"{S3}/bucket", "blobstores", "blobstores/bucket/quota-status"):
        assert SECRET.encode() not in admin.get(path).content
    assert SECRET.encode() not in admin.post(S3, s3_body()).content


def test_the_placeholder_keeps_the_secret(admin, buckets):
    admin.post(S3, s3_body())
    body = admin.get(f"{S3}/bucket").json()
    body["bucketConfiguration"]["advancedBucketConnection"]["maxConnectionPoolSize"] = 30
    assert admin.put(f"{S3}/bucket", body).status_code == 204
    assert buckets.opened[-1].secret_key == SECRET
    assert buckets.opened[-1].connections == 30


def test_another_secret_replaces_it(admin, buckets):
    admin.post(S3, s3_body())
    security = {"accessKeyId": "key", "secretAccessKey": "another"}
    assert admin.put(f"{S3}/bucket", s3_body(bucketSecurity=security)).status_code == 204
    assert buckets.opened[-1].secret_key == "another"


def test_the_placeholder_stands_for_nothing_in_a_new_store(admin):
    security = {"accessKeyId": "key", "secretAccessKey": PLACEHOLDER}
    answer = admin.post(S3, s3_body(bucketSecurity=security))
    assert set(errors_of(answer)) == {"bucketConfiguration.bucketSecurity.secretAccessKey"}


def test_a_kept_secret_does_not_go_to_another_endpoint(admin):
    admin.post(S3, s3_body())
    body = admin.get(f"{S3}/bucket").json()
    body["bucketConfiguration"]["advancedBucketConnection"]["endpoint"] = "https://evil.example"
    answer = admin.put(f"{S3}/bucket", body)
    assert set(errors_of(answer)) == {"bucketConfiguration.bucketSecurity.secretAccessKey"}


def test_a_secret_of_an_earlier_key_can_still_be_read(admin, buckets, settings):
    admin.post(S3, s3_body())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"
    registry._open.cache_clear()
    store = BlobStore.objects.get(name="bucket")
    storage_of(store.type, store.configuration)
    assert buckets.opened[-1].secret_key == SECRET


def test_a_store_whose_secret_cannot_be_read_is_unavailable(admin, settings):
    admin.post(S3, s3_body())
    settings.SECRET_KEY = "another key"
    settings.SECRET_KEY_FALLBACKS = []
    states = {each["name"]: each["unavailable"] for each in admin.get("blobstores").json()}
    assert states["bucket"] is True
    assert admin.get(f"{S3}/bucket").status_code == 200


def test_the_second_names_of_newer_versions_are_understood(admin, buckets):
    body = s3_body(bucketSecurity=None, advancedBucketConnection=None)
    body["bucketConfiguration"]["security"] = {"accessKeyId": "k", "secretAccessKey": "s"}
    body["bucketConfiguration"]["advancedConnection"] = {"endpoint": "http://s3.test"}
    assert admin.post(S3, body).status_code == 201
    assert buckets.opened[-1].secret_key == "s"
    assert buckets.opened[-1].endpoint == "http://s3.test"


def test_a_bucket_that_refuses_is_told_with_its_reason(admin):
    body = s3_body(bucket={"region": "r", "name": "refused"})
    assert errors_of(admin.post(S3, body)) == {"bucketConfiguration": "403 Forbidden"}
    assert not BlobStore.objects.filter(name="bucket").exists()


@pytest.mark.parametrize(
    "sections",
    [
        {"bucketSecurity": {"accessKeyId": "key"}},
        {"bucketSecurity": {"role": "arn:aws:iam::1:role/x"}},
        {"bucket": {"region": "r", "name": "b", "prefix": "a/../b"}},
        {"advancedBucketConnection": {"endpoint": "ftp://s3.example"}},
        {"advancedBucketConnection": {"maxConnectionPoolSize": 0}},
        {"advancedBucketConnection": {"maxConnectionPoolSize": 10**40}},
        {"advancedBucketConnection": {"signerType": "S3SignerType"}},
        {"encryption": {"encryptionType": "rot13"}},
        {"failoverBuckets": [{"region": "r", "bucketName": "b"}]},
    ],
)
def test_what_a_bucket_cannot_be_opened_with_is_refused(admin, sections):
    assert set(errors_of(admin.post(S3, s3_body(**sections)))) == {"bucketConfiguration"}


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"bucket": {"name": "b"}}, "bucket.region"),
        ({"bucket": {"region": "r"}}, "bucket.name"),
        ({"bucket": None}, "bucket"),
        ({"bucketSecurity": []}, "bucketSecurity"),
        ({"failoverBuckets": [{"region": "r"}]}, "failoverBuckets[0].bucketName"),
    ],
)
def test_fields_of_another_shape_are_named(admin, sections, field):
    assert set(errors_of(admin.post(S3, s3_body(**sections)))) == {f"bucketConfiguration.{field}"}


def test_two_stores_never_share_a_place(admin):
    admin.post(S3, s3_body())
    inside = s3_body("other", bucket={"region": "r", "name": "images", "prefix": "store/a"})
    assert set(errors_of(admin.post(S3, inside))) == {"bucketConfiguration"}
    beside = s3_body("other", bucket={"region": "r", "name": "images", "prefix": "store-a"})
    assert admin.post(S3, beside).status_code == 201


def test_a_store_with_content_stays_in_its_bucket(admin, hosted):
    admin.post(S3, s3_body())
    hosted("images", storage__blobStoreName="bucket").push_blob("a/b", b"content")
    elsewhere = s3_body(bucket={"region": "r", "name": "elsewhere"})
    assert errors_of(admin.put(f"{S3}/bucket", elsewhere)) == {
        "bucketConfiguration": "The place of a blob store cannot be changed while it is in use"
    }


def test_a_bucket_may_be_reached_by_another_endpoint_that_has_its_blobs(admin, hosted, buckets):
    admin.post(S3, s3_body())
    hosted("images", storage__blobStoreName="bucket").push_blob("a/b", b"content")
    other = s3_body(advancedBucketConnection={"endpoint": "https://s3.other.example"})
    assert admin.put(f"{S3}/bucket", other).status_code == 204
    buckets.by_name.clear()
    registry._open.cache_clear()
    assert errors_of(admin.put(f"{S3}/bucket", s3_body())) == {
        "bucketConfiguration": "The blobs of this blob store cannot be found there"
    }


def test_an_unlimited_store_has_nexus_largest_number(admin):
    admin.post(S3, s3_body())
    listed = {each["name"]: each for each in admin.get("blobstores").json()}
    assert listed["bucket"]["type"] == "S3"
    assert listed["bucket"]["availableSpaceInBytes"] == 2**63 - 1


def test_a_store_of_another_type_is_no_bucket(admin):
    assert message_of(admin.get(f"{S3}/default"), 400) == (
        "Unable to read non-s3 blob store configuration (type was File)"
    )
    assert admin.put(f"{S3}/default", s3_body("default")).status_code == 400
    assert admin.get(f"{S3}/x").status_code == 404


def test_what_is_pushed_into_a_bucket_is_pulled_whole_and_in_parts(admin, hosted):
    admin.post(S3, s3_body())
    images = hosted("images", storage__blobStoreName="bucket")
    content = bytes(range(256)) * 8192
    digest = images.push_blob("a/b", content)
    assert images.get(f"a/b/blobs/{digest}").expect(200).body == content
    part = images.get(f"a/b/blobs/{digest}", Range="bytes=1000000-1500000").expect(206)
    assert part.body == content[1_000_000:1_500_001]
