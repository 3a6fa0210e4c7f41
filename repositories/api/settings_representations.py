"""What REST answers about the settings of repositories, field by field as Nexus does.

What was never set is null; passwords and tokens are null always.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from repositories.api.representations import docker_section, hosted_repository, repository_url
from repositories.models import ProxySettings, Repository
from repositories.models.repository import RepositoryType, WritePolicy


def settings_of(request: HttpRequest, row: Repository) -> dict[str, Any]:
    """All settings of a repository of any type."""
    if row.type == RepositoryType.PROXY:
        return proxy_repository(request, row)
    if row.type == RepositoryType.GROUP:
        return group_repository(request, row)
    return hosted_repository(request, row)


def proxy_repository(request: HttpRequest, row: Repository) -> dict[str, Any]:
    """All settings of a proxy repository (`DockerProxyApiRepository`)."""
    remote = row.proxy
    names = row.cleanup_policy_names
    rule = remote.routing_rule
    return {
        **_common(request, row),
        "cleanup": None if names is None else {"policyNames": names},
        "proxy": {
            "remoteUrl": remote.remote_url,
            "contentMaxAge": remote.content_max_age,
            "metadataMaxAge": remote.metadata_max_age,
            "preserveEncodedCharacters": remote.preserve_encoded_characters,
        },
        "negativeCache": {
            "enabled": remote.negative_cache_enabled,
            "timeToLive": remote.negative_cache_minutes,
        },
        "httpClient": {
            "blocked": remote.blocked,
            "autoBlock": remote.auto_block,
            "connection": _connection(remote),
            "authentication": _authentication(remote),
        },
        "routingRuleName": None if rule is None else rule.name,
        "replication": None,
        "dockerProxy": {
            "indexType": remote.index_type,
            "indexUrl": remote.index_url,
            "cacheForeignLayers": remote.cache_foreign_layers,
            "foreignLayerUrlWhitelist": remote.foreign_layer_whitelist,
        },
    }


def group_repository(request: HttpRequest, row: Repository) -> dict[str, Any]:
    """All settings of a group repository (`DockerGroupApiRepository`)."""
    # Sorted here: the members of all groups of a list come by one query.
    members = sorted(row.members.all(), key=lambda each: (each.position, each.pk))
    return {
        **_common(request, row),
        "group": {
            "memberNames": [each.member.name for each in members],
            "writableMember": None,
        },
    }


def _common(request: HttpRequest, row: Repository) -> dict[str, Any]:
    return {
        "name": row.name,
        "url": repository_url(request, row.name),
        "online": row.online,
        "storage": {
            "blobStoreName": row.blob_store.name,
            "strictContentTypeValidation": row.strict_content_type_validation,
            # Of no effect; Nexus has it in the answers for every type.
            "writePolicy": WritePolicy.ALLOW.value,
        },
        "docker": docker_section(row),
        "format": row.FORMAT,
        "type": row.type,
    }


def _connection(remote: ProxySettings) -> dict[str, Any]:
    return {
        "retries": remote.retries,
        "userAgentSuffix": remote.user_agent_suffix,
        "timeout": remote.timeout,
        "enableCircularRedirects": remote.enable_circular_redirects,
        "enableCookies": remote.enable_cookies,
        "useTrustStore": remote.use_trust_store,
    }


def _authentication(remote: ProxySettings) -> dict[str, Any] | None:
    if not remote.authentication_type:
        return None
    return {
        "type": remote.authentication_type,
        "username": remote.authentication_username or None,
        "password": None,
        "ntlmHost": None,
        "ntlmDomain": None,
        "bearerToken": None,
        "preemptive": remote.authentication_preemptive,
    }
