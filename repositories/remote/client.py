"""The client of a remote registry (OCI distribution-spec, "Pull", "Content Discovery")."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote

import httpx

from repositories.protocol import media_types
from repositories.protocol.names import InvalidTag, tag_name
from repositories.remote import documents, network
from repositories.remote.answer import Answer
from repositories.remote.answers import (
    RemoteBlob,
    RemoteLimits,
    RemoteManifest,
    RemotePage,
    RemoteReferrers,
)
from repositories.remote.body import ArrivingBlob
from repositories.remote.errors import InvalidAnswer, RemoteLimited, RemoteUnavailable
from repositories.remote.exchange import Ask, Exchange
from repositories.remote.limits import read_limits
from repositories.remote.origins import foreign_url
from repositories.remote.settings import RemoteSettings

MAX_LIST_ANSWER = 4 * 1024 * 1024
MAX_SEARCH_ANSWER = 1024 * 1024
MAX_REFERRER_PAGES = 20
LONGEST_REST = 60.0
"""Seconds; a remote that asks for a longer rest is asked again now and then nevertheless."""
MANIFEST_TYPES = (
    media_types.OCI_INDEX,
    media_types.OCI_MANIFEST,
    media_types.DOCKER_MANIFEST_LIST,
    media_types.DOCKER_MANIFEST,
)


Kind = Literal["manifests", "blobs", "lists", "searches"]
"""What a remote may limit by itself."""


class RegistryClient:
    """Implements `RemoteRegistry`, whose docstrings say what the methods do."""

    def __init__(self, settings: RemoteSettings, resolve: network.Resolve | None = None) -> None:
        """`resolve` takes the place of the system's resolver. Raises `RemoteUnavailable`."""
        try:
            base = httpx.URL(settings.url)
            if base.scheme not in {"http", "https"} or not base.host:
                raise httpx.InvalidURL("not of the web")
            self._base = base.copy_with(username=None, password=None, query=None, fragment=None)
        except (httpx.InvalidURL, UnicodeError):
            raise RemoteUnavailable("the URL of the remote cannot be used") from None
        try:
            self._exchange = Exchange(settings, resolve or network.resolve)
        except (httpx.InvalidURL, OSError, ValueError):
            raise RemoteUnavailable("the HTTP proxy or the certificates cannot be used") from None
        self._timeout = settings.timeout
        self._limits: RemoteLimits | None = None
        self._rests_until: dict[Kind, float] = {}

    @property
    def limits(self) -> RemoteLimits | None:
        return self._limits

    def manifest(
        self,
        image_name: str,
        reference: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        accept: Iterable[str] = (),
    ) -> RemoteManifest:
        ask = Ask(
            self._url(image_name, "manifests", reference),
            method,
            {"Accept": ", ".join(tuple(accept) or MANIFEST_TYPES)},
            _pull(image_name),
        )
        if method == "HEAD":
            described = self._manifest_head(ask)
            if described is not None:
                return described
        with self._get(ask.by_get(), "manifests") as answer:
            return documents.manifest(answer, reference)

    def open_blob(self, image_name: str, digest: str, *, offset: int = 0) -> RemoteBlob:
        url = self._url(image_name, "blobs", digest)
        return self._open(Ask(url, "GET", _range(offset), _pull(image_name)), offset)

    def head_blob(self, image_name: str, digest: str) -> int | None:
        url = self._url(image_name, "blobs", digest)
        with self._send(Ask(url, "HEAD", scope=_pull(image_name))) as answer:
            if answer.status != 200:
                raise answer.error()
            return answer.length

    def open_url(self, url: str, *, offset: int = 0) -> RemoteBlob:
        ask = Ask(foreign_url(url), "GET", _range(offset), is_anonymous=True)
        return self._open(ask, offset)

    def tags(self, image_name: str, last: str | None = None, n: int | None = None) -> RemotePage:
        url = self._url(image_name, "tags", "list", last=last, n=n)
        with self._get(Ask(url, scope=_pull(image_name)), "lists") as answer:
            names = documents.list_of(answer, "tags", MAX_LIST_ANSWER)
            return RemotePage(
                tuple(filter(_is_tag, names)), documents.next_page(answer) is not None
            )

    def referrers(
        self, image_name: str, digest: str, artifact_type: str | None = None
    ) -> RemoteReferrers:
        url = self._url(image_name, "referrers", digest, artifactType=artifact_type)
        found: list[Mapping[str, Any]] = []
        following: httpx.URL | None = url
        for _ in range(MAX_REFERRER_PAGES):
            with self._get(Ask(url, scope=_pull(image_name)), "lists") as answer:
                entries = documents.list_of(answer, "manifests", MAX_LIST_ANSWER)
                found.extend(entry for entry in entries if isinstance(entry, dict))
                following = documents.next_page(answer)
            if following is None:
                break
            url = following
        # A remote need not filter.
        wanted = (
            entry
            for entry in found
            if artifact_type is None or entry.get("artifactType") == artifact_type
        )
        return RemoteReferrers(tuple(wanted), has_more=following is not None)

    def search(self, index_url: str, query: str, n: int) -> Mapping[str, Any]:
        index = foreign_url(index_url)
        url = _below(index, "/v1/search").copy_merge_params({"q": query, "n": str(n)})
        with self._get(Ask(url), "searches") as answer:
            found = answer.read_json(MAX_SEARCH_ANSWER)
        results = found.get("results")
        if not isinstance(results, list):
            raise InvalidAnswer("the answer of the index is no list of images")
        found["results"] = [entry for entry in results if _is_result(entry)]
        return found

    def ping(self) -> None:
        with self._send(Ask(_below(self._base, "/v2/"))) as answer:
            if answer.status != 200:
                raise answer.error()
            answer.discard()

    def _url(self, image_name: str, *rest: str, **query: object) -> httpx.URL:
        quoted = "/".join(quote(part, safe=":") for part in rest)
        url = _below(self._base, f"/v2/{quote(image_name)}/{quoted}")
        given = {key: str(value) for key, value in query.items() if value is not None}
        return url.copy_merge_params(given) if given else url

    def _send(self, ask: Ask) -> Answer:
        answer = self._exchange.send(ask)
        self._limits = read_limits(answer.headers) or self._limits
        return answer

    def _get(self, ask: Ask, kind: Kind) -> Answer:
        """An answer 200 to a GET whose body is short. Raises the error of any other."""
        answer = self._checked(ask, kind, {200})
        answer.clock.extend(self._timeout)
        return answer

    def _open(self, ask: Ask, offset: int) -> RemoteBlob:
        answer = self._checked(ask, "blobs", {200, 206} if offset else {200})
        try:
            return ArrivingBlob(answer, offset)
        except BaseException:
            answer.close()
            raise

    def _checked(self, ask: Ask, kind: Kind, wanted: set[int]) -> Answer:
        # By kind: Docker Hub limits manifests, and pulls under way still need their blobs.
        rest = self._rests_until.get(kind, 0.0) - time.monotonic()
        if rest > 0:
            raise RemoteLimited("the remote limits our requests", rest)
        answer = self._send(ask)
        if answer.status in wanted:
            return answer
        error = answer.error()
        answer.discard()
        if isinstance(error, RemoteLimited) and error.retry_after:
            self._rests_until[kind] = time.monotonic() + min(error.retry_after, LONGEST_REST)
        raise error

    def _manifest_head(self, ask: Ask) -> RemoteManifest | None:
        """What HEAD says; None when only GET can tell."""
        with self._send(ask) as answer:
            if answer.status == 200:
                return documents.manifest_head(answer)
            error = answer.error()
        # The body of a 404 tells whether a registry said it; HEAD has none.
        is_unclear = answer.status == 404 and not answer.is_surely_of_registry
        if is_unclear or answer.status in {400, 405, 501}:
            return None
        raise error


def _below(base: httpx.URL, path: str) -> httpx.URL:
    prefix = base.raw_path.partition(b"?")[0].rstrip(b"/")
    return base.copy_with(raw_path=prefix + path.encode("ascii"))


def _pull(image_name: str) -> str:
    return f"repository:{image_name}:pull"


def _range(offset: int) -> dict[str, str]:
    return {"Range": f"bytes={offset}-"} if offset else {}


def _is_tag(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(tag_name(name))
    except InvalidTag:
        return False


def _is_result(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)
