"""Imports go one way through the house."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent

FORBIDDEN = {
    "nexuslite/server": ("django", "accounts", "repositories"),
    "repositories/protocol": ("django", "accounts", "nexuslite", "repositories.models"),
    "repositories/blobs": (
        "django.db",
        "accounts",
        "repositories.models",
        "repositories.docker",
        "repositories.actions",
    ),
    # The client itself knows neither rows nor requests; blocking and state are about rows.
    "repositories/remote": (
        "repositories.docker",
        "repositories.actions",
        "repositories.content",
        "repositories.fetching",
        "repositories.api",
        "repositories.web",
    ),
    "repositories/models": (
        "repositories.docker",
        "repositories.actions",
        "repositories.content",
        "repositories.api",
        "repositories.web",
    ),
    "repositories/fetching": (
        "repositories.docker",
        "repositories.actions",
        "repositories.content",
        "repositories.api",
    ),
    "repositories/content": ("repositories.docker", "repositories.actions", "repositories.api"),
    "repositories/actions": ("repositories.docker", "repositories.api", "repositories.web"),
    "repositories/docker": ("repositories.api", "repositories.web", "rest_framework"),
    "accounts": ("repositories",),
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    offences = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in (PROJECT / room).rglob("*.py")
        for name in _imports(path)
        for forbidden in FORBIDDEN[room]
        if name == forbidden or name.startswith(forbidden + ".")
    ]
    assert offences == []


def test_httpx_is_used_only_by_the_upstream_client() -> None:
    offences = [
        str(path.relative_to(PROJECT))
        for app in ("nexuslite", "accounts", "repositories")
        for path in (PROJECT / app).rglob("*.py")
        if "repositories/remote" not in str(path) and "httpx" in _imports(path)
    ]
    assert offences == []


def test_the_client_of_remotes_knows_no_rows() -> None:
    about_rows = {"blocking", "state", "probes", "noted_limits"}
    offences = [
        f"{path.name} imports {name}"
        for path in (PROJECT / "repositories/remote").glob("*.py")
        if path.stem not in about_rows
        for name in _imports(path)
        if name.startswith(("django", "accounts", "repositories.models", "repositories.records"))
    ]
    assert offences == []
