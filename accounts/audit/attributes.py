"""What an event tells beside its name: values before and after, without secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Model

from accounts.names import can_be_stored
from nexuslite.secrets import is_encrypted

MASK = "********"
"""Stands for a secret; before and after it tells that the secret was changed."""

Attributes = dict[str, Any]

_SECRET_NAME = re.compile(r"password|passphrase|secret|credentials?$|token$|private_?key", re.I)
_USER_OF_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_LONGEST_TEXT = 8192


def values_of(row: Model, *, without: Collection[str] = ()) -> Attributes:
    """The columns of a row but for its key: what is added to it later is told of as well."""
    return {
        column.attname: getattr(row, column.attname)
        for column in row._meta.concrete_fields
        if not column.primary_key and column.attname not in without
    }


def created(after: Mapping[str, Any]) -> Attributes:
    """The attributes of something that was made."""
    return {"after": dict(after)}


def deleted(before: Mapping[str, Any]) -> Attributes:
    """The attributes of something that is gone."""
    return {"before": dict(before)}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Attributes:
    """The fields that differ, as they were and as they are; both empty when nothing did."""
    old: Attributes = {}
    new: Attributes = {}
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            nested = changes(was, now)
            old[name], new[name] = nested["before"], nested["after"]
        else:
            old[name], new[name] = was, now
    return {"before": old, "after": new}


def presentable(value: Any) -> Any:
    """The value as JSON can hold it and everybody who reads the audit may see it."""
    if isinstance(value, Mapping):
        return {
            storable(str(name)): _masked(each) if _SECRET_NAME.search(str(name)) else each_of(each)
            for name, each in value.items()
        }
    return each_of(value)


def each_of(value: Any) -> Any:
    """As `presentable`, for what has no name."""
    if isinstance(value, Mapping):
        return presentable(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [each_of(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _text(str(value))


def storable(text: str, longest: int = _LONGEST_TEXT) -> str:
    """The text, cut, and with escapes for what databases refuse."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    if can_be_stored(text):
        return text
    escaped = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return escaped[:longest]


def _masked(value: Any) -> Any:
    # Whether there was a secret at all is worth knowing; a flag or a number is none.
    if isinstance(value, Mapping):
        return presentable(value)
    return MASK if value and not isinstance(value, bool | int) else value


def _text(text: str) -> str:
    if is_encrypted(text):
        return MASK
    return storable(_USER_OF_URL.sub(MASK, text) if "://" in text else text)
