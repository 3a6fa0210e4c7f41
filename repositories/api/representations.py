"""What REST answers about repositories and blob stores, field by field as Nexus does.

Clients generated from Nexus's API description refuse unknown fields: nothing may be added to
these objects but where a client has asked for it itself.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from repositories.blob_store_secrets import mask
from repositories.blob_stores import QuotaStatus, StoreFigures
from repositories.connector_states import ConnectorReport
from repositories.models import BlobStore, Repository
from repositories.records import RepositoryRecord
from repositories.remote.answers import RemoteLimits
from repositories.remote.blocking import ConnectionStatus


def repository_url(request: HttpRequest, name: str) -> str:
    """The address of a repository on the port of the web interface, as this client reaches it."""
    return request.build_absolute_uri(f"/repository/{name}")


def repository_item(
    request: HttpRequest, record: RepositoryRecord, *, with_remote: bool
) -> dict[str, Any]:
    """An item of the list of repositories; a proxy's remote is for those who may read settings."""
    attributes = {}
    if record.proxy is not None and with_remote:
        attributes["proxy"] = {"remoteUrl": record.proxy.remote_url}
    return {
        "name": record.name,
        "format": record.format,
        "type": record.type,
        "url": repository_url(request, record.name),
        "attributes": attributes,
    }


def hosted_repository(request: HttpRequest, row: Repository) -> dict[str, Any]:
    """All settings of a hosted repository (`DockerHostedApiRepository`)."""
    names = row.cleanup_policy_names
    return {
        "name": row.name,
        "url": repository_url(request, row.name),
        "online": row.online,
        "storage": {
            "blobStoreName": row.blob_store.name,
            "strictContentTypeValidation": row.strict_content_type_validation,
            "writePolicy": row.write_policy,
            "latestPolicy": row.latest_policy,
        },
        "cleanup": None if names is None else {"policyNames": names},
        "docker": docker_section(row),
        "component": {"proprietaryComponents": row.proprietary_components},
        "format": row.FORMAT,
        "type": row.type,
    }


def docker_section(row: Repository) -> dict[str, Any]:
    """The ways into a repository; what Nexus does not have only where somebody has set it."""
    section = {
        "v1Enabled": row.v1_enabled,
        "forceBasicAuth": row.force_basic_auth,
        "httpPort": row.http_port,
        "httpsPort": row.https_port,
        "subdomain": row.subdomain,
        "pathEnabled": row.path_enabled,
    }
    if row.connector_host:
        section["connectorHost"] = row.connector_host
    if row.read_only_mirror:
        section["readOnlyMirror"] = True
    return section


def connector(report: ConnectorReport) -> dict[str, Any]:
    """One port of a repository; a resource that Nexus does not have."""
    return {
        "scheme": report.scheme,
        "port": report.port,
        "state": report.state,
        "reason": report.reason,
    }


def connection(status: ConnectionStatus, limits: RemoteLimits | None) -> dict[str, Any]:
    """How a repository and its remote are; a resource that Nexus does not have."""
    return {
        "state": status.state,
        "description": status.description or None,
        "reason": status.reason,
        "remoteLimits": None
        if limits is None
        else {"limit": limits.limit, "remaining": limits.remaining, "window": limits.window},
    }


def blob_store_item(store: BlobStore, figures: StoreFigures) -> dict[str, Any]:
    """An item of the list of blob stores (`GenericBlobStoreApiResponse`)."""
    return {
        "name": store.name,
        "type": store.type,
        "unavailable": figures.failure is not None,
        "blobCount": figures.blob_count,
        "totalSizeInBytes": figures.total_size,
        "availableSpaceInBytes": figures.available_space,
        "softQuota": soft_quota(store),
    }


def file_blob_store(store: BlobStore) -> dict[str, Any]:
    """The settings of a File blob store (`FileBlobStoreApiModel`)."""
    return {"softQuota": soft_quota(store), "path": store.path}


def s3_blob_store(store: BlobStore) -> dict[str, Any]:
    """The settings of an S3 blob store (`S3BlobStoreApiModel`), its secrets masked."""
    return {
        "name": store.name,
        "softQuota": soft_quota(store),
        "bucketConfiguration": {
            **mask(store.configuration)["bucketConfiguration"],
            "activeRegion": None,
        },
        "type": store.type,
    }


def soft_quota(store: BlobStore) -> dict[str, Any] | None:
    """The soft quota, null when there is none."""
    if not store.quota_type:
        return None
    return {"type": store.quota_type, "limit": store.quota_limit}


def quota_result(store: BlobStore, status: QuotaStatus) -> dict[str, Any]:
    """Whether the soft quota is violated (`BlobStoreQuotaResultXO`)."""
    return {
        "isViolation": status.is_violation,
        "message": status.message,
        "blobStoreName": store.name,
    }
