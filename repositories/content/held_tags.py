"""Tags that a proxy repository holds, and for how long each is believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from repositories.content import remembered
from repositories.content.interface import StoredManifest
from repositories.models import Tag
from repositories.proxy_records import FOREVER, ProxyRecord
from repositories.records import RepositoryRecord

_CLOCK_SKEW_SECONDS = 5.0
_COLUMNS = (
    "manifest__digest",
    "manifest__media_type",
    "manifest__content",
    "manifest__created",
    "checked",
)


@dataclass(frozen=True, slots=True)
class HeldTag:
    """A tag, and when the remote last said that it means this manifest; None to ask again."""

    manifest: StoredManifest
    checked: datetime | None


class HeldTags:
    """The tags of one proxy repository."""

    def __init__(self, repository: RepositoryRecord, proxy: ProxyRecord) -> None:
        self._repository = repository
        self._proxy = proxy

    def find(self, image_name: str, tag: str) -> HeldTag | None:
        """The tag as it is held: remembered while it is fresh, else one query."""

        def load() -> HeldTag | None:
            row = (
                Tag.objects.filter(
                    image__repository_id=self._repository.id, image__name=image_name, name=tag
                )
                .values_list(*_COLUMNS)
                .first()
            )
            if row is None:
                return None
            return HeldTag(StoredManifest(row[0], row[1], bytes(row[2]), row[3]), row[4])

        # One that is old may have been asked for by another worker since this one looked.
        return remembered.lookup(
            self._repository,
            ("held tag", image_name, tag),
            load,
            lambda found: len(found.manifest.content),
            self.is_fresh,
        )

    def is_fresh(self, held: HeldTag) -> bool:
        """Whether the tag is believed without asking the remote."""
        left = self._seconds_left(held)
        return left is None or left > 0

    def with_age(self, held: HeldTag) -> StoredManifest:
        """The manifest, told for how long the tag is believed."""
        return replace(held.manifest, fresh_seconds=self._seconds_left(held))

    def _seconds_left(self, held: HeldTag) -> float | None:
        """For how long the tag is still believed; None for ever."""
        if held.checked is None:
            return 0.0
        if self._proxy.metadata_max_age == FOREVER:
            return None
        age = (timezone.now() - held.checked).total_seconds()
        most = self._proxy.metadata_max_age * 60.0
        # Checked in the future: the clock was set back, and nobody knows how old it is.
        return most - max(age, 0.0) if age > -_CLOCK_SKEW_SECONDS else 0.0
