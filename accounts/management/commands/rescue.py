"""`manage.py rescue`: a new admin password and the default realms, without the server."""

from __future__ import annotations

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.actions.rescue import rescue
from accounts.errors import InvalidPassword


class Command(BaseCommand):
    """Asks for the password on a terminal; elsewhere makes one up and prints it once."""

    help = "Resets the password of admin and the active realms. The server may be running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The ways to give the password."""
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        source.add_argument("--random", action="store_true", help="make up a password, print it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Resets, and says so."""
        made_up = None
        if options["password_stdin"]:
            password = sys.stdin.read().rstrip("\r\n")
        elif options["random"] or not sys.stdin.isatty():
            password = made_up = secrets.token_urlsafe(18)
        else:
            password = _ask_twice()
        try:
            rescue(password)
        except InvalidPassword as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be changed: {error}") from None
        self.stdout.write("The password of admin and the active realms have been reset.")
        if made_up:
            self.stdout.write(f"Password of admin: {made_up}")


def _ask_twice() -> str:
    password = getpass.getpass("New password of admin: ")
    if getpass.getpass("Again: ") != password:
        raise CommandError("The two passwords differ.")
    return password
