"""How request bodies are read: types and required fields.

What values mean is the actions' affair.
"""

from __future__ import annotations

# ruff: noqa: N815 - fields are named as in the JSON
from rest_framework import serializers

from nexuslite.rest.fields import Text, Values, optional_boolean, optional_integer, optional_text
from repositories.actions.blob_store_settings import BlobStoreSettings, SoftQuota
from repositories.actions.repository_settings import DockerSettings, HostedSettings
from repositories.models.blob_store import BlobStoreType

_MOST_POLICIES = 100


class StorageSerializer(serializers.Serializer[Values]):
    """`StorageAttributes`."""

    blobStoreName = Text()
    strictContentTypeValidation = serializers.BooleanField()


class HostedStorageSerializer(StorageSerializer):
    """`DockerHostedStorageAttributes`."""

    writePolicy = Text()
    latestPolicy = optional_boolean()


class DockerSerializer(serializers.Serializer[Values]):
    """`DockerAttributes`, and `connectorHost` and `readOnlyMirror`, which Nexus does not have."""

    v1Enabled = serializers.BooleanField()
    forceBasicAuth = serializers.BooleanField()
    httpPort = optional_integer()
    httpsPort = optional_integer()
    subdomain = optional_text()
    pathEnabled = optional_boolean()
    connectorHost = optional_text()
    readOnlyMirror = optional_boolean()


class CleanupSerializer(serializers.Serializer[Values]):
    """`CleanupPolicyAttributes`."""

    policyNames = serializers.ListField(
        child=Text(max_length=255), required=False, allow_null=True, max_length=_MOST_POLICIES
    )


class ComponentSerializer(serializers.Serializer[Values]):
    """`ComponentAttributes`."""

    proprietaryComponents = optional_boolean()


class HostedRepositorySerializer(serializers.Serializer[Values]):
    """`DockerHostedRepositoryApiRequest`."""

    name = Text()
    online = serializers.BooleanField()
    storage = HostedStorageSerializer()
    docker = DockerSerializer()
    cleanup = CleanupSerializer(required=False, allow_null=True)
    component = ComponentSerializer(required=False, allow_null=True)


def hosted_settings(values: Values) -> HostedSettings:
    """The settings that a valid body of a hosted repository stands for."""
    storage = values["storage"]
    cleanup = values.get("cleanup") or {}
    component = values.get("component") or {}
    return HostedSettings(
        name=values["name"],
        blob_store_name=storage["blobStoreName"],
        online=values["online"],
        strict_content_type_validation=storage["strictContentTypeValidation"],
        # Nexus's own documentation spells the policies in both cases.
        write_policy=storage["writePolicy"].upper(),
        latest_policy=storage["latestPolicy"],
        cleanup_policy_names=cleanup.get("policyNames"),
        proprietary_components=bool(component.get("proprietaryComponents")),
        docker=docker_settings(values["docker"]),
    )


def docker_settings(values: Values) -> DockerSettings:
    """The settings that a valid `docker` section stands for."""
    return DockerSettings(
        v1_enabled=values["v1Enabled"],
        force_basic_auth=values["forceBasicAuth"],
        http_port=values["httpPort"],
        https_port=values["httpsPort"],
        subdomain=values["subdomain"] or None,
        path_enabled=values["pathEnabled"],
        connector_host=values["connectorHost"] or None,
        read_only_mirror=bool(values["readOnlyMirror"]),
    )


class SoftQuotaSerializer(serializers.Serializer[Values]):
    """`BlobStoreApiSoftQuota`."""

    type = Text()
    limit = serializers.IntegerField()


class FileBlobStoreUpdateSerializer(serializers.Serializer[Values]):
    """`FileBlobStoreApiUpdateRequest`."""

    path = Text()
    softQuota = SoftQuotaSerializer(required=False, allow_null=True)


class FileBlobStoreSerializer(FileBlobStoreUpdateSerializer):
    """`FileBlobStoreApiCreateRequest`."""

    name = Text()


class BucketSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiBucket`."""

    region = Text()
    name = Text()
    prefix = optional_text()


class BucketSecuritySerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiBucketSecurity`."""

    accessKeyId = optional_text()
    secretAccessKey = optional_text()
    role = optional_text()
    sessionToken = optional_text()


class EncryptionSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiEncryption`."""

    encryptionType = optional_text()
    encryptionKey = optional_text()


class BucketConnectionSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiAdvancedBucketConnection`."""

    endpoint = optional_text()
    signerType = optional_text()
    forcePathStyle = optional_boolean()
    maxConnectionPoolSize = optional_integer()


class FailoverBucketSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiFailoverBucket`."""

    region = Text()
    bucketName = Text()


class BucketConfigurationSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiBucketConfiguration`; newer versions have a second name for two sections."""

    bucket = BucketSerializer()
    bucketSecurity = BucketSecuritySerializer(required=False, allow_null=True)
    security = BucketSecuritySerializer(required=False, allow_null=True)
    encryption = EncryptionSerializer(required=False, allow_null=True)
    advancedBucketConnection = BucketConnectionSerializer(required=False, allow_null=True)
    advancedConnection = BucketConnectionSerializer(required=False, allow_null=True)
    failoverBuckets = FailoverBucketSerializer(many=True, required=False, allow_null=True)
    preSignedUrlEnabled = optional_boolean()


class S3BlobStoreUpdateSerializer(serializers.Serializer[Values]):
    """`S3BlobStoreApiModel`, whose name says nothing on an update."""

    bucketConfiguration = BucketConfigurationSerializer()
    softQuota = SoftQuotaSerializer(required=False, allow_null=True)


class S3BlobStoreSerializer(S3BlobStoreUpdateSerializer):
    """`S3BlobStoreApiModel`."""

    name = Text()


def file_settings(name: str, values: Values) -> BlobStoreSettings:
    """The settings that a valid body of a File blob store stands for."""
    return BlobStoreSettings(
        name=name,
        type=BlobStoreType.FILE.value,
        configuration={"path": values["path"]},
        quota=_quota(values),
    )


def s3_settings(name: str, values: Values) -> BlobStoreSettings:
    """The settings that a valid body of an S3 blob store stands for."""
    sent = values["bucketConfiguration"]
    configuration = {
        "bucket": dict(sent["bucket"]),
        "bucketSecurity": _plain(sent.get("bucketSecurity") or sent.get("security")),
        "encryption": _plain(sent.get("encryption")),
        "advancedBucketConnection": _plain(
            sent.get("advancedBucketConnection") or sent.get("advancedConnection")
        ),
        "failoverBuckets": [dict(bucket) for bucket in sent.get("failoverBuckets") or []],
        "preSignedUrlEnabled": sent["preSignedUrlEnabled"],
    }
    return BlobStoreSettings(
        name=name,
        type=BlobStoreType.S3.value,
        configuration={"bucketConfiguration": configuration},
        quota=_quota(values),
    )


def _quota(values: Values) -> SoftQuota | None:
    sent = values.get("softQuota")
    return None if sent is None else SoftQuota(sent["type"], sent["limit"])


def _plain(section: Values | None) -> Values | None:
    return None if section is None else dict(section)
