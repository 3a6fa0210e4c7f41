"""Manifests and lists out of the answers of a remote."""

from __future__ import annotations

import re
from typing import Any

import httpx

from repositories.protocol.digest import Digest, InvalidDigest
from repositories.protocol.manifest_json import MAX_MANIFEST_SIZE
from repositories.remote.answer import Answer
from repositories.remote.answers import RemoteManifest
from repositories.remote.errors import AddressRefused, InvalidAnswer
from repositories.remote.origins import origin_of, web_url

_NEXT = re.compile(r"<([^<>]*)>[^,<>]*;\s*rel=\"?next\"?", re.IGNORECASE)


def manifest_head(answer: Answer) -> RemoteManifest | None:
    """What an answer to HEAD says of a manifest; None when it says too little to be of use."""
    digest = named_digest(answer)
    if digest is None or not answer.is_surely_of_registry:
        return None
    return RemoteManifest(answer.media_type, str(digest), None, answer.length)


def manifest(answer: Answer, reference: str) -> RemoteManifest:
    """The manifest in an answer, verified. Raises `InvalidAnswer` for anything else."""
    content = answer.read(MAX_MANIFEST_SIZE)
    if answer.media_type.lower() == "text/html" or not content.lstrip()[:1] == b"{":
        raise InvalidAnswer("the remote sends something else than a manifest")
    named = named_digest(answer)
    wanted = Digest.parse(reference) if ":" in reference else named
    if wanted is None:
        digest = Digest.of(content)
    else:
        digest = Digest.of(content, wanted.algorithm)
        if digest != wanted:
            raise InvalidAnswer("the manifest of the remote does not match its digest")
    return RemoteManifest(answer.media_type, str(digest), content, len(content))


def named_digest(answer: Answer) -> Digest | None:
    """Docker-Content-Digest, if it is a digest that can be verified."""
    try:
        return Digest.parse(answer.headers.get("docker-content-digest", ""))
    except InvalidDigest:
        return None


def list_of(answer: Answer, key: str, limit: int) -> list[Any]:
    """A list in a JSON answer; an absent one, or null, is empty. Raises `RemoteUnavailable`."""
    listed = answer.read_json(limit).get(key)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise InvalidAnswer("the list of the remote is not one")
    return listed


def next_page(answer: Answer) -> httpx.URL | None:
    """Where the list goes on (`Link: <...>; rel="next"`); never on another host."""
    match = _NEXT.search(answer.headers.get("link", "")[:8192])
    if match is None:
        return None
    try:
        url = web_url(match[1], answer.url)
    except (InvalidAnswer, AddressRefused):
        return None
    return url if origin_of(url) == origin_of(answer.url) else None
