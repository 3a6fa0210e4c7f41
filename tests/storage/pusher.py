"""A program that pushes a file to a store, to be killed: ``pusher.py <store> <file> <request>``.

Prints, as the rows of a database would record it, the staging after each request of so many
bytes, and at the end the storage key.
"""

import io
import json
import sys
from pathlib import Path

from repositories.blobs.file import FileStorage
from repositories.protocol.digest import Digest


def main(root: str, file: str, request_size: int) -> None:
    storage = FileStorage(Path(root))
    content = Path(file).read_bytes()
    staging = storage.stage()
    _record(staging=staging.to_json())
    for start in range(0, len(content), request_size):
        source = io.BytesIO(content[start : start + request_size])
        staging = storage.append(staging, source)
        _record(staging=staging.to_json())
    _record(storage_key=storage.finish(staging, Digest.of(content)).storage_key)
    storage.release(staging)


def _record(**row) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
