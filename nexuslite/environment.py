"""What the program is told by its environment: one reader for every variable it knows.

The table in docs/settings.md lists them; a test keeps the two in step.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import environ

env = environ.Env()

_LONGEST_LIMIT_SECONDS = 24 * 3600.0


class SettingsError(Exception):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True)
class PortRange:
    """The ports that repository connectors may use, both ends included."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """So many failures at once; after `seconds` without one all are forgotten.

    In between one more is allowed every `seconds / failures`.
    """

    failures: int
    seconds: float

    @property
    def pace(self) -> float:
        """Seconds in which one failure is forgotten."""
        return self.seconds / self.failures


def data_dir() -> Path:
    """The folder that holds everything the program keeps; made when missing."""
    folder = Path(env.str("NEXUSLITE_DATA_DIR", default="data")).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run").mkdir(exist_ok=True)
    return folder


def secret_keys(folder: Path) -> list[str]:
    """The signing keys, newest first: from the environment, else from `<data>/secret.key`.

    Every line of the file is a key; the first signs, all are accepted, so that a key can be
    rotated without ending what it has signed. The file is made at first start.
    """
    given = env.str("NEXUSLITE_SECRET_KEY", default="")
    if given:
        return [key for key in given.split(",") if key]
    path = folder / "secret.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
    keys = path.read_text().split()
    if not keys:
        raise SettingsError(f"{path} holds no key")
    return keys


def connector_ports() -> PortRange:
    """`NEXUSLITE_CONNECTOR_PORTS` as a range, for example 8000-8020; all ports when unset."""
    text = env.str("NEXUSLITE_CONNECTOR_PORTS", default="")
    if not text:
        return PortRange(1, 65535)
    first, _, last = text.partition("-")
    try:
        ports = PortRange(int(first), int(last or first))
    except ValueError:
        raise SettingsError(
            f"NEXUSLITE_CONNECTOR_PORTS: {text!r} is not a range such as 8000-8020"
        ) from None
    if not 1 <= ports.first <= ports.last <= 65535:
        raise SettingsError(f"NEXUSLITE_CONNECTOR_PORTS: {text!r} is not within 1-65535")
    return ports


def failure_limit(name: str, default: str) -> FailureLimit | None:
    """A variable such as `10/300`, failures and seconds, as a limit; None for `off`."""
    text = env.str(name, default=default)
    if text.strip().lower() == "off":
        return None
    failures, _, seconds = text.partition("/")
    try:
        limit = FailureLimit(int(failures), float(seconds))
    except ValueError:
        limit = None
    if limit is None or limit.failures < 1 or not 0 < limit.seconds <= _LONGEST_LIMIT_SECONDS:
        raise SettingsError(f"{name}: {text!r} is neither off nor of a form such as 10/300")
    return limit


def trusted_proxies() -> list[IPv4Network | IPv6Network]:
    """`NEXUSLITE_TRUSTED_PROXIES`: addresses whose X-Forwarded-* headers count."""
    try:
        return [
            ip_network(item.strip(), strict=False)
            for item in env.list("NEXUSLITE_TRUSTED_PROXIES", default=[])
        ]
    except ValueError as error:
        raise SettingsError(f"NEXUSLITE_TRUSTED_PROXIES: {error}") from None
