"""Routes of repositories and blob stores, below `/service/rest/<version>/`."""

from __future__ import annotations

from django.urls import path

from repositories.api import (
    blob_store_views,
    component_views,
    repository_views,
    routing_rule_views,
    ssrf_protection_views,
)

urlpatterns = [
    path("blobstores", blob_store_views.BlobStores.as_view()),
    path("blobstores/<str:name>/quota-status", blob_store_views.QuotaStatus.as_view()),
    path("blobstores/file", blob_store_views.FileBlobStores.as_view()),
    path("blobstores/file/<str:name>", blob_store_views.FileBlobStore.as_view()),
    path("blobstores/s3", blob_store_views.S3BlobStores.as_view()),
    path("blobstores/s3/<str:name>", blob_store_views.S3BlobStore.as_view()),
    path("blobstores/<str:name>", blob_store_views.AnyBlobStore.as_view()),
    path("components", component_views.Components.as_view()),
    path("components/<str:component_id>", component_views.OneComponent.as_view()),
    path("repositories", repository_views.Repositories.as_view()),
    path("repositories/docker/hosted", repository_views.HostedRepositories.as_view()),
    path("repositories/docker/hosted/<str:name>", repository_views.HostedRepository.as_view()),
    path("repositories/docker/proxy", repository_views.ProxyRepositories.as_view()),
    path("repositories/docker/proxy/<str:name>", repository_views.ProxyRepository.as_view()),
    path("repositories/docker/group", repository_views.GroupRepositories.as_view()),
    path("repositories/docker/group/<str:name>", repository_views.GroupRepository.as_view()),
    path("repositories/<str:name>/connectors", repository_views.Connectors.as_view()),
    path("repositories/<str:name>/invalidate-cache", repository_views.InvalidateCache.as_view()),
    path("repositories/<str:name>/status", repository_views.ConnectionStatus.as_view()),
    path("repositories/<str:name>", repository_views.AnyRepository.as_view()),
    path("repositorySettings", repository_views.RepositorySettings.as_view()),
    path("routing-rules", routing_rule_views.RoutingRules.as_view()),
    path("routing-rules/<str:name>", routing_rule_views.OneRoutingRule.as_view()),
    path("security/ssrf-protection", ssrf_protection_views.SsrfProtectionSetting.as_view()),
]
