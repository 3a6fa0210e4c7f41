"""From a blob store's type and configuration to its storage."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from repositories.blobs.contract import BlobStorage
from repositories.blobs.errors import InvalidConfiguration
from repositories.blobs.file import FileStorage

FILE: Final = "File"
S3: Final = "S3"
TYPES: Final = (FILE, S3)
"""The type names of Nexus (REST ``/v1/blobstores``)."""


def open_store(
    type_name: str, configuration: Mapping[str, Any], *, relative_to: Path
) -> BlobStorage:
    """Return the storage, the same one for the same configuration. Touches neither disk nor net.

    The configuration has the keys of Nexus's REST: ``path`` for File, ``bucketConfiguration``
    for S3. A relative path lies under ``relative_to``. Raises InvalidConfiguration.
    """
    text = json.dumps(configuration, sort_keys=True)
    return _open(type_name, text, relative_to)


@lru_cache(maxsize=64)
def _open(type_name: str, configuration_text: str, relative_to: Path) -> BlobStorage:
    configuration = json.loads(configuration_text)
    if type_name == FILE:
        return FileStorage(_file_root(configuration, relative_to))
    if type_name == S3:
        # boto3 costs 25 MB of memory; who has no S3 store does not pay for it.
        from repositories.blobs.s3 import open_s3

        return open_s3(configuration)
    raise InvalidConfiguration(f"unknown blob store type {type_name!r}")


def _file_root(configuration: Mapping[str, Any], relative_to: Path) -> Path:
    path = configuration.get("path")
    if not isinstance(path, str) or not path.strip() or "\0" in path:
        raise InvalidConfiguration("path must be the name of a folder")
    return relative_to / path
