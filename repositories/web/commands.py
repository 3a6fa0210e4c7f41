"""Commands and settings for docker clients, ready to paste."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.principals import Principal
from repositories.web.addresses import Address

EXAMPLE_IMAGE = "my-app:1.0"


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type to work with a repository under one of its addresses."""

    login: str
    tag: str
    push: str
    pull: str
    daemon_json: str | None
    """What `/etc/docker/daemon.json` needs before docker accepts the address; None for nothing."""
    trust: str | None
    """What makes docker trust the certificate that the server made for itself; None for nothing."""


def commands_for(principal: Principal, address: Address) -> Commands:
    """The commands of the principal for the address."""
    image = f"{address.text}/{EXAMPLE_IMAGE}"
    host = address.text.partition("/")[0]
    user = "" if principal.user_id is None else f"-u {shlex.quote(principal.user_id)} "
    daemon = {"insecure-registries": [host]} if address.needs_insecure_registries else None
    return Commands(
        login=f"docker login {user}{host}",
        tag=f"docker tag {EXAMPLE_IMAGE} {image}",
        push=f"docker push {image}",
        pull=f"docker pull {image}",
        daemon_json=None if daemon is None else json.dumps(daemon, indent=2),
        trust=_trust(host) if address.has_own_certificate and not _is_given() else None,
    )


def _is_given() -> bool:
    return bool(settings.NEXUSLITE_TLS_CERTIFICATE)


def _trust(host: str) -> str:
    folder = f"/etc/docker/certs.d/{host}"
    return (
        f"sudo mkdir -p {folder} && openssl s_client -connect {host} </dev/null "
        f"| openssl x509 | sudo tee {folder}/ca.crt"
    )


@dataclass(frozen=True, slots=True)
class PullCommand:
    """How one client pulls an image, or how a file names it."""

    client: str
    text: str
    is_shell: bool = True


def pull_commands(
    address: Address, image_name: str, tag: str, digest: str = ""
) -> tuple[PullCommand, ...]:
    """Commands for a tag; by the digest alone where there is no tag."""
    base = f"{address.text}/{image_name}"
    by_digest = f"{base}@{digest}" if digest else ""
    reference = f"{base}:{tag}" if tag else by_digest
    insecure = " --tls-verify=false" if address.scheme == "http" else ""
    commands = [
        PullCommand("Docker", f"docker pull {reference}"),
        PullCommand("Podman", f"podman pull{insecure} {reference}"),
        PullCommand("Kubernetes", f"image: {reference}", is_shell=False),
        PullCommand("Dockerfile", f"FROM {reference}", is_shell=False),
    ]
    if tag and digest:
        commands.append(PullCommand(_("By digest"), f"docker pull {by_digest}"))
    return tuple(commands)
