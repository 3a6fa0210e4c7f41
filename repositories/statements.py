"""The statements of the push path, written out.

Composing a query costs Django several times what the embedded database takes to run it, and a
push runs a dozen. These few are plain SQL that SQLite and PostgreSQL read alike; everything off
the push path uses the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

_BATCH = 500


def _now() -> str:
    """Database time, as `django.db.models.functions.Now` spells it."""
    if connection.vendor == "postgresql":
        return "STATEMENT_TIMESTAMP()"
    return "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"


def _for_update(alias: str) -> str:
    """Row locks where the database has them; SQLite's writers are alone anyway.

    NO KEY: foreign keys are checked at commit by a share lock on the row referred to, and a
    stronger lock would make pushes that share layers or images wait for each other in a circle.
    """
    return f" FOR NO KEY UPDATE OF {alias}" if connection.vendor == "postgresql" else ""


def _rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _first(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _run(statement: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        changed: int = cursor.rowcount
        return changed


def hold_repository(repository_id: int) -> None:
    """Keeps the repository from being deleted until the end of the transaction.

    The first statement of every transaction that changes its content: a deletion waits for those
    that were before it, and those after it wait while they hold nothing. SQLite's writers are
    alone anyway.
    """
    if connection.vendor == "postgresql":
        _rows("SELECT 1 FROM repositories_repository WHERE id = %s FOR KEY SHARE", [repository_id])


def insert_upload(
    upload_id: UUID,
    repository_id: int,
    image_name: str,
    algorithm: str,
    staging: dict[str, Any],
    started_by: str,
) -> None:
    """Adds an upload session at offset 0."""
    _run(
        "INSERT INTO repositories_upload "
        '(id, repository_id, image_name, algorithm, "offset", staging, started_by) '
        "VALUES (%s, %s, %s, %s, 0, %s, %s)",
        [upload_id.hex, repository_id, image_name, algorithm, json.dumps(staging), started_by],
    )


def find_upload(
    upload_id: UUID, repository_id: int, image_name: str
) -> tuple[str, int, dict[str, Any]] | None:
    """Algorithm, offset and staging of the image's upload session."""
    row = _first(
        'SELECT algorithm, "offset", staging FROM repositories_upload '
        "WHERE id = %s AND repository_id = %s AND image_name = %s",
        [upload_id.hex, repository_id, image_name],
    )
    if row is None:
        return None
    staging = json.loads(row[2]) if isinstance(row[2], str) else row[2]
    return row[0], row[1], staging


def move_upload(upload_id: UUID, old_offset: int, offset: int, staging: dict[str, Any]) -> bool:
    """Records progress; False when the session is gone or has moved meanwhile."""
    changed = _run(
        f'UPDATE repositories_upload SET "offset" = %s, staging = %s, updated = {_now()} '
        'WHERE id = %s AND "offset" = %s',
        [offset, json.dumps(staging), upload_id.hex, old_offset],
    )
    return changed > 0


def delete_upload(upload_id: UUID) -> bool:
    """Removes a session; tells whether it was there."""
    return _run("DELETE FROM repositories_upload WHERE id = %s", [upload_id.hex]) > 0


def claim_blob(store_id: int, digest: str) -> tuple[int, str] | None:
    """Id and storage key of a stored blob, claimed and locked until the end of the transaction."""
    row = _first(
        f"UPDATE repositories_blob SET last_claimed = {_now()} "
        "WHERE blob_store_id = %s AND digest = %s RETURNING id, storage_key",
        [store_id, digest],
    )
    return None if row is None else (row[0], row[1])


def claim_or_insert_blob(
    store_id: int, digest: str, size: int, storage_key: str
) -> tuple[int, str]:
    """Id and storage key of the blob's one row: the one that was there, claimed, or a new one."""
    row = _first(
        "INSERT INTO repositories_blob (blob_store_id, digest, size, storage_key) "
        "VALUES (%s, %s, %s, %s) "
        f"ON CONFLICT (blob_store_id, digest) DO UPDATE SET last_claimed = {_now()} "
        "RETURNING id, storage_key",
        [store_id, digest, size, storage_key],
    )
    assert row is not None
    return row[0], row[1]


def blob_exists(store_id: int, digest: str) -> bool:
    """Whether the store has a row of the blob at this moment."""
    return (
        _first(
            "SELECT 1 FROM repositories_blob WHERE blob_store_id = %s AND digest = %s",
            [store_id, digest],
        )
        is not None
    )


def blob_is_linked(repository_id: int, image_name: str, digest: str) -> bool:
    """Whether the image shows the blob at this moment."""
    return (
        _first(
            "SELECT 1 FROM repositories_imageblob l "
            "JOIN repositories_image i ON i.id = l.image_id "
            "JOIN repositories_blob b ON b.id = l.blob_id "
            "WHERE i.repository_id = %s AND i.name = %s AND b.digest = %s",
            [repository_id, image_name, digest],
        )
        is not None
    )


def image_id(repository_id: int, name: str, *, lock: bool = False) -> int:
    """Id of the image, made when it is new; locked until the end of the transaction if asked."""
    suffix = _for_update("i") if lock else ""
    select = f"SELECT i.id FROM repositories_image i WHERE repository_id = %s AND name = %s{suffix}"
    row = _first(select, [repository_id, name])
    if row is None:
        _run(
            "INSERT INTO repositories_image (repository_id, name) VALUES (%s, %s) "
            "ON CONFLICT DO NOTHING",
            [repository_id, name],
        )
        row = _first(select, [repository_id, name])
    assert row is not None
    found: int = row[0]
    return found


def link_blob(image: int, blob: int) -> None:
    """Lets the image show the blob."""
    _run(
        "INSERT INTO repositories_imageblob (image_id, blob_id) VALUES (%s, %s) "
        "ON CONFLICT DO NOTHING",
        [image, blob],
    )


def claim_blobs_of_image(image: int, digests: Iterable[str]) -> dict[str, int]:
    """Ids by digest of those blobs that the image links to, claimed and locked."""
    found: dict[str, int] = {}
    for batch in _batches(list(digests)):
        marks = ", ".join(["%s"] * len(batch))
        # Locked in one order over all pushes: two of them never wait for each other.
        rows = _rows(
            "SELECT b.id, b.digest FROM repositories_blob b "
            "JOIN repositories_imageblob l ON l.blob_id = b.id "
            f"WHERE l.image_id = %s AND b.digest IN ({marks}) ORDER BY b.id{_for_update('b')}",
            [image, *batch],
        )
        if rows:
            _claim_ids([row[0] for row in rows])
        found.update((digest, blob_id) for blob_id, digest in rows)
    return found


def _claim_ids(ids: list[int]) -> None:
    marks = ", ".join(["%s"] * len(ids))
    _run(f"UPDATE repositories_blob SET last_claimed = {_now()} WHERE id IN ({marks})", ids)


def manifest_ids(image: int, digests: Iterable[str]) -> dict[str, int]:
    """Ids by digest of those manifests that the image holds."""
    found: dict[str, int] = {}
    for batch in _batches(list(digests)):
        marks = ", ".join(["%s"] * len(batch))
        rows = _rows(
            "SELECT digest, id FROM repositories_manifest "
            f"WHERE image_id = %s AND digest IN ({marks})",
            [image, *batch],
        )
        found.update((digest, manifest_id) for digest, manifest_id in rows)
    return found


@dataclass(frozen=True, slots=True)
class NewManifest:
    """The columns of a manifest that is about to be stored."""

    digest: str
    media_type: str
    content: bytes
    artifact_type: str
    subject: str
    annotations: Mapping[str, str]
    pushed_by: str
    created: datetime


def insert_manifest(image: int, manifest: NewManifest) -> int | None:
    """Id of the new row; None when the image holds the digest already."""
    row = _first(
        "INSERT INTO repositories_manifest (image_id, digest, media_type, content, size, "
        "artifact_type, subject, annotations, pushed_by, created) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (image_id, digest) DO NOTHING RETURNING id",
        [
            image,
            manifest.digest,
            manifest.media_type,
            manifest.content,
            len(manifest.content),
            manifest.artifact_type,
            manifest.subject,
            json.dumps(dict(manifest.annotations)),
            manifest.pushed_by,
            connection.ops.adapt_datetimefield_value(manifest.created),
        ],
    )
    return None if row is None else row[0]


def insert_references(manifest: int, blobs: Iterable[int], children: Iterable[int]) -> None:
    """Records what a manifest needs; what is recorded already stays."""
    _insert_pairs("repositories_manifestblob (manifest_id, blob_id)", manifest, blobs)
    _insert_pairs("repositories_manifestchild (index_id, child_id)", manifest, children)


def _insert_pairs(into: str, first: int, seconds: Iterable[int]) -> None:
    for batch in _batches(sorted(set(seconds))):
        marks = ", ".join(["(%s, %s)"] * len(batch))
        _run(
            f"INSERT INTO {into} VALUES {marks} ON CONFLICT DO NOTHING",
            [value for second in batch for value in (first, second)],
        )


def point_tag(image: int, name: str, manifest: int, pushed_by: str) -> int | None:
    """Points the tag at the manifest; returns the manifest it pointed at before, None if new."""
    row = _first(
        "SELECT id, manifest_id FROM repositories_tag WHERE image_id = %s AND name = %s",
        [image, name],
    )
    if row is None:
        _run(
            "INSERT INTO repositories_tag (image_id, name, manifest_id, pushed_by) "
            "VALUES (%s, %s, %s, %s)",
            [image, name, manifest, pushed_by],
        )
        return None
    _run(
        f"UPDATE repositories_tag SET manifest_id = %s, pushed_by = %s, updated = {_now()} "
        "WHERE id = %s",
        [manifest, pushed_by, row[0]],
    )
    before: int = row[1]
    return before


def manifest_digests(ids: Iterable[int]) -> dict[int, str]:
    """Digests by id."""
    found: dict[int, str] = {}
    for batch in _batches(sorted(ids)):
        marks = ", ".join(["%s"] * len(batch))
        rows = _rows(f"SELECT id, digest FROM repositories_manifest WHERE id IN ({marks})", batch)
        found.update(rows)
    return found


def delete_tag(image: int, name: str) -> str | None:
    """Removes the tag; returns the digest that it pointed at, None if there was none."""
    row = _first(
        "DELETE FROM repositories_tag WHERE image_id = %s AND name = %s RETURNING "
        "(SELECT digest FROM repositories_manifest WHERE id = repositories_tag.manifest_id)",
        [image, name],
    )
    return None if row is None else row[0]


def _batches(values: list[Any]) -> Iterable[list[Any]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
