"""Checkpoints kill the process they are set for, at their turn, and no other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexuslite.checkpoints import VARIABLE

SCRIPT = """
from nexuslite.checkpoints import checkpoint
for name in ("one", "two", "one", "two"):
    checkpoint(name)
    print(name, flush=True)
"""


def run(setting: str) -> subprocess.CompletedProcess:
    root = Path(__file__).parents[2]
    environment = {**os.environ, VARIABLE: setting, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "setting, passed",
    [("one", ""), ("two", "one"), ("one:2", "one two"), ("two:2", "one two one")],
)
def test_the_named_turn_is_fatal(setting, passed):
    result = run(setting)
    assert result.returncode == -9
    assert result.stdout.split() == passed.split()


@pytest.mark.parametrize("setting", ["", "three", "one:3"])
def test_every_other_turn_is_passed(setting):
    result = run(setting)
    assert result.returncode == 0
    assert result.stdout.split() == ["one", "two", "one", "two"]


def test_a_malformed_setting_is_refused():
    assert "ValueError" in run("one:often").stderr
