"""The secrets in a blob store's configuration: encrypted in the row, masked in every answer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from nexuslite.errors import FieldError, ValidationError
from nexuslite.secrets import decrypt, encrypt, is_encrypted

PLACEHOLDER = "#~NXRM~PLACEHOLDER~PASSWORD~#"
"""What Nexus answers instead of a secret; sent back, it keeps the secret that is there."""

_SECTION = ("bucketConfiguration", "bucketSecurity")
_SECRETS = ("secretAccessKey", "sessionToken")

Configuration = Mapping[str, Any]


def conceal(configuration: Configuration, kept: Configuration) -> dict[str, Any]:
    """The configuration to keep in the row: new secrets encrypted, placeholders replaced.

    `kept` is the configuration of the row so far. Raises `ValidationError` for a placeholder that
    stands for nothing, or that would send a secret to another endpoint than it was given for.
    """
    old = _section(kept)

    def keep(name: str, value: str) -> str:
        if value != PLACEHOLDER:
            return encrypt(value)
        field_id = f"bucketConfiguration.bucketSecurity.{name}"
        if not old.get(name):
            raise ValidationError([FieldError(field_id, "there is no secret to keep")])
        if _endpoint(configuration) != _endpoint(kept):
            message = "must be entered again for another endpoint"
            raise ValidationError([FieldError(field_id, message)])
        return str(old[name])

    return _mapped(configuration, keep)


def reveal(configuration: Configuration) -> dict[str, Any]:
    """The configuration as a backend needs it. Raises `SecretUnreadable`."""
    return _mapped(configuration, lambda _, value: decrypt(value) if is_encrypted(value) else value)


def mask(configuration: Configuration) -> dict[str, Any]:
    """The configuration as it may be shown."""
    return _mapped(configuration, lambda *_: PLACEHOLDER)


def _mapped(configuration: Configuration, change: Callable[[str, str], str]) -> dict[str, Any]:
    if not _section(configuration):
        return dict(configuration)
    copied = copy.deepcopy(dict(configuration))
    section = _section(copied)
    for name in _SECRETS:
        if section.get(name):
            section[name] = change(name, section[name])
    return copied


def _section(configuration: Configuration) -> dict[str, Any]:
    section: Any = configuration
    for name in _SECTION:
        section = section.get(name) or {}
    return section  # type: ignore[no-any-return]


def _endpoint(configuration: Configuration) -> Any:
    bucket = configuration.get("bucketConfiguration") or {}
    return (bucket.get("advancedBucketConnection") or {}).get("endpoint")
