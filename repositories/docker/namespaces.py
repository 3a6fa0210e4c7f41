"""The `ns` parameter of requests to a mirror, and what of a repository answers them."""

from __future__ import annotations

import re

from repositories.content import Content, content_of
from repositories.content.namespaces import for_namespace
from repositories.docker.request import RegistryRequest
from repositories.models.repository import RepositoryType
from repositories.protocol.errors import ErrorCode, RegistryError

HEADER = "OCI-Namespace"
_HOST = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


def namespace_of(request: RegistryRequest) -> str | None:
    """The registry that the client means; None when it names none or the repository is hosted."""
    if request.repository.type == RepositoryType.HOSTED:
        return None
    named = request.parameter("ns") if request.environ.get("QUERY_STRING") else None
    return named if named and _HOST.fullmatch(named) else None


def content_for(request: RegistryRequest) -> Content:
    """The content that may answer the request. Raises `NAME_UNKNOWN` when none may."""
    namespace = namespace_of(request)
    if namespace is None:
        return content_of(request.repository)
    repository = for_namespace(request.repository, namespace)
    if repository is None:
        raise RegistryError(ErrorCode.NAME_UNKNOWN, detail={"namespace": namespace})
    return content_of(repository)
