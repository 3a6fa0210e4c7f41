"""Nothing in a template needs more than the strict content security policy allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

PROJECT = Path(__file__).resolve().parents[3]
FOLDER = PROJECT / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
SPRITE = (PROJECT / "static/img/icons.svg").read_text()

FORBIDDEN = {
    "an inline style": r"\sstyle\s*=",
    "a style element": r"<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an event handler": r"\son\w+\s*=",
    "a javascript address": r"javascript:",
    "an htmx handler": r"hx-on",
    "an evaluated htmx value": r"[\"']js:",
    "an evaluated htmx trigger": r"hx-trigger=\"[^\"]*\[",
    "text that is not escaped": r"\|\s*safe\b|autoescape\s+off",
    "an icon beside the tag": r"<svg",
    "an address of another host": r"(?:src|href|action)=\"(?:https?:)?//",
}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(FOLDER)) for path in paths]


@pytest.mark.parametrize("name", names(TEMPLATES))
def test_a_template_holds_nothing_that_the_policy_forbids(name):
    text = (FOLDER / name).read_text()
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]
    assert found == []


def test_every_icon_is_in_the_sprite():
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r"{% icon \"([\w-]+)\"", path.read_text()))
    from nexuslite.web.navigation import GROUPS
    from repositories.web.presentation import TYPE_ICONS

    used |= {item.icon for group in GROUPS for item in group.items} | set(TYPE_ICONS.values())
    assert used
    assert {icon for icon in used if f'id="{icon}"' not in SPRITE} == set()


@pytest.mark.parametrize("name", names(TEMPLATES))
def test_a_template_compiles(name):
    assert get_template(name)


def test_every_static_file_that_is_named_exists():
    for path in TEMPLATES:
        for name in re.findall(r"{% static '([^']+)' %}", path.read_text()):
            assert (PROJECT / "static" / name).is_file(), f"{path.name}: {name}"
    for sheet in (PROJECT / "static/css").glob("*.css"):
        for name in re.findall(r"url\(\"([^\"]+)\"\)", sheet.read_text()):
            assert (sheet.parent / name).is_file(), f"{sheet.name}: {name}"


def test_static_files_are_kept_for_ever_under_the_address_of_their_version(client, db):
    address = f"{settings.STATIC_URL}vendor/bootstrap/bootstrap.min.css"
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer["Content-Encoding"] == "gzip"
    assert client.get("/static/css/nl.css").status_code == 404


def test_a_page_of_another_version_gets_the_files_of_this_one_and_does_not_keep_them(client, db):
    sheet = "vendor/bootstrap/bootstrap.min.css"
    current = client.get(f"{settings.STATIC_URL}{sheet}")
    other = client.get(f"/static/0123456789ab/{sheet}")
    assert other.status_code == 200
    assert other.getvalue() == current.getvalue()
    assert other["Cache-Control"] == "no-store"
    for address in ("/static/0123456789ab/nothing.css", f"/static/0123/{sheet}"):
        assert client.get(address).status_code == 404


def test_the_version_changes_with_any_file(tmp_path):
    from nexuslite.static_files import fingerprint

    (tmp_path / "a.css").write_text("a")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "a.css").write_text("b")
    changed = fingerprint(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first, changed, fingerprint(tmp_path)}) == 3
