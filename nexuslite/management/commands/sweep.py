"""`manage.py sweep`: removes at once what the background process would remove in time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from repositories.lifecycle.sweep import sweep_orphans, sweep_uploads


class Command(BaseCommand):
    """Removes abandoned uploads and what crashes left behind; the server may be running."""

    help = "Remove abandoned uploads and files that a crash left behind."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweeps, and says how much."""
        try:
            swept = sweep_uploads() + sweep_orphans()
        except DatabaseError as error:
            raise CommandError(f"The database is not available: {error}") from None
        self.stdout.write(f"Swept {swept}.")
