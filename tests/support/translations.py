"""Texts marked for translation, and the catalogues of translations; without GNU gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = PROJECT / "templates"
CODE = ("nexuslite", "accounts", "repositories")
_MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}
_READ_ALOUD = {"alt", "aria-label", "placeholder", "title", "data-label", "done", "failed"}
_WORD = re.compile(r"[A-Za-z]{2}")


@dataclass
class Entry:
    """A text of a catalogue: singular, plural, and what stands for it."""

    message: str = ""
    plural: str = ""
    translations: list[str] = field(default_factory=list)
    fuzzy: bool = False


def entries(catalogue: str) -> list[Entry]:
    """The entries of a catalogue's source (`.po`), its head included."""
    return [_entry(block) for block in catalogue.strip().split("\n\n")]


def _entry(block: str) -> Entry:
    entry = Entry()
    texts: dict[str, str] = {}
    keyword = ""
    for line in block.splitlines():
        if line.startswith("#"):
            entry.fuzzy = entry.fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        start = line.index('"')
        keyword = line[:start].strip() or keyword
        texts[keyword] = texts.get(keyword, "") + ast.literal_eval(line[start:])
    entry.message = texts.pop("msgid")
    entry.plural = texts.pop("msgid_plural", "")
    entry.translations = [texts[key] for key in sorted(texts)]
    return entry


def marked_in_code() -> Iterator[str]:
    """Every text that the code marks."""
    for folder in CODE:
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                yield from _marked_by(node)


def _marked_by(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name in _MARKS and node.args and isinstance(node.args[0], ast.Constant):
        yield str(node.args[0].value)


def marked_in_templates() -> Iterator[str]:
    """Every text that a template marks."""
    marks = re.compile(r"\bn?gettext\((?=u?['\"])")
    for path in TEMPLATES.rglob("*.html"):
        source = templatize(path.read_text())
        for mark in marks.finditer(source):
            yield _string_at(source, mark.end())


def _string_at(source: str, start: int) -> str:
    literal = re.compile(r"u?('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")", re.DOTALL)
    found = literal.match(source, start)
    assert found is not None
    return str(ast.literal_eval(found[1]))


class _Bare(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _READ_ALOUD and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data.strip())


def bare_texts(template: str) -> list[str]:
    """The words of a template that a reader sees or hears and that nobody can translate."""
    kept: list[str] = []
    translated = False
    for token in Lexer(template).tokenize():
        if token.token_type == TokenType.BLOCK:
            tag = token.contents.split()[0]
            if tag in ("blocktranslate", "blocktrans"):
                translated = True
            elif tag in ("endblocktranslate", "endblocktrans"):
                translated = False
        elif token.token_type == TokenType.TEXT and not translated:
            kept.append(token.contents)
    parser = _Bare()
    parser.feed("".join(kept))
    return [text for text in parser.found if _WORD.search(text)]
