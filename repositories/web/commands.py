"""Commands and settings for docker clients, ready to paste."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from django.conf import settings

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
