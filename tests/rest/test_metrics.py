"""Figures for Prometheus."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from repositories.models import Repository
from repositories.remote import noted_limits
from repositories.remote.answers import RemoteLimits

from .conftest import Rest, hosted_body
from .repository_bodies import proxy_body

METRICS = "/service/metrics/prometheus"


def figures(admin: Rest) -> dict[tuple[str, str], float]:
    """Values by the name of the metric and its first label."""
    answer = admin.get(METRICS)
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_limits_of_remotes_are_exported(admin):
    assert admin.post("repositories/docker/proxy", proxy_body("hub")).status_code == 201
    row = Repository.objects.get(name="hub")
    noted_limits.note(row.pk, RemoteLimits(100, 7, 21600, 0.0))
    found = figures(admin)
    assert found["nexuslite_remote_rate_limit", "hub"] == 100
    assert found["nexuslite_remote_rate_remaining", "hub"] == 7
    assert found["nexuslite_remote_available", "hub"] == 1
    assert found["nexuslite_repositories", "proxy"] == 1


def test_a_remote_that_is_blocked_is_not_available(admin):
    body = proxy_body("hub")
    body["httpClient"]["blocked"] = True
    assert admin.post("repositories/docker/proxy", body).status_code == 201
    assert figures(admin)["nexuslite_remote_available", "hub"] == 0


def test_connectors_and_blob_stores_are_exported(admin):
    assert admin.post("repositories/docker/hosted", hosted_body("own")).status_code == 201
    found = figures(admin)
    assert found["nexuslite_blob_store_started", "default"] == 1
    assert found["nexuslite_blob_store_blobs", "default"] == 0


def test_figures_need_the_privilege_for_metrics(stranger, anonymous):
    assert anonymous.get(METRICS).status_code == 401
    assert stranger.get(METRICS).status_code == 403
