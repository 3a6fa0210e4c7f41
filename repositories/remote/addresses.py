"""What kind of network an IP address belongs to, whatever form it is wrapped in.

Written out rather than asked of `ipaddress`, whose answers differ between versions of Python.
From the IANA special-purpose address registries and the metadata addresses of cloud providers.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address


class AddressKind(IntEnum):
    """How far an address may be trusted; the greater, the less."""

    PUBLIC = 0
    INTERNAL = 1
    """Loopback, private, shared, documentation, obsolete: of use only inside a network."""
    FORBIDDEN = 2
    """Link-local, cloud metadata, unspecified, multicast: never a registry."""


_FORBIDDEN_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",  # metadata of Alibaba
        "168.63.129.16/32",  # host agent of Azure
        "192.0.0.192/32",  # metadata of Oracle
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_INTERNAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
_FORBIDDEN_V6 = tuple(
    IPv6Network(text)
    for text in (
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # metadata of AWS
        "fd20:ce::254/128",  # metadata of Google
        "fd00:42::42/128",  # metadata of Scaleway
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_INTERNAL_V6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_SIX_TO_FOUR = IPv6Network("2002::/16")
# IPv4 in the last 32 bits: compatible, mapped, translated (RFC 2765), NAT64, local NAT64.
_V4_AT_THE_END = (
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
    IPv6Network("64:ff9b:1::/48"),
)
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOW = 0xFFFFFFFF


def kind_of(address: Address) -> AddressKind:
    """The kind of an address, or of the worst IPv4 address that it carries."""
    if isinstance(address, IPv4Address):
        return _kind_of_v4(address)
    own = _kind_of_v6(address)
    return max([own, *(_kind_of_v4(inner) for inner in embedded(address))])


def embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address carries and that a gateway would go to."""
    value = int(address)
    # The unspecified and the loopback address look like IPv4 and are none.
    if value > 1 and any(address in network for network in _V4_AT_THE_END):
        yield IPv4Address(value & _LOW)
    if (value >> 32) & _LOW in _ISATAP:
        yield IPv4Address(value & _LOW)
    if address in _SIX_TO_FOUR:
        yield IPv4Address((value >> 80) & _LOW)
    if address in _TEREDO:
        yield IPv4Address((value >> 64) & _LOW)
        yield IPv4Address(~value & _LOW)


def _kind_of_v4(address: IPv4Address) -> AddressKind:
    if any(address in network for network in _FORBIDDEN_V4):
        return AddressKind.FORBIDDEN
    if any(address in network for network in _INTERNAL_V4):
        return AddressKind.INTERNAL
    return AddressKind.PUBLIC


def _kind_of_v6(address: IPv6Address) -> AddressKind:
    if any(address in network for network in _FORBIDDEN_V6):
        return AddressKind.FORBIDDEN
    if address in _NAT64:
        # Networks without IPv4 reach the whole internet so; the address inside decides.
        return AddressKind.PUBLIC
    if address not in _GLOBAL_V6 or any(address in network for network in _INTERNAL_V6):
        return AddressKind.INTERNAL
    return AddressKind.PUBLIC
