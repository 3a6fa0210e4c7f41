"""`GET /v2/<name>/referrers/<digest>`."""

from __future__ import annotations

from repositories.docker.namespaces import content_for
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, json_response
from repositories.docker.views.pages import kept_parameters, page_of, with_link
from repositories.protocol.digest import Digest
from repositories.protocol.media_types import OCI_INDEX


def list_referrers(request: RegistryRequest) -> RegistryResponse:
    """An index of the manifests whose subject is the digest; empty for one that nobody knows.

    Never 404 (distribution-spec, "Listing Referrers"). Manifests that a client listed in a
    tag-schema index before it met this API are found by their own subject as well.
    """
    subject = Digest.parse(request.target)
    # No manifest holds a NUL, and databases refuse one in a question.
    artifact_type = (request.parameter("artifactType") or "").replace("\0", "\ufffd")
    page = page_of(request)
    descriptors, more = content_for(request).referrers(
        request.image_name, str(subject), artifact_type, page
    )
    response = json_response(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [descriptor.to_json() for descriptor in descriptors],
        }
    )
    response.headers[0] = ("Content-Type", OCI_INDEX)
    extra = kept_parameters(request)
    if artifact_type:
        response.headers.append(("OCI-Filters-Applied", "artifactType"))
        extra["artifactType"] = artifact_type
    path = request.path_to("referrers", str(subject))
    digests = [descriptor.digest for descriptor in descriptors]
    return with_link(response, path, page, digests, more, extra)
