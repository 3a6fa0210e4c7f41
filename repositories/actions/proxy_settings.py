"""What an administrator sets of a proxy repository, and which values are accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from accounts.principals import Principal
from nexuslite import regex
from nexuslite.errors import FieldError, ValidationError
from repositories.actions.remote_secrets import Authentication, secret_to_keep
from repositories.actions.repository_settings import RepositorySettings
from repositories.models import ProxySettings as ProxyRow
from repositories.models import Repository, RoutingRule
from repositories.models.proxy import IndexType
from repositories.models.repository import RepositoryType
from repositories.remote.addresses import AddressKind, kind_of
from repositories.remote.hosts import is_address

MOST_EXPRESSIONS = 100
_LARGEST = 2**31 - 1
_LONGEST_URL = 2000
_LONGEST_SUFFIX = 200
_BAD_URL = "must be a valid HTTP or HTTPS URL"
_HOST = re.compile(r"[A-Za-z0-9.\-_]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How requests to the remote are made: REST's `httpClient.connection`. None is not set."""

    retries: int | None = None
    user_agent_suffix: str | None = None
    timeout: int | None = None
    """Seconds."""
    enable_circular_redirects: bool | None = None
    enable_cookies: bool | None = None
    use_trust_store: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ProxySettings(RepositorySettings):
    """All settings of a proxy repository. Ages and times are in minutes, -1 is forever."""

    type: ClassVar[RepositoryType] = RepositoryType.PROXY

    remote_url: str
    content_max_age: int = 1440
    metadata_max_age: int = 1440
    preserve_encoded_characters: bool | None = None
    negative_cache_enabled: bool = True
    negative_cache_minutes: int = 1440
    blocked: bool = False
    auto_block: bool = True
    connection: ConnectionSettings = field(default_factory=ConnectionSettings)
    authentication: Authentication | None = None
    index_type: str = IndexType.REGISTRY.value
    index_url: str | None = None
    cache_foreign_layers: bool | None = None
    foreign_layer_whitelist: tuple[str, ...] = ()
    routing_rule_name: str | None = None
    uses_ecr: bool = False
    pulls_ahead: bool = False
    firewall_mode: str | None = None

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the values alone."""
        yield from super().errors()
        yield from _check_url("proxy.remoteUrl", self.remote_url)
        yield from _check_range("proxy.contentMaxAge", self.content_max_age, -1, _LARGEST)
        yield from _check_range("proxy.metadataMaxAge", self.metadata_max_age, -1, _LARGEST)
        yield from _check_range(
            "negativeCache.timeToLive", self.negative_cache_minutes, -1, _LARGEST
        )
        yield from _check_connection(self.connection, self.remote_url)
        if self.authentication is not None:
            yield from self.authentication.errors()
        yield from self._check_index()
        yield from _check_whitelist(self.foreign_layer_whitelist)
        yield from self._check_unsupported()

    def _check_index(self) -> Iterator[FieldError]:
        if self.index_type not in IndexType.values:
            allowed = ", ".join(IndexType.values)
            yield FieldError("dockerProxy.indexType", f"must be one of {allowed}")
        elif self.index_type == IndexType.CUSTOM or self.index_url:
            yield from _check_url("dockerProxy.indexUrl", self.index_url or "")

    def _check_unsupported(self) -> Iterator[FieldError]:
        # Better refused than taken and never done.
        if self.uses_ecr:
            yield FieldError(
                "dockerProxy.ecrAuth.enabled", "Amazon ECR authentication is not supported"
            )
        if self.pulls_ahead:
            yield FieldError(
                "replication.preemptivePullEnabled", "Pre-emptive pull is not supported"
            )
        if self.firewall_mode not in (None, "DISABLED"):
            yield FieldError("firewall.mode", "Repository Firewall is not supported")

    def save_parts(self, actor: Principal, row: Repository) -> None:
        """Writes the row of the remote."""
        kept = ProxyRow.objects.filter(repository=row).first()
        columns = {
            **self._remote_columns(),
            **self._authentication_columns(kept),
            "routing_rule": _find_rule(self.routing_rule_name),
        }
        ProxyRow.objects.update_or_create(repository=row, defaults=columns)

    def _remote_columns(self) -> dict[str, Any]:
        connection = self.connection
        return {
            "remote_url": self.remote_url,
            "content_max_age": self.content_max_age,
            "metadata_max_age": self.metadata_max_age,
            "preserve_encoded_characters": self.preserve_encoded_characters,
            "negative_cache_enabled": self.negative_cache_enabled,
            "negative_cache_minutes": self.negative_cache_minutes,
            "blocked": self.blocked,
            "auto_block": self.auto_block,
            "retries": connection.retries,
            "timeout": connection.timeout,
            "user_agent_suffix": connection.user_agent_suffix,
            "enable_circular_redirects": connection.enable_circular_redirects,
            "enable_cookies": connection.enable_cookies,
            "use_trust_store": connection.use_trust_store,
            "index_type": self.index_type,
            "index_url": self.index_url or None,
            "cache_foreign_layers": self.cache_foreign_layers,
            "foreign_layer_whitelist": list(self.foreign_layer_whitelist),
        }

    def _authentication_columns(self, kept: ProxyRow | None) -> dict[str, Any]:
        sent = self.authentication
        if sent is None:
            return {
                "authentication_type": "",
                "authentication_username": "",
                "authentication_secret": "",
                "authentication_preemptive": None,
            }
        return {
            "authentication_type": sent.type,
            "authentication_username": sent.username or "",
            "authentication_secret": secret_to_keep(sent, self.remote_url, kept),
            "authentication_preemptive": sent.preemptive,
        }


def is_url(text: str) -> bool:
    """Whether the text is an absolute HTTP(S) URL without credentials, query and fragment."""
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and port != 0
        and _HOST.fullmatch(parts.hostname or "") is not None
        # Credentials have fields of their own; here they would be shown.
        and not (parts.query or parts.fragment or "@" in parts.netloc)
    )


def _check_url(field_id: str, text: str) -> Iterator[FieldError]:
    if not is_url(text):
        yield FieldError(field_id, _BAD_URL)
    elif _is_forbidden(urlsplit(text).hostname or ""):
        # It would be refused whenever it is asked; names are looked at then.
        yield FieldError(field_id, "must not be an address that no registry has")


def _is_forbidden(host: str) -> bool:
    return is_address(host) and kind_of(ip_address(host)) is AddressKind.FORBIDDEN


def _check_range(field_id: str, value: int, least: int, most: int) -> Iterator[FieldError]:
    if value < least:
        yield FieldError(field_id, f"must be greater than or equal to {least}")
    elif value > most:
        yield FieldError(field_id, f"must be less than or equal to {most}")


def _check_connection(connection: ConnectionSettings, remote_url: str) -> Iterator[FieldError]:
    section = "httpClient.connection"
    if connection.retries is not None:
        yield from _check_range(f"{section}.retries", connection.retries, 0, 10)
    if connection.timeout is not None:
        yield from _check_range(f"{section}.timeout", connection.timeout, 1, 3600)
    if connection.use_trust_store and not remote_url.lower().startswith("https:"):
        yield FieldError(
            f"{section}.useTrustStore", "TrustStore is available only with HTTPS remote URLs"
        )
    suffix = connection.user_agent_suffix or ""
    if len(suffix) > _LONGEST_SUFFIX or not (suffix.isascii() and suffix.isprintable()):
        yield FieldError(
            f"{section}.userAgentSuffix", f"must be at most {_LONGEST_SUFFIX} printable characters"
        )


def _check_whitelist(expressions: tuple[str, ...]) -> Iterator[FieldError]:
    field_id = "dockerProxy.foreignLayerUrlWhitelist"
    if len(expressions) > MOST_EXPRESSIONS:
        yield FieldError(field_id, f"must not be more than {MOST_EXPRESSIONS}")
        return
    for expression in expressions:
        try:
            regex.check(expression)
        except regex.InvalidExpression as error:
            yield FieldError(field_id, f"Invalid regular expression {expression}: {error}")


def _find_rule(name: str | None) -> RoutingRule | None:
    if not name:
        return None
    rule = RoutingRule.objects.filter(name=name).first()
    if rule is None:
        message = f"Did not find a routing rule with the name '{name}'"
        raise ValidationError([FieldError("routingRuleName", message)])
    return rule
