"""Fields of request bodies that the serializers of all apps use.

As Nexus does, numbers and booleans are also taken from texts, and unknown fields are ignored.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

LONGEST_TEXT = 4096

Values = dict[str, Any]
"""What a serializer has read."""


class Text(serializers.CharField):
    """A text as it was sent, spaces and all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "max_length": LONGEST_TEXT, **options})


def optional_text() -> Text:
    """A text that may be missing, null or empty."""
    return Text(required=False, allow_null=True, allow_blank=True, default=None)


def optional_integer() -> serializers.IntegerField:
    """A whole number that may be missing or null."""
    return serializers.IntegerField(required=False, allow_null=True, default=None)


def optional_boolean() -> serializers.BooleanField:
    """A boolean that may be missing or null."""
    return serializers.BooleanField(required=False, allow_null=True, default=None)


def texts(most: int, **options: Any) -> serializers.ListField:
    """A list of texts, at most so many."""
    return serializers.ListField(child=Text(), max_length=most, **options)
