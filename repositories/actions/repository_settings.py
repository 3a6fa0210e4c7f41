"""What an administrator sets of a repository, and which values are accepted.

The ids of errors are the paths of REST's JSON; the messages are Nexus's where it has one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings as django_settings
from django.db.models import Q, QuerySet

from accounts.decisions import may, repository_admin
from accounts.principals import Principal
from nexuslite.errors import FieldError, ValidationError
from repositories.models import BlobStore, Repository
from repositories.models.repository import RepositoryType, WritePolicy
from repositories.names import NAME_IS_USED, check_name

_SUBDOMAIN = re.compile(r"[A-Za-z][A-Za-z0-9\-]{0,61}[A-Za-z0-9]")
_LONGEST_HOST = 60


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """The ways in: REST's `docker` section."""

    v1_enabled: bool = False
    force_basic_auth: bool = True
    http_port: int | None = None
    https_port: int | None = None
    subdomain: str | None = None
    path_enabled: bool | None = None
    connector_host: str | None = None
    """Address that the ports are bound to; None for the server's default."""
    read_only_mirror: bool = False
    """Whether the ports are for mirror settings of docker and containerd: nobody signs in there."""

    @property
    def ports(self) -> tuple[tuple[str, int], ...]:
        """The ports that are set, each with the id of its field."""
        both = (("docker.httpPort", self.http_port), ("docker.httpsPort", self.https_port))
        return tuple((field_id, port) for field_id, port in both if port is not None)


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """What is set of every repository, with the defaults of Nexus's form."""

    type: ClassVar[RepositoryType]

    name: str
    blob_store_name: str
    online: bool = True
    strict_content_type_validation: bool = True
    cleanup_policy_names: list[str] | None = None
    docker: DockerSettings = field(default_factory=DockerSettings)

    def columns(self) -> dict[str, Any]:
        """The settings as columns of the row, all but name, type and blob store."""
        docker = self.docker
        return {
            "online": self.online,
            "strict_content_type_validation": self.strict_content_type_validation,
            "cleanup_policy_names": self.cleanup_policy_names,
            "v1_enabled": docker.v1_enabled,
            "force_basic_auth": docker.force_basic_auth,
            "http_port": docker.http_port,
            "https_port": docker.https_port,
            # Domain names know no letter case; one spelling makes them unique.
            "subdomain": docker.subdomain.lower() if docker.subdomain else None,
            "path_enabled": docker.path_enabled,
            "connector_host": docker.connector_host or "",
            "read_only_mirror": docker.read_only_mirror,
        }

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the values alone."""
        yield from _check_name(self.name)
        yield from _check_docker(self.docker)
        if self.docker.read_only_mirror:
            yield from _check_mirror(self.type, self.docker)

    def save_parts(self, actor: Principal, row: Repository) -> None:
        """Writes what lies in other rows than the repository's own, within the transaction.

        Raises `ValidationError` for what does not fit other rows.
        """


@dataclass(frozen=True, kw_only=True)
class HostedSettings(RepositorySettings):
    """All settings of a hosted repository."""

    type: ClassVar[RepositoryType] = RepositoryType.HOSTED

    write_policy: str = WritePolicy.ALLOW.value
    latest_policy: bool | None = None
    proprietary_components: bool = False

    def columns(self) -> dict[str, Any]:
        """Those of every repository and the deployment policy."""
        return {
            **super().columns(),
            "write_policy": self.write_policy,
            "latest_policy": self.latest_policy,
            "proprietary_components": self.proprietary_components,
        }

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the values alone."""
        yield from super().errors()
        yield from _check_policy(self)


def check_values(settings: RepositorySettings) -> None:
    """Looks at the values alone. Raises `ValidationError` with everything that is wrong."""
    errors = list(settings.errors())
    if errors:
        raise ValidationError(errors)


def check_against_others(
    actor: Principal, settings: RepositorySettings, repository_id: int | None
) -> BlobStore:
    """Looks at the other repositories and returns the blob store, within the change's transaction.

    `repository_id` is the repository's own, None for a new one. Raises `ValidationError`.
    """
    others = Repository.objects.all()
    if repository_id is not None:
        others = others.exclude(pk=repository_id)
    errors = list(_check_ports_of_others(actor, settings.docker, others))
    if others.filter(name__iexact=settings.name).exists():
        errors.append(FieldError("name", NAME_IS_USED))
    subdomain = (settings.docker.subdomain or "").lower()
    if subdomain and others.filter(subdomain=subdomain).exists():
        errors.append(FieldError("docker.subdomain", "Subdomain is already used, must be unique"))
    store = BlobStore.objects.filter(name=settings.blob_store_name).first()
    if store is None:
        errors.append(FieldError("storage.blobStoreName", "Blob store not found"))
    if errors or store is None:
        raise ValidationError(errors)
    return store


def _check_name(name: str) -> Iterator[FieldError]:
    errors = list(check_name(name))
    if not errors and name != name.lower():
        # It becomes a part of image names, which are lower case.
        errors.append(FieldError("name", "Names of docker repositories must be lowercase"))
    yield from errors


def _check_policy(settings: HostedSettings) -> Iterator[FieldError]:
    if settings.write_policy not in WritePolicy.values:
        allowed = ", ".join(WritePolicy.values)
        yield FieldError("storage.writePolicy", f"must be one of {allowed}")
    elif settings.latest_policy and settings.write_policy != WritePolicy.ALLOW_ONCE:
        yield FieldError(
            "storage.latestPolicy",
            "Redeploy of latest is only available with the deployment policy ALLOW_ONCE",
        )


def _check_docker(docker: DockerSettings) -> Iterator[FieldError]:
    for field_id, port in docker.ports:
        yield from _check_port(field_id, port)
    if docker.http_port is not None and docker.http_port == docker.https_port:
        yield FieldError("docker.httpsPort", "HTTP and HTTPS ports must be different")
    if docker.subdomain and not _SUBDOMAIN.fullmatch(docker.subdomain):
        yield FieldError(
            "docker.subdomain",
            "Subdomain must be 2 to 63 letters, digits and hyphens, start with a letter and end "
            "with a letter or digit",
        )
    if docker.connector_host and not _is_address(docker.connector_host):
        yield FieldError("docker.connectorHost", "must be an IP address")


def _check_mirror(kind: RepositoryType, docker: DockerSettings) -> Iterator[FieldError]:
    field_id = "docker.readOnlyMirror"
    if kind == RepositoryType.HOSTED:
        yield FieldError(field_id, "Only proxy and group repositories can be mirrors")
    if docker.force_basic_auth:
        yield FieldError(field_id, "A mirror needs anonymous pull: forceBasicAuth must be false")
    if not docker.ports:
        yield FieldError(field_id, "A mirror needs a port of its own")


def _check_port(field_id: str, port: int) -> Iterator[FieldError]:
    allowed = django_settings.NEXUSLITE_CONNECTOR_PORTS
    if not 1 <= port <= 65535:
        yield FieldError(field_id, "Port must be between 1 and 65535")
    elif port == django_settings.NEXUSLITE_PORT:
        yield FieldError(field_id, f"Port {port} is the port of the web interface")
    elif port not in allowed:
        yield FieldError(field_id, f"Port {port} is outside of the range for connectors, {allowed}")


def _check_ports_of_others(
    actor: Principal, docker: DockerSettings, others: QuerySet[Repository]
) -> Iterator[FieldError]:
    ports = dict(docker.ports)
    wanted = list(ports.values())
    for other in others.filter(Q(http_port__in=wanted) | Q(https_port__in=wanted)):
        # A repository that the actor may not see has no name in the answer.
        visible = may(actor, repository_admin(Repository.FORMAT, other.name, "read"))
        owner = f"repository {other.name}" if visible else "another repository"
        for field_id, port in ports.items():
            if port in (other.http_port, other.https_port):
                yield FieldError(field_id, f"Port {port} is already used by {owner}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) <= _LONGEST_HOST
