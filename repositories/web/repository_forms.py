"""Forms of hosted, proxy and group repositories. Labels and order are Nexus's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from nexuslite.web.forms import ActionForm, TransferField, TransferList
from repositories.actions.group_settings import GroupSettings
from repositories.actions.proxy_settings import ConnectionSettings, ProxySettings
from repositories.actions.remote_secrets import Authentication
from repositories.actions.repository_settings import (
    DockerSettings,
    HostedSettings,
    RepositorySettings,
)
from repositories.models import BlobStore, Repository, RoutingRule
from repositories.models.proxy import AuthenticationType, IndexType
from repositories.models.repository import WritePolicy
from repositories.web.presentation import DEPLOYMENT_POLICIES

_DOCKER_ERRORS = {
    "docker.httpPort": "http_port",
    "docker.httpsPort": "https_port",
    "docker.subdomain": "subdomain",
    "docker.connectorHost": "connector_host",
    "docker.readOnlyMirror": "read_only_mirror",
    "storage.blobStoreName": "blob_store",
    "storage.writePolicy": "write_policy",
    "storage.latestPolicy": "latest_policy",
}
_MINUTES = _("Minutes; 1440 is a day, -1 is for ever.")


class RepositoryForm(ActionForm):
    """What every repository has."""

    FIELDS_OF_ERRORS: ClassVar = _DOCKER_ERRORS

    name = forms.CharField(
        label=_("Name"), help_text=_("A unique name. It cannot be changed later.")
    )
    online = forms.BooleanField(
        label=_("Online"),
        required=False,
        help_text=_("If off, the repository takes no requests."),
    )
    http_port = forms.IntegerField(
        label=_("HTTP port"),
        required=False,
        help_text=_("Docker connects to this port over HTTP. Empty for none."),
    )
    https_port = forms.IntegerField(
        label=_("HTTPS port"),
        required=False,
        help_text=_("Docker connects to this port over HTTPS. Empty for none."),
    )
    path_enabled = forms.BooleanField(
        label=_("Path Based Routing"),
        required=False,
        help_text=_("Also reached through the port of this page, under the repository's name."),
    )
    subdomain = forms.CharField(
        label=_("Subdomain"),
        required=False,
        help_text=_("Also reached through the port of this page, under a subdomain of its host."),
    )
    anonymous_pull = forms.BooleanField(
        label=_("Allow anonymous docker pull"),
        required=False,
        help_text=_("Needs the Docker Bearer Token Realm, and anonymous access."),
    )
    v1_enabled = forms.BooleanField(
        label=_("Enable Docker V1 API"),
        required=False,
        help_text=_("Answers docker search."),
    )
    read_only_mirror = forms.BooleanField(
        label=_("Read-only mirror"),
        required=False,
        help_text=_(
            "For the mirror settings of docker and containerd: nobody signs in on the ports, "
            "everybody reads what anonymous may."
        ),
    )
    blob_store = forms.ChoiceField(label=_("Blob store"))
    strict = forms.BooleanField(label=_("Strict Content Type Validation"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stores = BlobStore.objects.order_by("name").values_list("name", "type")
        self.fields["blob_store"].choices = [  # type: ignore[attr-defined]
            (name, f"{name} — {kind}") for name, kind in stores
        ]
        for name in ("http_port", "https_port"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    def settings(self, values: dict[str, Any]) -> RepositorySettings:
        """What the action is to make of the values."""
        raise NotImplementedError

    def common(self, values: dict[str, Any]) -> dict[str, Any]:
        """The settings that every repository has, by the names of `RepositorySettings`."""
        return {
            "name": values["name"],
            "blob_store_name": values["blob_store"],
            "online": values["online"],
            "strict_content_type_validation": values["strict"],
            "cleanup_policy_names": self.initial.get("cleanup_policy_names"),
            "docker": DockerSettings(
                v1_enabled=values["v1_enabled"],
                force_basic_auth=not values["anonymous_pull"],
                http_port=values["http_port"],
                https_port=values["https_port"],
                subdomain=values["subdomain"] or None,
                path_enabled=values["path_enabled"],
                connector_host=self.initial.get("connector_host"),
                read_only_mirror=values.get("read_only_mirror", False),
            ),
        }

    @staticmethod
    def values_of(row: Repository) -> dict[str, Any]:
        """The initial values for a repository that is there."""
        return {
            "name": row.name,
            "online": row.online,
            "http_port": row.http_port,
            "https_port": row.https_port,
            "path_enabled": bool(row.path_enabled),
            "subdomain": row.subdomain or "",
            "anonymous_pull": not row.force_basic_auth,
            "v1_enabled": row.v1_enabled,
            "read_only_mirror": row.read_only_mirror,
            "blob_store": row.blob_store.name,
            "strict": row.strict_content_type_validation,
            "cleanup_policy_names": row.cleanup_policy_names,
            "connector_host": row.connector_host or None,
        }


class HostedForm(RepositoryForm):
    """A hosted repository."""

    # What can be pushed to is no mirror.
    read_only_mirror = None  # type: ignore[assignment]
    write_policy = forms.ChoiceField(
        label=_("Deployment policy"),
        choices=[(policy.value, label) for policy, label in DEPLOYMENT_POLICIES.items()],
        widget=forms.RadioSelect,
    )
    latest_policy = forms.BooleanField(
        label=_("Allow redeploy only on “latest” tag"),
        required=False,
        help_text=_("Only where redeploy is disabled."),
    )

    def settings(self, values: dict[str, Any]) -> HostedSettings:
        """What the action is to make of the values."""
        return HostedSettings(
            **self.common(values),
            write_policy=WritePolicy(values["write_policy"]).value,
            latest_policy=values["latest_policy"],
            proprietary_components=self.initial.get("proprietary_components", False),
        )

    @staticmethod
    def values_of(row: Repository) -> dict[str, Any]:
        """The initial values for a repository that is there."""
        return {
            **RepositoryForm.values_of(row),
            "write_policy": row.write_policy,
            "latest_policy": bool(row.latest_policy),
            "proprietary_components": row.proprietary_components,
        }


class ProxyForm(RepositoryForm):
    """A proxy repository."""

    FIELDS_OF_ERRORS: ClassVar = {
        **_DOCKER_ERRORS,
        "proxy.remoteUrl": "remote_url",
        "proxy.contentMaxAge": "content_max_age",
        "proxy.metadataMaxAge": "metadata_max_age",
        "negativeCache.timeToLive": "negative_cache_minutes",
        "httpClient.connection.retries": "retries",
        "httpClient.connection.timeout": "timeout",
        "httpClient.connection.userAgentSuffix": "user_agent_suffix",
        "httpClient.connection.useTrustStore": "use_trust_store",
        "httpClient.authentication.type": "authentication",
        "httpClient.authentication.username": "username",
        "httpClient.authentication.password": "secret",
        "httpClient.authentication.bearerToken": "secret",
        "dockerProxy.indexType": "index_type",
        "dockerProxy.indexUrl": "index_url",
        "dockerProxy.foreignLayerUrlWhitelist": "foreign_layer_whitelist",
        "routingRuleName": "routing_rule",
    }

    remote_url = forms.CharField(
        label=_("Remote storage"),
        widget=forms.URLInput(attrs={"list": "remotes"}),
        help_text=_("The registry to mirror, such as https://registry-1.docker.io for Docker Hub."),
    )
    index_type = forms.ChoiceField(
        label=_("Docker Index"),
        choices=[
            (IndexType.REGISTRY.value, _("Use proxy registry (specified above)")),
            (IndexType.HUB.value, _("Use Docker Hub")),
            (IndexType.CUSTOM.value, _("Custom index")),
        ],
    )
    index_url = forms.CharField(label=_("Index URL"), required=False)
    cache_foreign_layers = forms.BooleanField(label=_("Foreign Layer Caching"), required=False)
    foreign_layer_whitelist = forms.CharField(
        label=_("Foreign Layer Allowed URLs"),
        required=False,
        widget=forms.Textarea,
        help_text=_("Regular expressions, one on a line."),
    )
    blocked = forms.BooleanField(
        label=_("Block outbound connections"),
        required=False,
        help_text=_("Only what is held already is served."),
    )
    auto_block = forms.BooleanField(
        label=_("Auto-block outbound connections"),
        required=False,
        help_text=_("A remote that fails is left alone, and probed until it is back."),
    )
    content_max_age = forms.IntegerField(label=_("Maximum Component Age"), help_text=_MINUTES)
    metadata_max_age = forms.IntegerField(
        label=_("Maximum Metadata Age"),
        help_text=_("How long a tag counts before the remote is asked again. Minutes."),
    )
    routing_rule = forms.ChoiceField(label=_("Routing Rule"), required=False)
    negative_cache_enabled = forms.BooleanField(label=_("Not found cache enabled"), required=False)
    negative_cache_minutes = forms.IntegerField(label=_("Not found cache TTL"), help_text=_MINUTES)
    authentication = forms.ChoiceField(
        label=_("Authentication type"),
        required=False,
        choices=[
            ("", _("None")),
            (AuthenticationType.USERNAME.value, _("Username")),
            (AuthenticationType.BEARER_TOKEN.value, _("Preemptive Bearer Token")),
        ],
    )
    username = forms.CharField(label=_("Username"), required=False)
    secret = forms.CharField(
        label=_("Password or token"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Never shown again. Leave it empty to keep the one there is."),
    )
    user_agent_suffix = forms.CharField(label=_("User-agent customization"), required=False)
    retries = forms.IntegerField(label=_("Connection retries"), required=False)
    timeout = forms.IntegerField(
        label=_("Connection timeout"), required=False, help_text=_("Seconds.")
    )
    circular_redirects = forms.BooleanField(label=_("Enable circular redirects"), required=False)
    cookies = forms.BooleanField(label=_("Enable cookies"), required=False)
    use_trust_store = forms.BooleanField(label=_("Use the trust store"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = RoutingRule.objects.order_by("name").values_list("name", flat=True)
        self.fields["routing_rule"].choices = [  # type: ignore[attr-defined]
            ("", _("None")),
            *((rule, rule) for rule in rules),
        ]

    def settings(self, values: dict[str, Any]) -> ProxySettings:
        """What the action is to make of the values."""
        return ProxySettings(
            **self.common(values),
            remote_url=values["remote_url"],
            content_max_age=values["content_max_age"],
            metadata_max_age=values["metadata_max_age"],
            preserve_encoded_characters=self.initial.get("preserve_encoded_characters"),
            negative_cache_enabled=values["negative_cache_enabled"],
            negative_cache_minutes=values["negative_cache_minutes"],
            blocked=values["blocked"],
            auto_block=values["auto_block"],
            connection=ConnectionSettings(
                retries=values["retries"],
                user_agent_suffix=values["user_agent_suffix"] or None,
                timeout=values["timeout"],
                enable_circular_redirects=values["circular_redirects"],
                enable_cookies=values["cookies"],
                use_trust_store=values["use_trust_store"],
            ),
            authentication=_authentication(values),
            index_type=values["index_type"],
            index_url=values["index_url"] or None,
            cache_foreign_layers=values["cache_foreign_layers"],
            foreign_layer_whitelist=tuple(values["foreign_layer_whitelist"].split()),
            routing_rule_name=values["routing_rule"] or None,
        )

    @staticmethod
    def values_of(row: Repository) -> dict[str, Any]:
        """The initial values for a repository that is there; never its secret."""
        proxy = row.proxy
        return {
            **RepositoryForm.values_of(row),
            "remote_url": proxy.remote_url,
            "index_type": proxy.index_type,
            "index_url": proxy.index_url or "",
            "cache_foreign_layers": bool(proxy.cache_foreign_layers),
            "foreign_layer_whitelist": "\n".join(proxy.foreign_layer_whitelist),
            "blocked": proxy.blocked,
            "auto_block": proxy.auto_block,
            "content_max_age": proxy.content_max_age,
            "metadata_max_age": proxy.metadata_max_age,
            "preserve_encoded_characters": proxy.preserve_encoded_characters,
            "routing_rule": proxy.routing_rule.name if proxy.routing_rule else "",
            "negative_cache_enabled": proxy.negative_cache_enabled,
            "negative_cache_minutes": proxy.negative_cache_minutes,
            "authentication": proxy.authentication_type,
            "username": proxy.authentication_username,
            "user_agent_suffix": proxy.user_agent_suffix or "",
            "retries": proxy.retries,
            "timeout": proxy.timeout,
            "circular_redirects": bool(proxy.enable_circular_redirects),
            "cookies": bool(proxy.enable_cookies),
            "use_trust_store": bool(proxy.use_trust_store),
        }


class GroupForm(RepositoryForm):
    """A group repository."""

    FIELDS_OF_ERRORS: ClassVar = {**_DOCKER_ERRORS, "group.memberNames": "members"}

    members = TransferField(
        label=_("Member repositories"),
        widget=TransferList(_("Members"), ordered=True),
        help_text=_("Asked in this order; the first that has an image answers."),
    )

    def offer(self, rows: Iterable[Repository]) -> None:
        """The repositories that can be members."""
        field = self.fields["members"]
        assert isinstance(field, TransferField)
        field.offer((row.name, row.name, row.type) for row in rows)

    def settings(self, values: dict[str, Any]) -> GroupSettings:
        """What the action is to make of the values."""
        return GroupSettings(**self.common(values), member_names=tuple(values["members"]))

    @staticmethod
    def values_of(row: Repository) -> dict[str, Any]:
        """The initial values for a repository that is there."""
        members: QuerySet[Any] = row.members.all()
        ordered = sorted(members, key=lambda member: member.position)
        return {
            **RepositoryForm.values_of(row),
            "members": [member.member.name for member in ordered],
        }


FORMS: dict[str, type[RepositoryForm]] = {
    "hosted": HostedForm,
    "proxy": ProxyForm,
    "group": GroupForm,
}

NEW: dict[str, Any] = {
    "online": True,
    "strict": True,
    "write_policy": WritePolicy.ALLOW.value,
    "index_type": IndexType.REGISTRY.value,
    "auto_block": True,
    "content_max_age": 1440,
    "metadata_max_age": 1440,
    "negative_cache_enabled": True,
    "negative_cache_minutes": 1440,
}
"""What a new repository starts with, as in Nexus's forms."""


def _authentication(values: dict[str, Any]) -> Authentication | None:
    kind = values["authentication"]
    if not kind:
        return None
    secret = values["secret"] or None
    of_user = kind == AuthenticationType.USERNAME
    return Authentication(
        type=kind,
        username=values["username"] or None,
        password=secret if of_user else None,
        bearer_token=None if of_user else secret,
    )
