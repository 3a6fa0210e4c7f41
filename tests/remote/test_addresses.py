"""What counts as internal, as never a registry, and as one owner's."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from repositories.remote.addresses import AddressKind, kind_of
from repositories.remote.hosts import have_one_owner, matches


# fault 23
@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        (AddressKind.PUBLIC, "8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1"),
        (AddressKind.PUBLIC, "2606:4700::1111 2a00:1450:4001::200e 64:ff9b::808:808"),
        (AddressKind.INTERNAL, "127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255"),
        (AddressKind.INTERNAL, "192.168.1.1 100.64.0.1 198.18.0.1 192.0.2.1 192.88.99.1"),
        (
            AddressKind.INTERNAL,
            "::1 fc00::1 fd12::1 fec0::1 2001:db8::1 2001:100::1 2002:808:808::1",
        ),
        (AddressKind.INTERNAL, "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 ::ffff:0:10.0.0.1"),
        (AddressKind.INTERNAL, "64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 64:ff9b:1::808:808"),
        (AddressKind.INTERNAL, "2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1 4000::1"),
        (AddressKind.FORBIDDEN, "0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.1 224.0.0.1"),
        (AddressKind.FORBIDDEN, "255.255.255.255 240.0.0.1 100.100.100.200 168.63.129.16"),
        (AddressKind.FORBIDDEN, ":: fe80::1 fe80::1%eth0 ff02::1 fd00:ec2::254 fd20:ce::254"),
        (AddressKind.FORBIDDEN, "::ffff:169.254.169.254 ::169.254.169.254 64:ff9b::a9fe:a9fe"),
        (AddressKind.FORBIDDEN, "2002:a9fe:a9fe::1 64:ff9b:1::a9fe:a9fe ::ffff:0.0.0.0"),
        # Teredo: the server in the clear, the client with its bits turned round.
        (AddressKind.FORBIDDEN, "2001:0:a9fe:a9fe::1 2001:0:808:808:0:0:5601:5601"),
    ],
)
def test_kinds_of_addresses(kind: AddressKind, addresses: str) -> None:
    found = {text: kind_of(ip_address(text)) for text in addresses.split()}
    assert found == dict.fromkeys(addresses.split(), kind)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("GHCR.io.", "ghcr.io", True),
        ("registry.example.co.uk", "auth.example.co.uk", True),
        ("registry.example.co.uk", "auth.evil.co.uk", False),
        ("example.co.uk", "evil.co.uk", False),
        ("one.azurecr.io", "two.azurecr.io", False),
        ("one.azurecr.io", "one.azurecr.io", True),
        ("registry-1.docker.io", "auth.docker.io.evil.com", False),
        ("docker.io", "evil-docker.io", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "1.0.0.1", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("[::1]", "::1", True),
        ("registry", "auth", False),
        ("a.io", "b.io", False),
    ],
)
def test_hosts_of_one_owner(left: str, right: str, expected: bool) -> None:
    assert have_one_owner(left, right) is expected
    assert have_one_owner(right, left) is expected


@pytest.mark.parametrize(
    ("host", "pattern", "expected"),
    [
        ("cdn.example.org", "cdn.example.org", True),
        ("CDN.example.org.", "cdn.Example.org", True),
        ("a.b.example.org", "*.example.org", True),
        ("example.org", "*.example.org", False),
        ("evilexample.org", "*.example.org", False),
        ("cdn.example.org", "example.org", False),
        ("cdn.example.org", "*", False),
    ],
)
def test_patterns_of_hosts(host: str, pattern: str, expected: bool) -> None:
    assert matches(host, [pattern]) is expected
