"""How a remote registry is reached: one value, from which a client follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

DEFAULT_TIMEOUT = 20.0
DEFAULT_RETRIES = 1


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which internal addresses a remote may lead to, beyond the host that it is configured with.

    The value of REST `security/ssrf-protection`. A domain stands for itself; `*.example.org`
    stands for everything below `example.org`.
    """

    enabled: bool = True
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    allowed_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """The remote of a proxy repository, as an administrator wrote it.

    Equal settings share one client, its connections and its tokens. Times are in seconds.
    """

    url: str
    """Address of the registry without `/v2/`: `https://registry-1.docker.io`."""
    username: str = ""
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    """Sent as it is instead of a user name and password."""
    preemptive: bool = False
    """Whether the password is sent before the remote asks for it."""
    timeout: float = DEFAULT_TIMEOUT
    """Longest wait for the head of an answer, connecting included, and for each further read."""
    retries: int = DEFAULT_RETRIES
    """How often a request is repeated that met a broken connection, or 502, 503 or 504."""
    user_agent_suffix: str = ""
    circular_redirects: bool = False
    cookies: bool = False
    use_trust_store: bool = False
    """Whether certificates in `ca_file` are trusted beside those of the system."""
    ca_file: str = ""
    http_proxy: str = field(default="", repr=False)
    """`http://user:password@host:port`; may hold a password."""
    no_proxy_hosts: tuple[str, ...] = ()
    """Hosts asked without the proxy; `*.example.org` for all below `example.org`."""
    token_hosts: tuple[str, ...] = ()
    """Hosts beside the remote's own domain that may be sent its password for a token."""
    addresses: AddressPolicy = AddressPolicy()
    minimum_rate: int = 4096
    """Bytes per second that a body must move while it is waited for."""
    rate_grace: float = 30.0
    """Seconds of waiting over which the rate is taken."""
