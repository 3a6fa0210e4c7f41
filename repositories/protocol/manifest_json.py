"""Strict and bounded reading of the JSON of manifests.

Whatever bytes come in, the outcome is a value or ManifestInvalid, after bounded time and
memory. Strings that a database cannot store (lone surrogates, NUL) are refused as well.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn, Self

MAX_MANIFEST_SIZE: Final = 4 * 1024 * 1024
"""Bytes; every registry should take at least four megabytes (distribution-spec, end-7)."""
MAX_LIST_LENGTH: Final = 10_000
"""Descriptors in one list; images have some hundred layers at most, artifacts some thousand."""
MAX_TEXT_LENGTH: Final = 255
"""Characters of media types, digests and platform fields; they go into columns."""
MAX_URL_LENGTH: Final = 8192
MAX_SIZE: Final = 2**63 - 1
"""Bytes that a descriptor may claim; the specification's int64."""

_MAX_CONTAINERS = 200_000  # objects and arrays; each costs far more memory than its two bytes
_MAX_INTEGER_DIGITS = 20
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN = 80


class ManifestInvalid(ValueError):
    """The bytes are no manifest; the message says what is wrong and where."""


class ManifestTooLarge(ManifestInvalid):
    """The manifest is larger than MAX_MANIFEST_SIZE."""


def read_object(content: bytes) -> "JSONObject":
    """Read a JSON object. Raises ManifestInvalid or ManifestTooLarge."""
    if len(content) > MAX_MANIFEST_SIZE:
        raise ManifestTooLarge(f"manifest larger than {MAX_MANIFEST_SIZE} bytes")
    if content.count(b"{") + content.count(b"[") > _MAX_CONTAINERS:
        raise ManifestInvalid("manifest has too many values")
    try:
        text = content.decode("utf-8")
        value = _DECODER.decode(text)
        if _SURROGATE_ESCAPE.search(text):
            _refuse_lone_surrogates(value)
    except ManifestInvalid:
        raise
    except RecursionError:
        raise ManifestInvalid("manifest is nested too deeply") from None
    except UnicodeDecodeError:
        raise ManifestInvalid("manifest is not UTF-8") from None
    except ValueError as error:
        raise ManifestInvalid(f"manifest is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ManifestInvalid("manifest is not a JSON object")
    return JSONObject(value, "")


@dataclass(frozen=True, slots=True)
class JSONObject:
    """An object inside a manifest and its place there, for messages.

    Every reader takes null like an absent key, as Go programs write empty lists and maps so,
    and raises ManifestInvalid when the value has another type.
    """

    values: dict[str, object]
    path: str

    def text(self, key: str, max_length: int = MAX_TEXT_LENGTH) -> str:
        """Return a string, empty when absent."""
        value = self.values.get(key)
        return "" if value is None else _text(value, self.place(key), max_length)

    def texts(self, key: str, max_length: int) -> tuple[str, ...]:
        """Return a list of strings, empty when absent."""
        return tuple(
            _text(value, f"{self.place(key)}[{number}]", max_length)
            for number, value in enumerate(self._list(key))
        )

    def text_map(self, key: str) -> dict[str, str]:
        """Return an object of strings of any length, empty when absent."""
        child = self.child(key)
        if child is None:
            return {}
        return {
            _text(name, f"a key of {child.path}"): _text(value, child.place(name))
            for name, value in child.values.items()
        }

    def whole_number(self, key: str, highest: int) -> int | None:
        """Return a number from 0 to the highest, None when absent."""
        value = self.values.get(key)
        if value is None:
            return None
        # A bool is an int to Python but not to JSON.
        if type(value) is not int or not 0 <= value <= highest:
            raise ManifestInvalid(f"{self.place(key)} must be a whole number from 0 to {highest}")
        return value

    def child(self, key: str) -> Self | None:
        """Return an object, None when absent."""
        value = self.values.get(key)
        return None if value is None else self._object(value, self.place(key))

    def children(self, key: str) -> Iterator[Self]:
        """Return a list of objects, empty when absent."""
        for number, value in enumerate(self._list(key)):
            yield self._object(value, f"{self.place(key)}[{number}]")

    def place(self, key: str) -> str:
        """Return where in the manifest a key of this object is, such as ``layers[3].size``."""
        shown = key[:_SHOWN].encode("ascii", "backslashreplace").decode()
        return f"{self.path}.{shown}" if self.path else shown

    def _object(self, value: object, place: str) -> Self:
        if not isinstance(value, dict):
            raise ManifestInvalid(f"{place} must be an object")
        return type(self)(value, place)

    def _list(self, key: str) -> list[object]:
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ManifestInvalid(f"{self.place(key)} must be a list")
        if len(value) > MAX_LIST_LENGTH:
            raise ManifestInvalid(f"{self.place(key)} has more than {MAX_LIST_LENGTH} entries")
        return value


def _text(value: object, place: str, max_length: int = MAX_MANIFEST_SIZE) -> str:
    if not isinstance(value, str):
        raise ManifestInvalid(f"{place} must be a string")
    if len(value) > max_length:
        raise ManifestInvalid(f"{place} is longer than {max_length} characters")
    if "\0" in value:
        raise ManifestInvalid(f"{place} contains a NUL character")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Readers disagree on which of two equal keys counts, so such a manifest means two things.
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ManifestInvalid("manifest has an object with duplicate keys")
    return values


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise ManifestInvalid(f"manifest has a number of more than {_MAX_INTEGER_DIGITS} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ManifestInvalid(f"manifest is not JSON: {name} is not a number")


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ManifestInvalid("manifest has half of a surrogate pair") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=_integer, parse_constant=_refuse_constant
)
