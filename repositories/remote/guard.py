"""Where a remote may lead us: no request is made to an address that was not looked at here.

The host that an administrator wrote is trusted, intranet and loopback included. Whatever the
remote then names (redirects, token services, URLs of foreign layers, an index) may be internal
only if `AddressPolicy` allows it. Link-local and cloud metadata addresses are refused always.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from repositories.remote import hosts
from repositories.remote.addresses import Address, AddressKind, embedded, kind_of
from repositories.remote.errors import AddressRefused
from repositories.remote.settings import AddressPolicy


class Guard:
    """Decides over addresses on behalf of one remote."""

    def __init__(self, trusted_host: str, policy: AddressPolicy) -> None:
        self._trusted_host = hosts.normalised(trusted_host)
        self._policy = policy

    def check(self, host: str, address_text: str) -> None:
        """Raises `AddressRefused` when `host`, which resolves to the address, may not be asked."""
        address = ip_address(address_text)
        kind = kind_of(address)
        if kind is AddressKind.FORBIDDEN:
            raise AddressRefused(f"{host} has an address that no registry has")
        if kind is AddressKind.INTERNAL and not self._may_be_internal(host, address):
            raise AddressRefused(f"{host}, which the remote names, has an internal address")

    def _may_be_internal(self, host: str, address: Address) -> bool:
        if not self._policy.enabled or hosts.normalised(host) == self._trusted_host:
            return True
        if hosts.matches(host, self._policy.allowed_domains):
            return True
        if self._is_allowed(address):
            return True
        carried = list(embedded(address)) if isinstance(address, IPv6Address) else []
        return bool(carried) and all(self._is_allowed(inner) for inner in carried)

    def _is_allowed(self, address: Address) -> bool:
        return any(
            network.version == address.version and address in network
            for network in self._policy.allowed_networks
        )
