"""Every variable of the environment is documented, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
_VARIABLE = re.compile(r"\b(NEXUSLITE_[A-Z_]+|DATABASE_URL)\b")
# Named by tests and checkpoints, not by who runs the program.
_INTERNAL = {"NEXUSLITE_CHECKPOINT"}


def _read_by_the_program() -> set[str]:
    pattern = re.compile(
        r"(?:env(?:ironment)?\.\w+\(\s*|environ(?:\.get\(|\[)\s*)\"(NEXUSLITE_[A-Z_]+|DATABASE_URL)\""
    )
    found: set[str] = set()
    for app in ("nexuslite", "accounts", "repositories"):
        for path in (PROJECT / app).rglob("*.py"):
            found.update(pattern.findall(path.read_text()))
    return found - _INTERNAL


def _documented() -> set[str]:
    rows = [
        line.split("|")[1]
        for line in (PROJECT / "docs/settings.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    return {name for row in rows for name in _VARIABLE.findall(row)}


def test_every_variable_that_is_read_is_in_the_table() -> None:
    assert _read_by_the_program() - _documented() == set()


def test_the_table_names_only_variables_that_are_read() -> None:
    assert _documented() - _read_by_the_program() == set()
