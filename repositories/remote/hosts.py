"""Comparing the hosts of URLs: which are the same, which belong to one owner."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

# Second-level names under which country registries hand out domains: example.co.uk.
_SECOND_LEVEL = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "gv", "mil", "ne", "net", "nom", "or", "org"}
)
# Domains whose sub-domains belong to different customers.
_SHARED = frozenset(
    {
        "amazonaws.com",
        "appspot.com",
        "azure.com",
        "azurecr.io",
        "azurewebsites.net",
        "cloudfront.net",
        "fly.dev",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "jfrog.io",
        "netlify.app",
        "ngrok.io",
        "onrender.com",
        "pages.dev",
        "pkg.dev",
        "run.app",
        "vercel.app",
        "windows.net",
        "workers.dev",
    }
)


def normalised(host: str) -> str:
    """A host name as it is compared: lower case, without the dot of the root or brackets."""
    return host.strip("[]").rstrip(".").lower()


def is_address(host: str) -> bool:
    """Whether the host is an IP address."""
    try:
        ip_address(normalised(host))
    except ValueError:
        return False
    return True


def matches(host: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the host, or is `*.` and a domain above it."""
    name = normalised(host)
    return any(_matches(name, normalised(pattern)) for pattern in patterns)


def have_one_owner(left: str, right: str) -> bool:
    """Whether two hosts are the same or lie in one registrable domain.

    A rule of thumb instead of the public suffix list: the last two labels, three below names such
    as `co.uk`; in domains that are known to be shared, and for addresses, only the host itself.
    """
    one, other = normalised(left), normalised(right)
    if one == other:
        return True
    domain = _registrable_domain(one)
    return domain is not None and domain == _registrable_domain(other)


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return name == pattern


def _registrable_domain(name: str) -> str | None:
    labels = name.split(".")
    if len(labels) < 2 or is_address(name):
        return None
    is_below_country = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    wanted = 3 if is_below_country else 2
    domain = ".".join(labels[-wanted:])
    if len(labels) < wanted or domain in _SHARED:
        return None
    return domain
