"""The configuration of an S3 blob store, in the shape of Nexus's REST (``/v1/blobstores/s3``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from repositories.blobs.errors import InvalidConfiguration

DEFAULT_REGION: Final = "us-east-1"
MOST_CONNECTIONS: Final = 1024
_SIGNERS: Final = frozenset({None, "", "DEFAULT", "AWSS3V4SignerType"})
_ENCRYPTIONS: Final = {"s3ManagedEncryption": "AES256", "kmsManagedEncryption": "aws:kms"}


@dataclass(frozen=True, slots=True)
class S3Configuration:
    """What is needed to reach a bucket. Without keys, boto3's own ways to find some apply."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    encryption: str | None
    encryption_key: str | None
    path_style: bool
    connections: int | None
    signed_addresses: bool

    @classmethod
    def parse(cls, configuration: Mapping[str, Any]) -> Self:
        """Read ``{"bucketConfiguration": {...}}``. Raises InvalidConfiguration.

        ``bucket.expiration`` is accepted and means nothing: nothing is kept after a deletion.
        What would be needed and is not there, a role, a failover bucket or the signer of old,
        is refused, since a store that leaves it out would not be the one that was asked for.
        """
        document = _section(configuration, "bucketConfiguration")
        bucket = _section(document, "bucket")
        security = _section(document, "bucketSecurity")
        encryption = _section(document, "encryption")
        connection = _section(document, "advancedBucketConnection")
        if _text(security, "role"):
            raise InvalidConfiguration("bucketSecurity.role: assuming a role is not supported")
        if document.get("failoverBuckets"):
            raise InvalidConfiguration("failoverBuckets are not supported")
        if connection.get("signerType") not in _SIGNERS:
            raise InvalidConfiguration("advancedBucketConnection.signerType: only signature v4")
        name = _text(bucket, "name")
        if name is None:
            raise InvalidConfiguration("bucket.name is missing")
        access_key = _text(security, "accessKeyId")
        secret_key = _text(security, "secretAccessKey")
        if (access_key is None) != (secret_key is None):
            raise InvalidConfiguration("bucketSecurity: the access key id needs the secret, too")
        region = _text(bucket, "region")
        return cls(
            bucket=name,
            prefix=_prefix(bucket),
            region=DEFAULT_REGION if region in (None, "DEFAULT") else region,
            endpoint=_endpoint(connection),
            access_key=access_key,
            secret_key=secret_key,
            session_token=_text(security, "sessionToken"),
            encryption=_encryption(encryption),
            encryption_key=_text(encryption, "encryptionKey"),
            path_style=connection.get("forcePathStyle") is True,
            connections=_connections(connection),
            signed_addresses=document.get("preSignedUrlEnabled") is True,
        )

    def encryption_parameters(self) -> dict[str, str]:
        """Return the parameters that every request to write an object carries."""
        parameters = {}
        if self.encryption is not None:
            parameters["ServerSideEncryption"] = self.encryption
        if self.encryption_key is not None:
            parameters["SSEKMSKeyId"] = self.encryption_key
        return parameters


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise InvalidConfiguration(f"{name} must be an object")
    return section


def _text(section: Mapping[str, Any], name: str) -> str | None:
    text = section.get(name)
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise InvalidConfiguration(f"{name} must be a text")
    return text


def _prefix(bucket: Mapping[str, Any]) -> str:
    prefix = (_text(bucket, "prefix") or "").strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise InvalidConfiguration("bucket.prefix must be a plain path")
    return prefix


def _endpoint(connection: Mapping[str, Any]) -> str | None:
    endpoint = _text(connection, "endpoint")
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise InvalidConfiguration("advancedBucketConnection.endpoint must be an http(s) URL")
    return endpoint


def _encryption(encryption: Mapping[str, Any]) -> str | None:
    kind = _text(encryption, "encryptionType")
    if kind is None or kind == "none":
        return None
    if kind not in _ENCRYPTIONS:
        raise InvalidConfiguration(f"encryption.encryptionType: unknown type {kind!r}")
    return _ENCRYPTIONS[kind]


def _connections(connection: Mapping[str, Any]) -> int | None:
    connections = connection.get("maxConnectionPoolSize")
    if connections is None:
        return None
    if not isinstance(connections, int) or isinstance(connections, bool) or connections < 1:
        raise InvalidConfiguration("maxConnectionPoolSize must be a positive number")
    if connections > MOST_CONNECTIONS:
        # The HTTP client makes a place for each of them beforehand.
        raise InvalidConfiguration(f"maxConnectionPoolSize must be at most {MOST_CONNECTIONS}")
    return connections
