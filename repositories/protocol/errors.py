"""The errors of the registry API, all in one table (distribution-spec, "Error Codes").

Codes beyond the specification's are Distribution's. Statuses are the specification's where it
names one, else Distribution's (registry/api/errcode).
"""

import json
from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from repositories.protocol.digest import InvalidDigest
from repositories.protocol.manifest_json import ManifestInvalid, ManifestTooLarge
from repositories.protocol.names import InvalidName, InvalidTag
from repositories.protocol.pagination import InvalidPageSize
from repositories.protocol.ranges import InvalidContentRange, UnsatisfiableRange


@unique
class ErrorCode(Enum):
    """An error code: its name goes on the wire, its value is the status and default message."""

    BLOB_UNKNOWN = (404, "blob unknown to registry")
    BLOB_UPLOAD_INVALID = (400, "blob upload invalid")
    BLOB_UPLOAD_UNKNOWN = (404, "blob upload unknown to registry")
    DENIED = (403, "requested access to the resource is denied")
    DIGEST_INVALID = (400, "provided digest did not match uploaded content")
    MANIFEST_BLOB_UNKNOWN = (400, "manifest references a manifest or blob unknown to registry")
    MANIFEST_INVALID = (400, "manifest invalid")
    MANIFEST_UNKNOWN = (404, "manifest unknown")
    MANIFEST_UNVERIFIED = (400, "manifest failed signature verification")
    NAME_INVALID = (400, "invalid repository name")
    NAME_UNKNOWN = (404, "repository name not known to registry")
    PAGINATION_NUMBER_INVALID = (400, "invalid number of results requested")
    RANGE_INVALID = (416, "invalid content range")
    SIZE_INVALID = (400, "provided length did not match content length")
    TAG_INVALID = (400, "manifest tag did not match URI")
    TOOMANYREQUESTS = (429, "too many requests")
    UNAUTHORIZED = (401, "access to the requested resource is not authorized")
    UNAVAILABLE = (503, "service unavailable")
    UNKNOWN = (500, "unknown error")
    UNSUPPORTED = (405, "the operation is unsupported")

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


class RegistryError(Exception):
    """An answer of the registry API that is an error.

    ``detail`` is any JSON value. ``status`` overrides the code's; ``headers`` are added to the
    answer. ``reason`` replaces the HTTP reason phrase, for clients that show nothing else.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str | None = None,
        detail: object = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        self.code = code
        self.message = code.message if message is None else message
        self.detail = detail
        self.status = code.status if status is None else status
        self.headers = dict(headers or {})
        self.reason = reason
        super().__init__(f"{code.name}: {self.message}")

    def body(self) -> bytes:
        """Return the JSON body; its Content-Type must be ``application/json``."""
        error = {"code": self.code.name, "message": self.message, "detail": self.detail}
        return json.dumps({"errors": [error]}, separators=(",", ":")).encode("ascii")


_CODES_OF_VALUE_ERRORS: Final[Mapping[type[ValueError], ErrorCode]] = {
    InvalidDigest: ErrorCode.DIGEST_INVALID,
    InvalidName: ErrorCode.NAME_INVALID,
    InvalidTag: ErrorCode.TAG_INVALID,
    ManifestInvalid: ErrorCode.MANIFEST_INVALID,
    InvalidPageSize: ErrorCode.PAGINATION_NUMBER_INVALID,
    InvalidContentRange: ErrorCode.BLOB_UPLOAD_INVALID,
    UnsatisfiableRange: ErrorCode.RANGE_INVALID,
}
VALUE_ERRORS: Final = tuple(_CODES_OF_VALUE_ERRORS)
"""What the parsers of this package raise; for ``except VALUE_ERRORS as error``."""


def registry_error(error: ValueError) -> RegistryError:
    """Return the answer to bad input that a parser of this package refused with VALUE_ERRORS.

    A manifest that is too large is 413 (distribution-spec, end-7); a 416 names the size of the
    content (RFC 9110 section 15.5.17).
    """
    codes = (code for kind, code in _CODES_OF_VALUE_ERRORS.items() if isinstance(error, kind))
    code = next(codes, ErrorCode.UNKNOWN)
    status = 413 if isinstance(error, ManifestTooLarge) else None
    headers = (
        {"Content-Range": f"bytes */{error.size}"} if isinstance(error, UnsatisfiableRange) else {}
    )
    return RegistryError(code, str(error), status=status, headers=headers)


GROUP_DEPLOYMENT: Final = (
    "Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)
"""Nexus's answer to pushes to a group, word for word."""


def group_deployment() -> RegistryError:
    """A push to a group, as Nexus refuses it without a PRO licence.

    The sentence is the reason phrase as well: containerd and docker's containerd store show that
    and not the body.
    """
    return RegistryError(ErrorCode.DENIED, GROUP_DEPLOYMENT, reason=GROUP_DEPLOYMENT)


def storage_full() -> RegistryError:
    """The disk or the quota is exhausted: 507 (RFC 4918).

    The specification has no code for it; UNAVAILABLE says that a repetition may work later.
    """
    return RegistryError(ErrorCode.UNAVAILABLE, "no space left in the blob store", status=507)


def read_only(repository: str) -> RegistryError:
    """The repository's policy is DENY, with Nexus's text.

    Nexus answers 400 BLOB_UPLOAD_INVALID; DENIED it is because docker gives up at once there
    and tries for 50 seconds with most other codes. Clients show only the message, so the text
    that Nexus puts into the detail stands there.
    """
    return RegistryError(ErrorCode.DENIED, f"Repository is read only: {repository}")


def delete_refused(repository: str, path: str) -> RegistryError:
    """A deletion in a repository whose policy is DENY, with Nexus's text.

    ``path`` is the asset's, such as ``v2/team/app/manifests/1.0``.
    """
    return RegistryError(ErrorCode.DENIED, f"{repository}/{path} cannot be deleted")


def redeploy_refused(repository: str, path: str) -> RegistryError:
    """A tag exists and the policy is ALLOW_ONCE, with Nexus's code and text.

    The message is that of Nexus 3.96 and newer, the detail that of older ones, which scripts
    look for. ``path`` is the asset's, such as ``v2/team/app/manifests/1.0``.
    """
    return RegistryError(
        ErrorCode.BLOB_UPLOAD_INVALID,
        f"{repository}/{path} cannot be updated as asset already exists and "
        "redeploy is not allowed",
        detail=f"Repository does not allow updating assets: {repository}",
    )
