"""The fault table claims nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
TABLE = TESTS.parent / "docs/faults.md"
_NUMBERS = re.compile(r"#\s*faults? ((?:\d+[,\s]*(?:and )?)+)")


def _rows() -> dict[int, str]:
    rows = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].isdigit():
            rows[int(cells[0])] = cells[-1]
    return rows


def _covered() -> set[int]:
    return {
        int(number)
        for path in TESTS.rglob("test_*.py")
        for numbers in _NUMBERS.findall(path.read_text())
        for number in re.findall(r"\d+", numbers)
    }


def test_the_table_is_whole() -> None:
    rows = _rows()
    assert sorted(rows) == list(range(1, 34))
    assert set(rows.values()) == {"yes", "not yet"}


def test_every_claimed_number_has_a_test() -> None:
    claimed = {number for number, tested in _rows().items() if tested == "yes"}
    assert claimed - _covered() == set()
