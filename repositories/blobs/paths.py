"""All key layout, as pure functions of validated parts.

::

    content/sha256/ab/<hex>.<random>   a blob on a file system
    staging/<random>                   an upload on a file system
    content/ab/<staging>.<random>      a blob in a bucket
    staging/<staging>.<random>         a piece of an upload in a bucket

The random suffix gives the same content a new key each time it is pushed, so that a collector
that judged the old one cannot delete the new one. Blobs fan out over 256 folders an algorithm,
made when the store is created: a push then makes no folder, and syncs only one.
"""

import re
import secrets
from collections.abc import Iterator

from repositories.protocol.digest import ALGORITHMS, Digest

CONTENT = "content"
STAGING = "staging"

_ID = re.compile(r"[0-9a-f]{32}")
_FILE_KEY = re.compile(
    CONTENT + r"/(?:sha256/([0-9a-f]{2})/\1[0-9a-f]{62}|sha512/([0-9a-f]{2})/\2[0-9a-f]{126})"
    r"\.[0-9a-f]{32}"
)
_OBJECT_KEY = re.compile(CONTENT + r"/([0-9a-f]{2})/\1[0-9a-f]{30}\.[0-9a-f]{32}")
_TAIL_KEY = re.compile(STAGING + r"/[0-9a-f]{32}\.[0-9a-f]{32}")


def new_id() -> str:
    """Return a random name of 128 bits."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Tell whether ``new_id`` could have returned the text."""
    return _ID.fullmatch(text) is not None


def new_file_key(digest: Digest) -> str:
    """Return a fresh key for content with this digest in a file store."""
    return f"{CONTENT}/{digest.algorithm}/{digest.encoded[:2]}/{digest.encoded}.{new_id()}"


def is_file_key(key: str) -> bool:
    """Tell whether ``new_file_key`` could have returned the key."""
    return _FILE_KEY.fullmatch(key) is not None


def file_key_folders() -> Iterator[str]:
    """Yield every folder that a file store's keys lie in, in the order of the keys."""
    for algorithm in sorted(ALGORITHMS):
        for number in range(256):
            yield f"{CONTENT}/{algorithm}/{number:02x}"


def staging_key(staging_id: str) -> str:
    """Return where a file store keeps the bytes of a staging. Raises ValueError for a bad id."""
    return f"{STAGING}/{_checked_id(staging_id)}"


def new_object_key(staging_id: str) -> str:
    """Return a fresh key in a bucket for the blob of a staging. Raises ValueError for a bad id."""
    return f"{CONTENT}/{_checked_id(staging_id)[:2]}/{staging_id}.{new_id()}"


def new_tail_key(staging_id: str) -> str:
    """Return a fresh key in a bucket for bytes of a staging. Raises ValueError for a bad id."""
    return f"{STAGING}/{_checked_id(staging_id)}.{new_id()}"


def is_object_key(key: str) -> bool:
    """Tell whether ``new_object_key`` could have returned the key."""
    return _OBJECT_KEY.fullmatch(key) is not None


def is_tail_key(key: str) -> bool:
    """Tell whether ``new_tail_key`` could have returned the key."""
    return _TAIL_KEY.fullmatch(key) is not None


def staging_of(key: str) -> str:
    """Return the id of the staging that a key in a bucket was made for."""
    return key.rpartition("/")[2].partition(".")[0]


def _checked_id(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"not a storage id: {text[:64]!r}")
    return text
