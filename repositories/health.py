"""Health checks of repositories: their connectors, their remotes and their blob stores."""

from __future__ import annotations

from django.utils.translation import gettext as _

from nexuslite.health import Check
from repositories.blob_stores import failures_of
from repositories.connector_states import ConnectorReport, connector_reports
from repositories.models import BlobStore
from repositories.records import snapshot
from repositories.remote.blocking import connection_statuses


def checks() -> list[Check]:
    """What an administrator should know of connectors, remotes and blob stores."""
    return [connectors_listening(), remotes_available(), blob_stores_ready()]


def connectors_listening() -> Check:
    """Whether every port that a repository wants is open."""
    reports = connector_reports(snapshot().by_name.values())
    failed = [report for report in reports if report.state == "failed"]
    name = _("Repository Connectors")
    if failed:
        return Check(name, False, " ".join(_failure(report) for report in failed))
    return Check(name, True, _("Connectors: %d. None has failed.") % len(reports))


def _failure(report: ConnectorReport) -> str:
    return _("Port %(port)s of %(repository)s is not open: %(reason)s.") % {
        "port": report.port,
        "repository": report.repository,
        "reason": report.reason,
    }


def remotes_available() -> Check:
    """Whether every remote answered when it was last asked; nothing is asked for this."""
    proxies = [each for each in snapshot().by_name.values() if each.proxy is not None]
    statuses = connection_statuses(proxies)
    problems = [
        f"{each.name}: {statuses[each.id].description}: {statuses[each.id].reason}."
        for each in proxies
        if statuses[each.id].reason
    ]
    name = _("Remote Repositories")
    if problems:
        return Check(name, False, " ".join(problems))
    return Check(name, True, _("Proxy repositories: %d. No remote has failed.") % len(proxies))


def blob_stores_ready() -> Check:
    """Whether every blob store can be used."""
    stores = list(BlobStore.objects.order_by("name"))
    failures = failures_of(stores)
    problems = [
        f"{store.name}: {failures[store.pk]}." for store in stores if failures[store.pk] is not None
    ]
    name = _("Blob Stores Ready")
    if problems:
        return Check(name, False, " ".join(problems))
    return Check(name, True, _("Blob stores: %d. All are ready.") % len(stores))
