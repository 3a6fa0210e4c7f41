"""What the remote said 404 of, believed for a while (Nexus, "Not found cache").

Only a true 404 of a registry is noted; any other failure leaves the question open.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from nexuslite.database import relaxed_transaction
from repositories.models import RemoteAbsence
from repositories.protocol.manifest import ParsedManifest
from repositories.records import RepositoryRecord

MOST_ABSENCES = 10_000
"""Rows of a repository; asking for what does not exist must not fill the database."""
_FOREVER = timedelta(days=36500)
_TRIM_EVERY = 100
_BATCH = 500


def is_noted(repository: RepositoryRecord, path: str) -> bool:
    """Whether the remote said 404 not long ago."""
    proxy = repository.proxy
    if proxy is None or not proxy.negative_cache_enabled:
        return False
    return RemoteAbsence.objects.filter(
        repository_id=repository.id, path=path, until__gt=Now()
    ).exists()


def note(repository: RepositoryRecord, path: str) -> None:
    """Notes a 404, if the repository remembers them."""
    proxy = repository.proxy
    if proxy is None or not proxy.negative_cache_enabled or not proxy.negative_cache_minutes:
        return
    minutes = proxy.negative_cache_minutes
    lifetime = timedelta(minutes=minutes) if minutes > 0 else _FOREVER
    with relaxed_transaction():
        row, _ = RemoteAbsence.objects.update_or_create(
            repository_id=repository.id, path=path, defaults={"until": Now() + lifetime}
        )
        if row.pk % _TRIM_EVERY == 0:
            _trim(repository)


def forget(repository_id: int) -> None:
    """Forgets all that was noted; part of a transaction."""
    RemoteAbsence.objects.filter(repository_id=repository_id).delete()


def forget_named(repository: RepositoryRecord, image_name: str, parsed: ParsedManifest) -> None:
    """Forgets what was noted of the things that a manifest names; part of a transaction.

    Somebody may have looked for them before they were pushed, as docker does for every layer.
    """
    blobs = [each.digest for each in (parsed.config, *parsed.layers) if each is not None]
    paths = [f"{image_name}/blobs/{digest}" for digest in blobs]
    paths += [f"{image_name}/manifests/{each.digest}" for each in parsed.children]
    for start in range(0, len(paths), _BATCH):
        RemoteAbsence.objects.filter(
            repository_id=repository.id, path__in=paths[start : start + _BATCH]
        ).delete()


def _trim(repository: RepositoryRecord) -> None:
    rows = RemoteAbsence.objects.filter(repository_id=repository.id)
    rows.filter(until__lte=Now()).delete()
    oldest_kept = rows.order_by("-pk").values_list("pk", flat=True)[MOST_ABSENCES:].first()
    if oldest_kept is not None:
        rows.filter(pk__lte=oldest_kept).delete()
