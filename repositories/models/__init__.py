"""What is stored: blob stores, repositories, blobs, images, uploads."""

from repositories.models.blob import Blob, ImageBlob
from repositories.models.blob_store import BlobStore
from repositories.models.group import GroupMember
from repositories.models.image import Image, Manifest, ManifestBlob, ManifestChild, Tag
from repositories.models.proxy import ProxySettings
from repositories.models.remote_content import AwaitedContent, RemoteAbsence
from repositories.models.remote_state import RemoteState
from repositories.models.repository import Repository
from repositories.models.routing_rule import RoutingRule
from repositories.models.ssrf_protection import SsrfProtection
from repositories.models.upload import Upload

__all__ = [
    "AwaitedContent",
    "Blob",
    "BlobStore",
    "GroupMember",
    "Image",
    "ImageBlob",
    "Manifest",
    "ManifestBlob",
    "ManifestChild",
    "ProxySettings",
    "RemoteAbsence",
    "RemoteState",
    "Repository",
    "RoutingRule",
    "SsrfProtection",
    "Tag",
    "Upload",
]
