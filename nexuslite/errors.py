"""What an action of the administrator may refuse; REST and the web UI show it each in its way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WHOLE_REQUEST = "*"
"""The id of an error that belongs to no single field, as Nexus writes it."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One sentence about one field. `id` is its path in REST's JSON, such as `docker.httpPort`."""

    id: str
    message: str


class ValidationError(Exception):
    """What was sent cannot be accepted as it is. Answered with 400 and all the errors."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.id}: {error.message}" for error in self.errors))


class OperationRefused(Exception):
    """The operation cannot be done in the state things are in. Answered with 400."""


class NotFound(Exception):
    """What the operation is about does not exist. Answered with 404."""


class Conflict(Exception):
    """What was sent contradicts itself. Answered with 409."""
