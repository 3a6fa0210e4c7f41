"""Names of images and tags (OCI distribution-spec, "Pulling manifests")."""

import re
from typing import Final

from repositories.protocol.digest import Digest

MAX_IMAGE_NAME_LENGTH: Final = 255
"""Characters; the specification warns of clients that stop there."""
MAX_TAG_LENGTH: Final = 128

# No separator is also a letter of a component, so a match never has a second way to try:
# the time is linear in the text.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_IMAGE_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_SHOWN = 80


class InvalidName(ValueError):
    """The text is no image name."""


class InvalidTag(ValueError):
    """The text is no tag."""


def image_name(text: str) -> str:
    """Return the text if it is an image name such as ``library/alpine``.

    Raises InvalidName.
    """
    if len(text) > MAX_IMAGE_NAME_LENGTH:
        raise InvalidName(f"image name longer than {MAX_IMAGE_NAME_LENGTH} characters")
    if _IMAGE_NAME.fullmatch(text) is None:
        raise InvalidName(f"invalid image name {text[:_SHOWN]!r}")
    return text


def tag_name(text: str) -> str:
    """Return the text if it is a tag. Raises InvalidTag."""
    if _TAG.fullmatch(text) is None:
        raise InvalidTag(f"invalid tag {text[:_SHOWN]!r}")
    return text


def parse_reference(text: str) -> Digest | str:
    """Read the ``<reference>`` of a manifest URL: a digest, or the text of a tag.

    No tag holds a colon and every digest does. Raises InvalidDigest or InvalidTag.
    """
    return Digest.parse(text) if ":" in text else tag_name(text)
