"""Whatever people and remotes write, a browser takes it for text.

Fault 29. Every page that an administrator can reach by links is looked at, so that a page that is
new cannot be forgotten.
"""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from accounts.models import Privilege, Role, User
from nexuslite import stamps
from nexuslite.server.connectors import ConnectorState, write_states
from repositories.connectors import connector_id
from repositories.models import BlobStore, Repository
from repositories.models.proxy import ProxySettings
from repositories.models.remote_state import RemoteCondition, RemoteState
from repositories.protocol.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.support.manifests import artifact, descriptor, image_manifest, index
from tests.support.registry import RegistryClient, digest_of

EVIL = (
    "'\"></textarea></title></script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
)
LINK = "javascript:alert(3)"
SOME = 5
SHORT = "\"'><svg onload=alert(4)>"


class Page(HTMLParser):
    """What a browser would run, load or follow on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.bad: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._in_script = tag == "script"
        if tag == "script" and not attributes.get("src", "").startswith("/static/"):
            self.bad.append(f"a script from {attributes.get('src')}")
        for name, value in attributes.items():
            if name.startswith("on") or name == "style" or name == "srcdoc":
                self.bad.append(f"{name}={value}")
            if name in {"href", "src", "action", "formaction"} and _runs(value):
                self.bad.append(f"{name}={value}")
        if tag in {"iframe", "object", "embed", "base", "style"}:
            self.bad.append(tag)
        if tag == "img" and attributes.get("src") == "x":
            self.bad.append("the attacker's picture")
        if tag == "a":
            self.links.append(attributes.get("href", ""))

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.bad.append(f"an inline script: {data[:40]}")
        self._in_script = False


def _runs(address: str) -> bool:
    scheme = address.strip().lower().partition(":")[0]
    return scheme in {"javascript", "data", "vbscript"}


@pytest.fixture
def admin() -> Client:
    browser = Client(headers={"host": "registry.example:8081"})
    values = {"username": "admin", "password": "admin-password"}
    assert browser.post("/sign-in/", values).status_code == 302
    return browser


def push_hostile_image(client: RegistryClient) -> None:
    run = {
        "Labels": {EVIL: EVIL, "org.opencontainers.image.url": LINK, "link": LINK},
        "Env": [f"A={EVIL}"],
        "Entrypoint": [EVIL],
        "Cmd": [EVIL],
        "WorkingDir": EVIL,
        "User": EVIL,
        "ExposedPorts": {EVIL: {}},
        "Volumes": {EVIL: {}},
        "StopSignal": EVIL,
        "Healthcheck": {"Test": [EVIL]},
    }
    history = [{"created_by": EVIL, "author": EVIL, "comment": EVIL, "created": EVIL}]
    document = {"architecture": EVIL, "os": EVIL, "author": EVIL, "created": EVIL}
    config = json.dumps({**document, "variant": EVIL, "config": run, "history": history}).encode()
    annotations = {
        EVIL: EVIL,
        "org.opencontainers.image.url": LINK,
        "org.opencontainers.image.source": LINK,
        "org.opencontainers.image.title": EVIL,
        "org.opencontainers.image.description": EVIL,
    }
    for content in (config, b"layer", b"{}"):
        client.push_blob("app", content)
    layer = descriptor(b"layer", OCI_LAYER_GZIP, annotations=annotations, urls=[LINK])
    manifest = image_manifest(
        descriptor(config, OCI_CONFIG), [layer], annotations=annotations, artifactType="a/b"
    )
    client.put_manifest("app", "1", manifest, OCI_MANIFEST).expect(201)
    platform = {"architecture": EVIL, "os": EVIL, "variant": EVIL, "os.version": EVIL}
    child = descriptor(manifest, OCI_MANIFEST, platform=platform, annotations=annotations)
    client.put_manifest(
        "app", "2", index(child, annotations=annotations), "application/vnd.oci.image.index.v1+json"
    ).expect(201)
    referrer = artifact(
        descriptor(manifest, OCI_MANIFEST), "application/x.evil", annotations=annotations
    )
    client.put_manifest("app", digest_of(referrer), referrer, OCI_MANIFEST).expect(201)


@pytest.fixture
def hostile_world(images, hosted, settings, tmp_path) -> None:
    """Hostile text wherever somebody else than the administrator can put some."""
    settings.NEXUSLITE_RUN_DIR = tmp_path
    push_hostile_image(images)
    hosted("mirror", type="proxy")
    mirror = Repository.objects.get(name="mirror")
    write_states(
        tmp_path,
        {connector_id(mirror.pk, "http"): ConnectorState(mirror.http_port, False, "failed", EVIL)},
    )
    with stamps.change(stamps.CONFIGURATION, stamps.SECURITY):
        ProxySettings.objects.create(
            repository=mirror, remote_url="https://a.example/" + EVIL, authentication_username=EVIL
        )
        RemoteState.objects.create(
            repository=mirror, condition=RemoteCondition.UNAVAILABLE, reason=EVIL
        )
        User.objects.create(user_id=SHORT, first_name=EVIL, last_name=EVIL, password="!")
        Role.objects.create(
            role_id=SHORT, name=EVIL, description=EVIL, privileges=[SHORT, EVIL], roles=[EVIL]
        )
        Privilege.objects.create(
            name=SHORT, type="wildcard", description=EVIL, properties={"pattern": EVIL}
        )
        BlobStore.objects.create(name="evil", type="File", configuration={"path": EVIL})


def crawl(browser: Client) -> dict[str, HttpResponse]:
    """The pages that can be reached from the first one; of many alike, some."""
    seen: dict[str, HttpResponse] = {}
    alike: Counter[str] = Counter()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        route = resolve(urlsplit(path).path).view_name
        hostile = "svg" in path
        if path in seen or (alike[route] >= SOME and not hostile):
            continue
        alike[route] += 1
        answer = seen[path] = browser.get(path)
        if not is_page(answer):
            continue
        for link in Page(answer.text).links:
            found = urlsplit(urljoin(f"http://registry.example:8081{path}", link))
            if found.netloc == "registry.example:8081" and not found.path.startswith("/static/"):
                waiting.append(found.path + (f"?{found.query}" if found.query else ""))
    return seen


def is_page(answer: HttpResponse) -> bool:
    return answer.headers["Content-Type"].startswith("text/html")


def test_no_page_runs_what_others_wrote(hostile_world, admin):
    # fault 29
    pages = crawl(admin)
    assert len(pages) > 20
    for path, answer in pages.items():
        assert answer.status_code == 200, path
        assert_strict_policy(answer)
        if is_page(answer):
            assert Page(answer.text).bad == [], path
            assert "&gt;49" not in answer.text, path
    shown = "".join(answer.text for answer in pages.values() if is_page(answer))
    assert shown.count("&lt;script&gt;alert(1)") > 30, "it was there to be run"
    assert {"/browse/images/app/-/tags/1/", "/browse/images/app/-/tags/2/"} <= set(pages)


def assert_strict_policy(answer: HttpResponse) -> None:
    policy = answer.headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for kind in ("script-src", "style-src"):
        assert directives.get(kind, "'none'") in {"'self'", "'none'"}
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/browse/%22%3E%3Cscript%3Ealert(1)%3C/script%3E/",
        "/sign-in/?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/admin/repository/repositories/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/browse/images/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/service/rest/v1/repositories/%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_an_address_is_not_reflected_as_markup(hostile_world, admin, path):
    # fault 29
    for browser in (admin, Client()):
        answer = browser.get(path)
        assert answer.status_code < 500
        assert "<script>alert" not in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", EVIL, LINK])
def test_a_failed_sign_in_shows_the_name_as_text(name):
    # fault 29
    answer = Client().post("/sign-in/", {"username": name, "password": "x", "next": name})
    assert answer.status_code == 422
    assert Page(answer.text).bad == []


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xhtml+xml"])
def test_nothing_that_is_pushed_is_served_as_a_page(images, media_type):
    # fault 29
    content = b"<script>alert(1)</script>"
    digest = images.push_blob("app", content)
    blob = images.get(f"app/blobs/{digest}").expect(200)
    assert blob.header("Content-Type") == "application/octet-stream"
    answer = images.put_manifest("app", "1", content, media_type)
    assert answer.status in {400, 404, 415}, "no manifest of that type is taken"
