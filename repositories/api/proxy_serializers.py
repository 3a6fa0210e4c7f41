"""How bodies of proxy repositories are read: types and required fields."""

from __future__ import annotations

# ruff: noqa: N815 - fields are named as in the JSON
from rest_framework import serializers

from nexuslite.rest.fields import (
    Text,
    Values,
    optional_boolean,
    optional_integer,
    optional_text,
    texts,
)
from repositories.actions.proxy_settings import MOST_EXPRESSIONS, ConnectionSettings, ProxySettings
from repositories.actions.remote_secrets import Authentication
from repositories.api.serializers import (
    CleanupSerializer,
    DockerSerializer,
    StorageSerializer,
    docker_settings,
)


class RemoteSerializer(serializers.Serializer[Values]):
    """`ProxyAttributes`."""

    remoteUrl = Text()
    contentMaxAge = serializers.IntegerField()
    metadataMaxAge = serializers.IntegerField()
    preserveEncodedCharacters = optional_boolean()


class NegativeCacheSerializer(serializers.Serializer[Values]):
    """`NegativeCacheAttributes`."""

    enabled = serializers.BooleanField()
    timeToLive = serializers.IntegerField()


class ConnectionSerializer(serializers.Serializer[Values]):
    """`HttpClientConnectionAttributes`."""

    retries = optional_integer()
    userAgentSuffix = optional_text()
    timeout = optional_integer()
    enableCircularRedirects = optional_boolean()
    enableCookies = optional_boolean()
    useTrustStore = optional_boolean()


class AuthenticationSerializer(serializers.Serializer[Values]):
    """`HttpClientConnectionAuthenticationAttributes`."""

    type = Text()
    username = optional_text()
    password = optional_text()
    bearerToken = optional_text()
    preemptive = optional_boolean()


class HttpClientSerializer(serializers.Serializer[Values]):
    """`HttpClientAttributes`."""

    blocked = optional_boolean()
    autoBlock = optional_boolean()
    connection = ConnectionSerializer(required=False, allow_null=True)
    authentication = AuthenticationSerializer(required=False, allow_null=True)


class EcrAuthSerializer(serializers.Serializer[Values]):
    """`EcrAuthAttributes`, as far as they are looked at."""

    enabled = optional_boolean()


class DockerProxySerializer(serializers.Serializer[Values]):
    """`DockerProxyAttributes`."""

    indexType = Text()
    indexUrl = optional_text()
    cacheForeignLayers = optional_boolean()
    foreignLayerUrlWhitelist = texts(MOST_EXPRESSIONS, required=False, allow_null=True)
    ecrAuth = EcrAuthSerializer(required=False, allow_null=True)


class ReplicationSerializer(serializers.Serializer[Values]):
    """`ReplicationAttributes`, as far as they are looked at."""

    preemptivePullEnabled = optional_boolean()


class FirewallSerializer(serializers.Serializer[Values]):
    """`FirewallAttributes`."""

    mode = optional_text()


class ProxyRepositorySerializer(serializers.Serializer[Values]):
    """`DockerProxyRepositoryApiRequest`; older clients say `routingRule`."""

    name = Text()
    online = serializers.BooleanField()
    storage = StorageSerializer()
    cleanup = CleanupSerializer(required=False, allow_null=True)
    docker = DockerSerializer()
    proxy = RemoteSerializer()
    negativeCache = NegativeCacheSerializer()
    httpClient = HttpClientSerializer()
    dockerProxy = DockerProxySerializer()
    routingRule = optional_text()
    routingRuleName = optional_text()
    replication = ReplicationSerializer(required=False, allow_null=True)
    firewall = FirewallSerializer(required=False, allow_null=True)


def proxy_settings(values: Values) -> ProxySettings:
    """The settings that a valid body of a proxy repository stands for."""
    storage, proxy, index = values["storage"], values["proxy"], values["dockerProxy"]
    client = values["httpClient"]
    return ProxySettings(
        name=values["name"],
        blob_store_name=storage["blobStoreName"],
        online=values["online"],
        strict_content_type_validation=storage["strictContentTypeValidation"],
        cleanup_policy_names=(values.get("cleanup") or {}).get("policyNames"),
        docker=docker_settings(values["docker"]),
        remote_url=proxy["remoteUrl"],
        content_max_age=proxy["contentMaxAge"],
        metadata_max_age=proxy["metadataMaxAge"],
        preserve_encoded_characters=proxy["preserveEncodedCharacters"],
        negative_cache_enabled=values["negativeCache"]["enabled"],
        negative_cache_minutes=values["negativeCache"]["timeToLive"],
        blocked=bool(client["blocked"]),
        auto_block=client["autoBlock"] is not False,
        connection=_connection(client.get("connection") or {}),
        authentication=_authentication(client.get("authentication")),
        index_type=index["indexType"].upper(),
        index_url=index["indexUrl"] or None,
        cache_foreign_layers=index["cacheForeignLayers"],
        foreign_layer_whitelist=tuple(index.get("foreignLayerUrlWhitelist") or ()),
        routing_rule_name=values["routingRuleName"] or values["routingRule"] or None,
        uses_ecr=bool((index.get("ecrAuth") or {}).get("enabled")),
        pulls_ahead=bool((values.get("replication") or {}).get("preemptivePullEnabled")),
        firewall_mode=(values.get("firewall") or {}).get("mode") or None,
    )


def _connection(values: Values) -> ConnectionSettings:
    return ConnectionSettings(
        retries=values.get("retries"),
        user_agent_suffix=values.get("userAgentSuffix"),
        timeout=values.get("timeout"),
        enable_circular_redirects=values.get("enableCircularRedirects"),
        enable_cookies=values.get("enableCookies"),
        use_trust_store=values.get("useTrustStore"),
    )


def _authentication(values: Values | None) -> Authentication | None:
    if values is None:
        return None
    return Authentication(
        type=values["type"],
        username=values["username"],
        password=values["password"],
        bearer_token=values["bearerToken"],
        preemptive=values["preemptive"],
    )
