"""What this server is and how it is set up, without secrets."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version

import django
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decisions import application
from nexuslite import __version__
from nexuslite.web.editing import require
from nexuslite.web.pages import page

READ = application("atlas", "read")
_LIBRARIES = ("Django", "djangorestframework", "gunicorn", "httpx", "django-storages")
_SECRET_WORDS = ("PASSWORD", "SECRET", "KEY", "TOKEN", "URL", "PROXY")
_HARMLESS = frozenset({"NEXUSLITE_TRUSTED_PROXIES"})
MASK = "••••••"


@require_safe
def system_information(request: HttpRequest) -> HttpResponse:
    """The page; with `format=json` the same as a file."""
    require(request, READ)
    sections = {
        _("Program"): dict(_program()),
        _("System"): dict(_system()),
        _("Database"): dict(_database()),
        _("Settings"): dict(_settings()),
    }
    if request.GET.get("format") == "json":
        response = JsonResponse(sections)
        response["Content-Disposition"] = 'attachment; filename="system-information.json"'
        return response
    return page(request, "system_information.html", {"sections": sections})


def _program() -> Iterator[tuple[str, str]]:
    yield "nexuslite", __version__
    yield "Python", platform.python_version()
    for library in _LIBRARIES:
        yield library, django.get_version() if library == "Django" else version(library)


def _system() -> Iterator[tuple[str, str]]:
    yield _("Operating system"), platform.platform()
    yield _("Processors"), str(os.cpu_count() or "")
    yield _("Data folder"), str(settings.NEXUSLITE_DATA_DIR)
    usage = shutil.disk_usage(settings.NEXUSLITE_DATA_DIR)
    yield _("Disk"), f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB available"


def _database() -> Iterator[tuple[str, str]]:
    yield _("Engine"), connection.display_name
    with connection.cursor() as cursor:
        question = "SELECT version()" if connection.vendor == "postgresql" else None
        cursor.execute(question or "SELECT sqlite_version()")
        row = cursor.fetchone()
    yield _("Version"), str(row[0]) if row else ""


def _settings() -> Iterator[tuple[str, str]]:
    for name in sorted(dir(settings)):
        if name.startswith("NEXUSLITE_"):
            value = getattr(settings, name)
            yield name, MASK if value and _is_secret(name) else str(value)


def _is_secret(name: str) -> bool:
    # Addresses of proxies and databases may hold passwords.
    return name not in _HARMLESS and any(word in name for word in _SECRET_WORDS)
