"""Work that one thread of the node does while all others who need it wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nexuslite.database import release_connection
from repositories.blobs import StorageError
from repositories.fetching import failures
from repositories.fetching.arrival import FAILED
from repositories.fetching.fetch_file import ENDED, FetchFile, pauses
from repositories.remote.errors import RemoteError


def once(path: Path, work: Callable[[], None]) -> None:
    """Does the work, or waits while another thread or process does it.

    Who waits looks afterwards at what the work was to bring, and raises what it raised:
    `RemoteError` or `StorageError`. The work must be fit to be done again.
    """
    file = FetchFile(path)
    try:
        for pause in pauses():
            if file.try_to_lead():
                break
            notes = file.notes()
            if FAILED in notes:
                raise failures.failure(notes[FAILED])
            if ENDED in notes or file.is_gone:
                return
            # A crowd that waits must not keep everybody else from the database.
            release_connection()
            time.sleep(pause)
        try:
            work()
        except (RemoteError, StorageError) as error:
            file.end(**{FAILED: failures.note_of(error)})
            raise
        except BaseException:
            file.end()
            raise
        file.end()
    finally:
        file.close()
