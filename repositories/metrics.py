"""Figures of repositories, connectors, remotes and blob stores for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from repositories.blob_stores import figures_of
from repositories.connector_states import connector_reports
from repositories.models import BlobStore
from repositories.records import RepositoryRecord, snapshot
from repositories.remote.blocking import connection_statuses, remote_limits

_GOOD = frozenset({"Ready to Connect", "Remote Available"})


def exposition() -> bytes:
    """All figures in Prometheus's text format. The number of queries is constant."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Repositories())
    return generate_latest(registry)


class _Repositories(Collector):
    """What is read anew at every scrape; nothing lives in the memory of one worker."""

    def collect(self) -> Iterator[Metric]:
        records = list(snapshot().by_name.values())
        yield _repositories(records)
        yield _connectors(records)
        yield from _remotes([record for record in records if record.proxy is not None])
        yield from _blob_stores()


def _repositories(records: list[RepositoryRecord]) -> Metric:
    family = GaugeMetricFamily(
        "nexuslite_repositories", "Repositories by their type.", labels=["type"]
    )
    for kind, count in sorted(Counter(record.type for record in records).items()):
        family.add_metric([kind], count)
    return family


def _connectors(records: list[RepositoryRecord]) -> Metric:
    family = GaugeMetricFamily(
        "nexuslite_connector_open",
        "Whether a repository's port is open.",
        labels=["repository", "scheme", "port"],
    )
    for report in connector_reports(records):
        labels = [report.repository, report.scheme, str(report.port)]
        family.add_metric(labels, float(report.state == "open"))
    return family


def _remotes(proxies: list[RepositoryRecord]) -> Iterator[Metric]:
    labels = ["repository"]
    available = GaugeMetricFamily(
        "nexuslite_remote_available", "Whether a proxy asks its remote.", labels=labels
    )
    limit = GaugeMetricFamily(
        "nexuslite_remote_rate_limit",
        "Pulls that the remote allows in its window (ratelimit-limit).",
        labels=labels,
    )
    remaining = GaugeMetricFamily(
        "nexuslite_remote_rate_remaining",
        "Pulls that the remote said are left (ratelimit-remaining).",
        labels=labels,
    )
    statuses = connection_statuses(proxies)
    for record in proxies:
        available.add_metric([record.name], float(statuses[record.id].description in _GOOD))
        limits = remote_limits(record)
        if limits is not None and limits.limit is not None:
            limit.add_metric([record.name], limits.limit)
        if limits is not None and limits.remaining is not None:
            remaining.add_metric([record.name], limits.remaining)
    yield from (available, limit, remaining)


def _blob_stores() -> Iterator[Metric]:
    labels = ["blob_store"]
    size = GaugeMetricFamily(
        "nexuslite_blob_store_bytes", "Bytes of all blobs in a blob store.", labels=labels
    )
    blobs = GaugeMetricFamily("nexuslite_blob_store_blobs", "Blobs in a blob store.", labels=labels)
    started = GaugeMetricFamily(
        "nexuslite_blob_store_started", "Whether a blob store can be used.", labels=labels
    )
    stores = list(BlobStore.objects.order_by("name"))
    figures = figures_of(stores)
    for store in stores:
        found = figures[store.pk]
        size.add_metric([store.name], found.total_size)
        blobs.add_metric([store.name], found.blob_count)
        started.add_metric([store.name], float(found.failure is None))
    yield from (size, blobs, started)
