"""Fetching a blob: once for each node, read by all who ask while it arrives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from nexuslite.database import release_connection
from repositories.blobs import Staging, StagingLost
from repositories.fetching import failures
from repositories.fetching.arrival import FAILED, SIZE, STAGING, Arrival
from repositories.fetching.fetch_file import ENDED, FetchFile, pauses
from repositories.fetching.landing import landing_of
from repositories.fetching.leading import IMAGE, LEADER, BlobWanted, lead_if_nobody_does
from repositories.remote.errors import RemoteNotFound, RemoteRefused

_ASK_FOR_LEADER_SECONDS = 0.25


def follow(wanted: BlobWanted, prove: Callable[[], object]) -> Arrival | None:
    """What arrives, once the remote has begun to send; None when there is a reason to look again.

    `prove` raises unless the remote shows the blob under the image's name; it is called when the
    blob is on its way under another name. Raises what the leader met: `RemoteError`,
    `StorageError`.
    """
    file = FetchFile(wanted.path)
    try:
        staged = _await_first_bytes(wanted, file)
    except BaseException:
        file.close()
        raise
    if staged is None:
        file.close()
        return None
    take_over = lambda: lead_if_nobody_does(wanted, file)  # noqa: E731
    arrival = Arrival(str(wanted.digest), file, staged, take_over)
    try:
        _join(wanted, file, prove)
    except BaseException:
        arrival.close()
        raise
    return arrival


def _await_first_bytes(wanted: BlobWanted, file: FetchFile) -> BinaryIO | None:
    landing = landing_of(wanted.repository.store)
    next_ask = 0.0
    for pause in pauses():
        notes = file.notes()
        if FAILED in notes:
            error = failures.failure(notes[FAILED])
            of_name = isinstance(error, (RemoteNotFound, RemoteRefused))
            if of_name and notes[LEADER] != wanted.image_name:
                # Of one image's name it says nothing about another's.
                return None
            raise error
        if ENDED in notes:
            return None
        if notes.get(SIZE) is not None:
            with suppress(StagingLost):
                staged = landing.open_staged(Staging.from_json(notes[STAGING]))
                if notes[SIZE] == 0 or os.fstat(staged.fileno()).st_size:
                    return staged
                staged.close()
        if file.is_gone:
            return None
        if time.monotonic() >= next_ask:
            lead_if_nobody_does(wanted, file)
            next_ask = time.monotonic() + _ASK_FOR_LEADER_SECONDS
        # A crowd that waits must not keep everybody else from the database.
        release_connection()
        time.sleep(pause)
    return None


def _join(wanted: BlobWanted, file: FetchFile, prove: Callable[[], object]) -> None:
    notes = file.notes()
    name = IMAGE + wanted.image_name
    if notes[LEADER] != wanted.image_name and name not in notes:
        prove()
        file.note(**{name: True})
