"""What only S3 adds: signatures, addresses, buckets, configuration, a late import."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from repositories.blobs import InvalidConfiguration, StorageUnavailable, open_store
from repositories.blobs.s3_configuration import S3Configuration
from repositories.protocol.digest import Digest

from .sources import MIB, append, content, put, read


def opened(configuration: dict):
    return open_store("S3", configuration, relative_to=Path())


def test_a_bad_signature_is_refused(s3_server, s3_storage, s3_configuration):
    blob = put(s3_storage, b"content")
    security = s3_configuration["bucketConfiguration"]["bucketSecurity"]
    stranger = opened(
        {
            "bucketConfiguration": {
                **s3_configuration["bucketConfiguration"],
                "bucketSecurity": {**security, "secretAccessKey": "wrong"},
            }
        }
    )
    for use in (
        stranger.check,
        lambda: stranger.open(blob.storage_key),
        lambda: put(stranger, b"content"),
        lambda: stranger.delete(blob.storage_key),
        lambda: list(stranger.list()),
    ):
        with pytest.raises(StorageUnavailable):
            use()
    assert read(s3_storage, blob.storage_key) == b"content"


def test_create_makes_the_bucket_and_check_misses_it_before(s3_server):
    storage = opened(s3_server.configuration("made-by-create"))
    with pytest.raises(StorageUnavailable, match="made-by-create does not exist"):
        storage.check()
    storage.create()
    storage.check()


def test_an_unreachable_server_is_reported(s3_server, monkeypatch):
    monkeypatch.setattr("repositories.blobs.s3.ATTEMPTS", 1)
    connection = {"endpoint": "http://127.0.0.1:1", "forcePathStyle": True}
    storage = opened(s3_server.configuration("bucket", advancedBucketConnection=connection))
    with pytest.raises(StorageUnavailable):
        storage.check()


def test_a_signed_address_gives_the_object_until_it_is_altered(s3_storage):
    blob = put(s3_storage, b"content")
    address = s3_storage.download_address(
        blob.storage_key, 60, content_type="application/vnd.example"
    )
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"content"
        assert answer.headers["Content-Type"] == "application/vnd.example"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))


def test_there_is_no_address_where_it_was_not_asked_for(s3_server):
    storage = opened(s3_server.configuration("shared", "unsigned", preSignedUrlEnabled=False))
    storage.create()
    assert storage.download_address(put(storage, b"content").storage_key, 60) is None


def test_stores_under_two_prefixes_of_a_bucket_do_not_see_each_other(s3_storage, s3_server):
    other = opened(s3_server.configuration("shared", "other"))
    put(s3_storage, b"content")
    append(s3_storage, s3_storage.stage(), content(6 * MIB))
    assert list(other.list()) == []
    assert list(other.list_stagings()) == []


def test_an_upload_goes_on_on_another_node(s3_configuration, s3_storage):
    data = content(12 * MIB)
    staging = append(s3_storage, s3_storage.stage(), data[: 7 * MIB])
    elsewhere = opened({**s3_configuration, "node": 2})
    assert elsewhere is not s3_storage
    staging = append(elsewhere, staging, data[7 * MIB :])
    blob = elsewhere.finish(staging, Digest.of(data))
    assert read(s3_storage, blob.storage_key) == data


def test_boto3_is_not_imported_without_an_s3_store():
    script = (
        "import sys; from pathlib import Path; from repositories.blobs import open_store;"
        "open_store('File', {'path': 'x'}, relative_to=Path('/nowhere'));"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'boto3', 'botocore', 'storages', 'django'}))"
    )
    root = Path(__file__).parents[2]
    output = subprocess.check_output(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(root)}, text=True
    )
    assert output.strip() == "[]"


def parsed(**sections) -> S3Configuration:
    return S3Configuration.parse({"bucketConfiguration": {"bucket": {"name": "b"}, **sections}})


def test_a_configuration_as_nexus_sends_it_is_understood():
    configuration = parsed(
        bucket={"region": "eu-west-1", "name": "b", "prefix": "/some/prefix/", "expiration": 3},
        bucketSecurity={
            "accessKeyId": "id",
            "secretAccessKey": "key",
            "role": "",
            "sessionToken": "",
        },
        encryption={"encryptionType": "kmsManagedEncryption", "encryptionKey": "key-id"},
        advancedBucketConnection={
            "endpoint": "https://s3.example",
            "signerType": "DEFAULT",
            "forcePathStyle": True,
            "maxConnectionPoolSize": 5,
        },
        failoverBuckets=[],
        activeRegion=None,
        preSignedUrlEnabled=True,
    )
    assert (configuration.region, configuration.prefix) == ("eu-west-1", "some/prefix")
    assert configuration.endpoint == "https://s3.example"
    assert configuration.path_style
    assert configuration.signed_addresses
    assert configuration.connections == 5
    assert configuration.session_token is None
    assert configuration.encryption_parameters() == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key-id",
    }


def test_the_least_configuration_is_a_bucket():
    configuration = parsed()
    assert configuration.region == "us-east-1"
    assert configuration.access_key is None
    assert configuration.encryption_parameters() == {}


@pytest.mark.parametrize(
    "sections, complaint",
    [
        ({"bucket": {"region": "x"}}, "bucket.name"),
        ({"bucket": {"name": 3}}, "name"),
        ({"bucket": "b"}, "bucket must be an object"),
        ({"bucket": {"name": "b", "prefix": "a/../b"}}, "prefix"),
        ({"bucketSecurity": {"accessKeyId": "id"}}, "secret"),
        ({"bucketSecurity": {"role": "arn:aws:iam::1:role/x"}}, "role"),
        ({"encryption": {"encryptionType": "rot13"}}, "rot13"),
        ({"advancedBucketConnection": {"endpoint": "file:///"}}, "endpoint"),
        ({"advancedBucketConnection": {"signerType": "S3SignerType"}}, "signerType"),
        ({"advancedBucketConnection": {"maxConnectionPoolSize": 0}}, "maxConnectionPoolSize"),
        ({"failoverBuckets": [{"region": "x", "bucketName": "y"}]}, "failoverBuckets"),
    ],
)
def test_what_cannot_be_honoured_is_refused(sections, complaint):
    with pytest.raises(InvalidConfiguration, match=complaint):
        parsed(**sections)
