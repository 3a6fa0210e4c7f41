"""Secrets that must be read again, such as the key of a bucket: encrypted where they are kept.

The key follows from `SECRET_KEY`; values that an earlier key of `SECRET_KEY_FALLBACKS` encrypted
can still be read. Fernet: AES-128-CBC with HMAC-SHA256.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PREFIX = "encrypted:"
_PURPOSE = b"nexuslite stored secrets"


class SecretUnreadable(Exception):
    """None of the keys in use has encrypted the value."""


def encrypt(secret: str) -> str:
    """The text to keep instead of the secret."""
    return _PREFIX + _fernet().encrypt(secret.encode()).decode("ascii")


def decrypt(kept: str) -> str:
    """The secret that `encrypt` was given. Raises `SecretUnreadable`."""
    try:
        return _fernet().decrypt(kept.removeprefix(_PREFIX)).decode()
    except InvalidToken:
        raise SecretUnreadable("the secret was encrypted with a key that is not in use") from None


def is_encrypted(text: str) -> bool:
    """Whether `encrypt` has written the text."""
    return text.startswith(_PREFIX)


def _fernet() -> MultiFernet:
    return _fernet_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
