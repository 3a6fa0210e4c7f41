"""How a proxy repository signs in to its remote, and what becomes of the password or token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nexuslite.errors import FieldError, ValidationError
from nexuslite.secrets import encrypt
from repositories.blob_store_secrets import PLACEHOLDER
from repositories.models import ProxySettings
from repositories.models.proxy import AuthenticationType

_SECTION = "httpClient.authentication"
_LONGEST_USERNAME = 200
NULL = "must not be null"


@dataclass(frozen=True, slots=True)
class Authentication:
    """REST's `httpClient.authentication`; a secret that is None keeps the one that is there."""

    type: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    preemptive: bool | None = None

    @property
    def secret(self) -> str | None:
        """The password or the token, by the type."""
        return self.password if self.type == AuthenticationType.USERNAME else self.bearer_token

    @property
    def secret_id(self) -> str:
        """Id of the field that the secret was sent in."""
        of_user = self.type == AuthenticationType.USERNAME
        return f"{_SECTION}.{'password' if of_user else 'bearerToken'}"

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the values alone."""
        if self.type == "ntlm":
            yield FieldError(f"{_SECTION}.type", "Windows NTLM authentication is not supported")
        elif self.type not in AuthenticationType.values:
            allowed = ", ".join(AuthenticationType.values)
            yield FieldError(f"{_SECTION}.type", f"must be one of {allowed}")
        username = self.username or ""
        if self.type == AuthenticationType.USERNAME and not username:
            yield FieldError(f"{_SECTION}.username", "must not be empty")
        if len(username) > _LONGEST_USERNAME:
            yield FieldError(
                f"{_SECTION}.username", f"must not be longer than {_LONGEST_USERNAME} characters"
            )
        # Basic has no way to write a colon in a name, and no header takes control characters.
        if ":" in username or not username.isprintable():
            yield FieldError(f"{_SECTION}.username", "must be printable and without a colon")
        if self.type == AuthenticationType.BEARER_TOKEN and self.bearer_token == "":
            yield FieldError(self.secret_id, "must not be empty")
        if self.secret is not None and not self.secret.isprintable():
            yield FieldError(self.secret_id, "must be printable")


def secret_to_keep(sent: Authentication, remote_url: str, kept: ProxySettings | None) -> str:
    """The encrypted secret for the row.

    REST never answers secrets, so a client that sends back what it read has none: then the old one
    stays. Raises `ValidationError` where there is none, or where it would go to somebody else.
    """
    secret = sent.secret
    if secret is not None and secret != PLACEHOLDER:
        return encrypt(secret)
    if kept is None or not kept.authentication_secret or kept.authentication_type != sent.type:
        raise ValidationError([FieldError(sent.secret_id, NULL)])
    if kept.authentication_username != (sent.username or ""):
        raise ValidationError(
            [FieldError(sent.secret_id, "must be entered again for another user")]
        )
    if _origin(kept.remote_url) != _origin(remote_url):
        message = "must be entered again for another remote"
        raise ValidationError([FieldError(sent.secret_id, message)])
    return kept.authentication_secret


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
