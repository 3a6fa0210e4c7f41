"""Routes of the pages of repositories."""

from __future__ import annotations

from django.urls import path

from repositories.web import browse, deletion, views

IMAGE = "browse/<str:name>/<path:image_name>/"

urlpatterns = [
    path("admin/repository/repositories/", views.repositories, name="repositories"),
    path("browse/<str:name>/", views.browse_repository, name="browse-repository"),
    # `-` stands between an image's name, which may have slashes, and what of it is meant.
    path(f"{IMAGE}-/tags/<str:tag_name>/", browse.tag, name="browse-tag"),
    path(f"{IMAGE}-/manifests/<str:digest>/", browse.manifest, name="browse-manifest"),
    path(f"{IMAGE}-/manifests/<str:digest>/raw/", browse.raw_manifest, name="raw-manifest"),
    path(f"{IMAGE}-/delete-tags/", deletion.tags, name="delete-tags"),
    path(f"{IMAGE}-/delete/", deletion.image, name="delete-image"),
    path(IMAGE, browse.image, name="browse-image"),
]
