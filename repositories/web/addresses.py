"""The addresses under which docker clients reach a repository, as seen from a browser."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest

from repositories.connector_states import State, connector_reports
from repositories.records import RepositoryRecord

_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Address:
    """One way in: what is put before an image name, such as `registry.example:8000`."""

    text: str
    scheme: Literal["http", "https"]
    state: State
    reason: str = ""
    own_port: bool = False
    """Whether it is a connector's, not the web interface's."""

    @property
    def has_own_certificate(self) -> bool:
        """Whether this server itself shows a certificate there, not a proxy in front of it."""
        return self.own_port and self.scheme == "https"

    @property
    def needs_insecure_registries(self) -> bool:
        """Whether docker has to be told to use plain HTTP; it does so by itself for loopback."""
        return self.scheme == "http" and not _is_loopback(_host_name(self.text.partition("/")[0]))


def addresses_of(
    request: HttpRequest, records: Iterable[RepositoryRecord]
) -> dict[int, list[Address]]:
    """The addresses by repository id, the best one first; none for one that has no way in.

    The host is the one this very request was sent to: whoever reads the page can reach it.
    """
    records = list(records)
    found: dict[int, list[Address]] = {record.id: [] for record in records}
    ids = {record.name: record.id for record in records}
    host = _host_name(request.get_host())
    for report in connector_reports(records):
        scheme: Literal["http", "https"] = "https" if report.scheme == "https" else "http"
        found[ids[report.repository]].append(
            Address(f"{host}:{report.port}", scheme, report.state, report.reason, own_port=True)
        )
    for record in records:
        found[record.id] += _on_main_port(request, record)
        found[record.id].sort(key=lambda address: address.state == "failed")
    return found


def preview_address(
    request: HttpRequest,
    *,
    name: str,
    http_port: str,
    https_port: str,
    path_enabled: bool,
    subdomain: str,
) -> Address | None:
    """The best way in to a repository that is being set up; None while there is none."""
    host = _host_name(request.get_host())
    schemes: tuple[tuple[Literal["http", "https"], str], ...] = (
        ("https", https_port),
        ("http", http_port),
    )
    for scheme, port in schemes:
        if port.isdecimal() and 0 < int(port[:6]) < 65536:
            return Address(f"{host}:{int(port[:6])}", scheme, "open", own_port=True)
    scheme = "https" if request.is_secure() else "http"
    if subdomain:
        return Address(f"{subdomain}.{request.get_host()}", scheme, "open")
    if path_enabled and name:
        return Address(f"{request.get_host()}/{name}", scheme, "open")
    return None


def _on_main_port(request: HttpRequest, record: RepositoryRecord) -> list[Address]:
    scheme: Literal["http", "https"] = "https" if request.is_secure() else "http"
    host = request.get_host()
    addresses = []
    if record.subdomain and not _is_ip_address(_host_name(host)):
        addresses.append(Address(f"{record.subdomain}.{host}", scheme, "open"))
    if record.path_enabled:
        addresses.append(Address(f"{host}/{record.name}", scheme, "open"))
    return addresses


def _host_name(host: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    return _PORT.sub("", host)


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    return _is_ip_address(name) and ipaddress.ip_address(name.strip("[]")).is_loopback
