"""Where the bytes of a blob come from."""

from __future__ import annotations

from collections.abc import Sequence

from repositories.fetching.leading import BlobWanted
from repositories.protocol.digest import Digest
from repositories.records import RepositoryRecord
from repositories.remote.answers import RemoteBlob
from repositories.remote.errors import AddressRefused, RemoteNotFound, RemoteUnavailable
from repositories.remote.registry import RemoteRegistry


def blob_wanted(
    repository: RepositoryRecord,
    image_name: str,
    digest: Digest,
    size: int | None,
    remote_name: str,
) -> BlobWanted:
    """A blob of the remote itself."""

    def open_blob(remote: RemoteRegistry, offset: int) -> RemoteBlob:
        return remote.open_blob(remote_name, str(digest), offset=offset)

    return BlobWanted(repository, image_name, digest, size, open_blob)


def foreign_layer_wanted(
    repository: RepositoryRecord,
    image_name: str,
    digest: Digest,
    size: int | None,
    urls: Sequence[str],
) -> BlobWanted:
    """A layer that its manifest says to be elsewhere; the first URL that answers gives it."""

    def open_url(remote: RemoteRegistry, offset: int) -> RemoteBlob:
        for url in urls[:-1]:
            try:
                return remote.open_url(url, offset=offset)
            except (AddressRefused, RemoteNotFound, RemoteUnavailable):
                continue
        return remote.open_url(urls[-1], offset=offset)

    return BlobWanted(repository, image_name, digest, size, open_url, is_foreign=True)
