"""An upload of any length takes the memory of one buffer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource, sys
from pathlib import Path
from repositories.blobs.file import FileStorage
from repositories.blobs.objects import ObjectStorage, Part
from repositories.protocol.digest import Digest
from tests.storage.memory import MemoryBucket

class Forgetful(MemoryBucket):
    def put_part(self, key, upload_id, number, content):
        return Part(str(number), len(content))

class Zeros:
    def __init__(self, size):
        self.left = size
    def readinto(self, buffer):
        count = min(self.left, len(buffer))
        buffer[:count] = bytes(count)
        self.left -= count
        return count

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

if sys.argv[1] == "file":
    storage = FileStorage(Path(sys.argv[2]))
    storage.create()
else:
    storage = ObjectStorage(Forgetful())
storage.append(storage.stage(), Zeros(1))
before = peak()
staging = storage.append(storage.stage(), Zeros(200 << 20))
if sys.argv[1] == "file":
    digest = Digest.parse("sha512:" + "0" * 128)
    try:
        storage.finish(staging, digest)
    except Exception as error:
        assert error.expected == digest
print(peak() - before)
"""


@pytest.mark.parametrize("kind, limit_mib", [("file", 8), ("bucket", 32)])
def test_memory_is_constant(tmp_path, kind, limit_mib):
    root = Path(__file__).parents[2]
    output = subprocess.check_output(
        [sys.executable, "-c", SCRIPT, kind, tmp_path / "blobs"],
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert int(output) <= limit_mib
