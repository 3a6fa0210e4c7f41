"""What is stored: blob stores, repositories, blobs, images, uploads."""

from repositories.models.blob import Blob, ImageBlob
from repositories.models.blob_store import BlobStore
from repositories.models.image import Image, Manifest, ManifestBlob, ManifestChild, Tag
from repositories.models.repository import Repository
from repositories.models.upload import Upload

__all__ = [
    "Blob",
    "BlobStore",
    "Image",
    "ImageBlob",
    "Manifest",
    "ManifestBlob",
    "ManifestChild",
    "Repository",
    "Tag",
    "Upload",
]
