"""`/service/rest/v1/blobstores`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.decisions import application
from nexuslite.rest.views import RestView
from repositories.actions.create_blob_store import create_blob_store
from repositories.actions.delete_blob_store import delete_blob_store
from repositories.actions.update_blob_store import update_blob_store
from repositories.api import representations, serializers
from repositories.blob_stores import figures_of, find_blob_store, quota_status
from repositories.models import BlobStore
from repositories.models.blob_store import BlobStoreType

READ = application("blobstores", "read")


class BlobStores(RestView):
    """All blob stores with their figures."""

    def get(self, request: Request) -> Response:
        """200 with the list, by name."""
        self.require(READ)
        stores = list(BlobStore.objects.order_by("name"))
        figures = figures_of(stores)
        return Response(
            [representations.blob_store_item(store, figures[store.pk]) for store in stores]
        )


class AnyBlobStore(RestView):
    """One blob store of any type."""

    def delete(self, request: Request, name: str) -> Response:
        """204."""
        delete_blob_store(self.principal, name)
        return Response(status=204)


class QuotaStatus(RestView):
    """How a blob store stands to its soft quota."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the sentence."""
        self.require(READ)
        store = find_blob_store(name)
        return Response(representations.quota_result(store, quota_status(store)))


class FileBlobStores(RestView):
    """Blob stores of type File."""

    def post(self, request: Request) -> Response:
        """204: made."""
        values = self.valid_body(serializers.FileBlobStoreSerializer)
        create_blob_store(self.principal, serializers.file_settings(values["name"], values))
        return Response(status=204)

    def delete(self, request: Request) -> Response:
        """204: the blob store that is called `file`, whose address this is as well."""
        delete_blob_store(self.principal, "file")
        return Response(status=204)


class FileBlobStore(RestView):
    """One blob store of type File."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the settings."""
        self.require(READ)
        store = find_blob_store(name, BlobStoreType.FILE)
        return Response(representations.file_blob_store(store))

    def put(self, request: Request, name: str) -> Response:
        """204: changed."""
        values = self.valid_body(serializers.FileBlobStoreUpdateSerializer)
        update_blob_store(self.principal, serializers.file_settings(name, values))
        return Response(status=204)


class S3BlobStores(RestView):
    """Blob stores of type S3."""

    def post(self, request: Request) -> Response:
        """201: made."""
        values = self.valid_body(serializers.S3BlobStoreSerializer)
        create_blob_store(self.principal, serializers.s3_settings(values["name"], values))
        return Response(status=201)

    def delete(self, request: Request) -> Response:
        """204: the blob store that is called `s3`, whose address this is as well."""
        delete_blob_store(self.principal, "s3")
        return Response(status=204)


class S3BlobStore(RestView):
    """One blob store of type S3."""

    def get(self, request: Request, name: str) -> Response:
        """200 with the settings; a placeholder stands for secrets."""
        self.require(READ)
        store = find_blob_store(name, BlobStoreType.S3)
        return Response(representations.s3_blob_store(store))

    def put(self, request: Request, name: str) -> Response:
        """204: changed; a placeholder keeps the secret."""
        values = self.valid_body(serializers.S3BlobStoreUpdateSerializer)
        update_blob_store(self.principal, serializers.s3_settings(name, values))
        return Response(status=204)
