"""Where a remote's credentials and cookies may go."""

from __future__ import annotations

import httpx

from repositories.remote import hosts
from repositories.remote.errors import AddressRefused, InvalidAnswer
from repositories.remote.settings import RemoteSettings

_DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 8192

Origin = tuple[str, str, int]


def origin_of(url: httpx.URL) -> Origin:
    """Scheme, host and port."""
    port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
    return url.scheme, hosts.normalised(url.host), port


class CredentialRules:
    """Which URLs may see what an administrator configured for one remote."""

    def __init__(self, settings: RemoteSettings) -> None:
        self._own = origin_of(httpx.URL(settings.url))
        self._token_hosts = settings.token_hosts

    def is_own(self, url: httpx.URL) -> bool:
        """Whether it is the remote itself: one scheme, host and port, or its upgrade to TLS."""
        origin = origin_of(url)
        if origin == self._own:
            return True
        scheme, host, port = self._own
        return (scheme, port) == ("http", 80) and origin == ("https", host, 443)

    def may_issue_tokens(self, realm: httpx.URL) -> bool:
        """Whether a token service may be sent the password.

        It must belong to the owner of the remote's domain, as auth.docker.io does to
        registry-1.docker.io, or be configured; and never without TLS when the remote has it.
        """
        scheme, host, _ = self._own
        if scheme == "https" and realm.scheme != "https":
            return False
        if hosts.have_one_owner(host, realm.host):
            return True
        return hosts.matches(realm.host, self._token_hosts)


def foreign_url(text: str) -> httpx.URL:
    """A URL that stands by itself. Raises `InvalidAnswer` for what is none of the web."""
    return web_url(text, httpx.URL())


def web_url(text: str, base: httpx.URL) -> httpx.URL:
    """The URL that a remote names, seen from `base`; without user name, password and fragment.

    Raises `InvalidAnswer` for what is no URL of the web, and `AddressRefused` for one that
    would leave TLS.
    """
    try:
        # The base itself may be long; only the new text is a stranger's.
        if len(text) > MAX_URL_LENGTH:
            raise httpx.InvalidURL("too long")
        url = base.join(text).copy_with(username=None, password=None, fragment=None)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise InvalidAnswer("the remote names an address that is no URL") from None
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        raise InvalidAnswer("the remote names an address that is not of the web")
    if base.scheme == "https" and url.scheme != "https":
        raise AddressRefused("the remote leads from https to http")
    return url
