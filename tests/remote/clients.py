"""Clients of remotes for tests: little patience, no repetitions unless asked for."""

from __future__ import annotations

from typing import Any

from repositories.remote.client import RegistryClient
from repositories.remote.network import Resolve
from repositories.remote.settings import RemoteSettings

DIGEST = "sha256:" + "a" * 64


def client_of(url: str, resolve: Resolve | None = None, **settings: Any) -> RegistryClient:
    """A client of the remote at a URL."""
    return RegistryClient(
        RemoteSettings(url, **{"timeout": 3.0, "retries": 0, **settings}), resolve
    )


def names(**addresses: str) -> Resolve:
    """A resolver of names below `.test`; `cdn="127.0.0.1"` makes `cdn.test` known."""

    def resolve(host: str, port: int) -> list[str]:
        name = host.removesuffix(".test")
        if name not in addresses:
            raise OSError(f"unknown name {host}")
        return addresses[name].split()

    return resolve
