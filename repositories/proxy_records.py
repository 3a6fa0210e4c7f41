"""The part of a repository's record that only proxy repositories have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from django.conf import settings

from nexuslite.secrets import decrypt
from repositories.models import ProxySettings
from repositories.models.proxy import AuthenticationType
from repositories.remote.settings import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    AddressPolicy,
    RemoteSettings,
)
from repositories.routing import Routing

FOREVER = -1
"""As an age or a time in minutes: never look again."""


@dataclass(frozen=True)
class ProxyRecord:
    """The remote of a proxy repository, and how long its answers count.

    Ages and times are in minutes, `FOREVER` for no end.
    """

    settings: RemoteSettings
    """The remote without its secret, which only `remote` has."""
    authentication_type: str
    encrypted_secret: str = field(repr=False)
    content_max_age: int
    metadata_max_age: int
    preserve_encoded_characters: bool
    negative_cache_enabled: bool
    negative_cache_minutes: int
    blocked: bool
    auto_block: bool
    index_type: str
    index_url: str | None
    cache_foreign_layers: bool
    foreign_layer_whitelist: tuple[str, ...]
    routing_rule: Routing | None

    @cached_property
    def remote(self) -> RemoteSettings:
        """All that the remote client needs. Raises `nexuslite.secrets.SecretUnreadable`.

        Secrets are decrypted here and nowhere else.
        """
        if not self.authentication_type:
            return self.settings
        secret = decrypt(self.encrypted_secret)
        if self.authentication_type == AuthenticationType.BEARER_TOKEN:
            return replace(self.settings, bearer_token=secret)
        return replace(self.settings, password=secret)

    @property
    def remote_url(self) -> str:
        """The address of the remote as the administrator wrote it."""
        return self.settings.url


def proxy_record(row: ProxySettings, addresses: AddressPolicy) -> ProxyRecord:
    """The record of a row whose routing rule has been selected with it."""
    rule = row.routing_rule
    return ProxyRecord(
        settings=_remote_settings(row, addresses),
        authentication_type=row.authentication_type,
        encrypted_secret=row.authentication_secret,
        content_max_age=row.content_max_age,
        metadata_max_age=row.metadata_max_age,
        preserve_encoded_characters=bool(row.preserve_encoded_characters),
        negative_cache_enabled=row.negative_cache_enabled,
        negative_cache_minutes=row.negative_cache_minutes,
        blocked=row.blocked,
        auto_block=row.auto_block,
        index_type=row.index_type,
        index_url=row.index_url,
        cache_foreign_layers=bool(row.cache_foreign_layers),
        foreign_layer_whitelist=tuple(row.foreign_layer_whitelist),
        routing_rule=None if rule is None else Routing(rule.name, rule.mode, tuple(rule.matchers)),
    )


def _remote_settings(row: ProxySettings, addresses: AddressPolicy) -> RemoteSettings:
    return RemoteSettings(
        url=row.remote_url,
        username=row.authentication_username,
        preemptive=bool(row.authentication_preemptive),
        timeout=DEFAULT_TIMEOUT if row.timeout is None else row.timeout,
        retries=DEFAULT_RETRIES if row.retries is None else row.retries,
        user_agent_suffix=row.user_agent_suffix or "",
        circular_redirects=bool(row.enable_circular_redirects),
        cookies=bool(row.enable_cookies),
        use_trust_store=bool(row.use_trust_store),
        ca_file=settings.NEXUSLITE_REMOTE_CA_FILE,
        http_proxy=settings.NEXUSLITE_REMOTE_HTTP_PROXY,
        no_proxy_hosts=tuple(settings.NEXUSLITE_REMOTE_NO_PROXY),
        token_hosts=tuple(settings.NEXUSLITE_REMOTE_TOKEN_HOSTS),
        addresses=addresses,
        minimum_rate=settings.NEXUSLITE_REMOTE_MINIMUM_RATE,
        rate_grace=settings.NEXUSLITE_REMOTE_BODY_GRACE,
    )
