"""What a kill -9 at each step of a push to a file store leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexuslite.checkpoints import VARIABLE
from repositories.blobs import Staging, buffers
from repositories.protocol.digest import Digest

from .sources import MIB, append, content, put, read

CONTENT = content(3 * MIB + 5)
PUSHER = Path(__file__).with_name("pusher.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def push(file_storage, tmp_path):
    """Return a function that pushes in another process and returns its exit code and rows."""
    (tmp_path / "content").write_bytes(CONTENT)

    def run(checkpoint: str, request_size: int = len(CONTENT)):
        result = subprocess.run(
            [sys.executable, PUSHER, file_storage.root, tmp_path / "content", str(request_size)],
            env={**os.environ, VARIABLE: checkpoint, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=False,
        )
        return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]

    return run


def test_without_its_checkpoint_the_push_is_not_killed(push, file_storage):
    code, rows = push("blob.unknown")
    assert code == 0
    assert read(file_storage, rows[-1]["storage_key"]) == CONTENT


@pytest.mark.parametrize("writes", [1, 9])
@pytest.mark.parametrize("request_size", [len(CONTENT), MIB])
def test_killed_while_writing_the_upload_is_resumed(  # fault 1
    push, file_storage, writes, request_size
):
    code, rows = push(f"blob.written:{writes}", request_size)
    assert code == -9
    assert list(file_storage.list()) == []
    recorded = Staging.from_json(rows[-1]["staging"])
    recovered = file_storage.recover(recorded)
    assert recovered.size == writes * buffers.SIZE
    assert recovered.size - recorded.size <= request_size
    for staging in (recorded, file_storage.recover(recorded)):
        resumed = append(file_storage, staging, CONTENT[staging.size :])
    blob = file_storage.finish(resumed, Digest.of(CONTENT))
    assert read(file_storage, blob.storage_key) == CONTENT


@pytest.mark.parametrize("checkpoint", ["blob.file_synced", "blob.named", "blob.folder_synced"])
def test_killed_while_finishing_the_same_push_succeeds(  # fault 2
    push, file_storage, checkpoint
):
    code, rows = push(checkpoint)
    assert code == -9
    orphans = list(file_storage.list())
    assert all(read(file_storage, orphan.storage_key) == CONTENT for orphan in orphans)
    recorded = Staging.from_json(rows[-1]["staging"])
    if checkpoint == "blob.file_synced":
        assert orphans == []
        file_storage.finish(recorded, Digest.of(CONTENT))
    else:
        assert len(orphans) == 1
        finished = file_storage.finish(recorded, Digest.of(CONTENT))
        file_storage.release(recorded)
        assert read(file_storage, finished.storage_key) == CONTENT
    blob = put(file_storage, CONTENT)
    for orphan in orphans:
        file_storage.delete(orphan.storage_key)
    assert read(file_storage, blob.storage_key) == CONTENT
