"""CSEL, the language of content selectors: a parser and an evaluator. Pure: knows no database.

    expression := conjunction (("||" | "or") conjunction)*
    conjunction := factor (("&&" | "and") factor)*
    factor := "(" expression ")" | variable operator text | text ("==" | "!=") variable
    operator := "==" | "!=" | "=~" | "=^"

`=~` is a regular expression that the whole value has to match, `=^` the beginning of the value.
Patterns are RE2's: their time is linear in the value, and look-around and references back, which
Java has, are refused.

Sources: nexus-public, `CselValidator` and `DatastoreSqlTransformer`; texts and words as JEXL reads
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from accounts.text_spans import EVERYTHING, NOTHING, Span, beginning_with, intersection, union
from nexuslite import regex

COORDINATES = ("groupId", "artifactId", "version", "extension", "classifier", "id")
VARIABLES = ("format", "path", *(f"coordinate.{name}" for name in COORDINATES))
"""What an expression may ask for. Coordinates are Maven's: docker content has none."""

DEEPEST_NESTING = 50

_WORDS = {"and": "&&", "or": "||", "eq": "==", "ne": "!="}
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<operator>==|!=|=~|=\^|&&|\|\||[()])"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)""",
    re.DOTALL,
)
# Halves of surrogate pairs are no characters.
_ESCAPE = re.compile(r"\\(?:u(?P<code>(?![dD][89a-fA-F])[0-9a-fA-F]{4})|(?P<other>.))", re.DOTALL)


class InvalidExpression(ValueError):
    """The text is no expression; the message says what is wrong with it, and where."""


class Expression(Protocol):
    """A condition on a piece of content."""

    def matches(self, variables: Mapping[str, str]) -> bool:
        """Whether content with these values is selected. A variable without a value is no text."""

    def paths(self, content_format: str) -> tuple[Span, ...]:
        """Where the paths of selected content lie: outside of the spans none is selected."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """The expression. Raises `InvalidExpression`."""
    return _Parser(text).parse()


@dataclass(frozen=True, slots=True)
class _AnyOf:
    parts: tuple[Expression, ...]

    def matches(self, variables: Mapping[str, str]) -> bool:
        return any(part.matches(variables) for part in self.parts)

    def paths(self, content_format: str) -> tuple[Span, ...]:
        return union(*(part.paths(content_format) for part in self.parts))


@dataclass(frozen=True, slots=True)
class _AllOf:
    parts: tuple[Expression, ...]

    def matches(self, variables: Mapping[str, str]) -> bool:
        return all(part.matches(variables) for part in self.parts)

    def paths(self, content_format: str) -> tuple[Span, ...]:
        return intersection(*(part.paths(content_format) for part in self.parts))


@dataclass(frozen=True, slots=True)
class _Comparison:
    variable: str
    operator: str
    text: str

    def matches(self, variables: Mapping[str, str]) -> bool:
        value = variables.get(self.variable)
        match self.operator:
            case "==":
                return value == self.text
            case "!=":
                return value != self.text
            case "=^":
                return value is not None and value.startswith(self.text)
            case _:
                return value is not None and regex.matches(self.text, value)

    def paths(self, content_format: str) -> tuple[Span, ...]:
        if self.variable != "path":
            known = {"format": content_format}
            return EVERYTHING if self.matches(known) else NOTHING
        match self.operator:
            case "==":
                return ((self.text, self.text),)
            case "!=":
                return EVERYTHING
            case "=^":
                return beginning_with(self.text)
            case _:
                return (regex.bounds(self.text),)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenize()
        self._next = next(self._tokens)
        self._depth = 0

    def parse(self) -> Expression:
        found = self._expression()
        if self._next.kind != "end":
            raise self._error(f"unexpected {self._shown()}")
        return found

    def _expression(self) -> Expression:
        parts = [self._conjunction()]
        while self._takes("||"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else _AnyOf(tuple(parts))

    def _conjunction(self) -> Expression:
        parts = [self._factor()]
        while self._takes("&&"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else _AllOf(tuple(parts))

    def _factor(self) -> Expression:
        if not self._takes("("):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self._error("parentheses are nested too deeply")
        found = self._expression()
        if not self._takes(")"):
            raise self._error(f"expected ')', not {self._shown()}")
        self._depth -= 1
        return found

    def _comparison(self) -> Expression:
        left = self._operand()
        operator = self._next
        if operator.text not in {"==", "!=", "=~", "=^"} or operator.kind != "operator":
            raise self._error(f"expected one of ==, !=, =~, =^, not {self._shown()}")
        self._advance()
        right = self._operand()
        if left.kind == right.kind:
            raise self._error("expected a variable and a text to compare", operator)
        if left.kind == "text":
            if operator.text in {"=~", "=^"}:
                raise self._error(f"expected a text after {operator.text}", right)
            left, right = right, left
        return self._compared(left.text, operator.text, right)

    def _compared(self, variable: str, operator: str, text: _Token) -> Expression:
        if operator == "=~":
            try:
                regex.check(text.text)
            except regex.InvalidExpression as error:
                raise self._error(f"invalid regular expression: {error}", text) from None
        return _Comparison(variable, operator, text.text)

    def _operand(self) -> _Token:
        found = self._next
        if found.kind == "word":
            if found.text not in VARIABLES:
                names = ", ".join(VARIABLES)
                raise self._error(f"invalid identifier {found.text}, expected one of {names}")
        elif found.kind != "text":
            raise self._error(f"expected a variable or a text, not {self._shown()}")
        self._advance()
        return found

    def _takes(self, operator: str) -> bool:
        if (self._next.kind, self._next.text) != ("operator", operator):
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        self._next = next(self._tokens)

    def _tokenize(self) -> Iterator[_Token]:
        position = 0
        while True:
            while position < len(self._text) and self._text[position].isspace():
                position += 1
            if position == len(self._text):
                yield _Token("end", "", position)
                return
            found = _TOKEN.match(self._text, position)
            if found is None:
                wrong = self._text[position]
                reason = "a text without an end" if wrong in "\"'" else f"unexpected {wrong!r}"
                raise self._error(reason, _Token("", "", position))
            yield self._token(found)
            position = found.end()

    def _token(self, found: re.Match[str]) -> _Token:
        kind, text = str(found.lastgroup), found[0]
        if kind == "word" and text in _WORDS:
            return _Token("operator", _WORDS[text], found.start())
        if kind != "text":
            return _Token(kind, text, found.start())
        content = _unescaped(text[1:-1], text[0])
        token = _Token(kind, content, found.start())
        if '"' in content or "'" in content:
            raise self._error("a text may hold no quotation marks", token)
        return token

    def _shown(self) -> str:
        return "the end" if self._next.kind == "end" else repr(self._next.text)

    def _error(self, reason: str, where: _Token | None = None) -> InvalidExpression:
        before = self._text[: (where or self._next).position]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return InvalidExpression(f"{reason} at line {line} column {column}")


def _unescaped(text: str, quote: str) -> str:
    """The content of a text. A backslash before anything else than below stays, as in JEXL."""

    def character(found: re.Match[str]) -> str:
        if found["code"]:
            return chr(int(found["code"], 16))
        other: str = found["other"]
        return other if other in {"\\", quote} else f"\\{other}"

    return _ESCAPE.sub(character, text)
