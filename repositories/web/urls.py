"""Routes of the pages of repositories."""

from __future__ import annotations

from django.urls import path

from repositories.web import (
    blob_store_pages,
    browse,
    deletion,
    repository_pages,
    routing_rule_pages,
    search,
    views,
)

REPOSITORIES = "admin/repository/repositories/"
STORES = "admin/repository/blobstores/"
RULES = "admin/repository/routing-rules/"
IMAGE = "browse/<str:name>/<path:image_name>/"

urlpatterns = [
    path("search/", search.search, name="search"),
    path(REPOSITORIES, views.repositories, name="repositories"),
    path(f"{REPOSITORIES}-/create/<str:kind>/", repository_pages.create, name="repository-create"),
    path(f"{REPOSITORIES}-/preview/", repository_pages.preview, name="repository-preview"),
    path(f"{REPOSITORIES}<str:name>/", repository_pages.edit, name="repository-edit"),
    path(f"{REPOSITORIES}<str:name>/-/delete/", repository_pages.delete, name="repository-delete"),
    path(STORES, blob_store_pages.blob_stores, name="blob-stores"),
    path(f"{STORES}-/create/<str:kind>/", blob_store_pages.create, name="blob-store-create"),
    path(f"{STORES}<str:name>/", blob_store_pages.edit, name="blob-store-edit"),
    path(f"{STORES}<str:name>/-/delete/", blob_store_pages.delete, name="blob-store-delete"),
    path(RULES, routing_rule_pages.routing_rules, name="routing-rules"),
    path(f"{RULES}-/create/", routing_rule_pages.create, name="routing-rule-create"),
    path(f"{RULES}-/try/", routing_rule_pages.attempt, name="routing-rule-try"),
    path(f"{RULES}<str:name>/", routing_rule_pages.edit, name="routing-rule-edit"),
    path(f"{RULES}<str:name>/-/delete/", routing_rule_pages.delete, name="routing-rule-delete"),
    path("browse/<str:name>/", views.browse_repository, name="browse-repository"),
    # `-` stands between an image's name, which may have slashes, and what of it is meant.
    path(f"{IMAGE}-/tags/<str:tag_name>/", browse.tag, name="browse-tag"),
    path(f"{IMAGE}-/manifests/<str:digest>/", browse.manifest, name="browse-manifest"),
    path(f"{IMAGE}-/manifests/<str:digest>/raw/", browse.raw_manifest, name="raw-manifest"),
    path(f"{IMAGE}-/delete-tags/", deletion.tags, name="delete-tags"),
    path(f"{IMAGE}-/delete/", deletion.image, name="delete-image"),
    path(IMAGE, browse.image, name="browse-image"),
]
