"""One running program and Debian's Chromium. A console error of a page fails its test.

The pages are opened under a host name that is not this machine's loopback address, as colleagues
do: there the clipboard is closed to scripts, and docker wants HTTPS.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, running_program

HOST = "registry.example"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FOLDER = Path(__file__).parent
# Not in test-results: the Playwright plugin empties that with every session of pytest.
PICTURES = FOLDER.parent.parent / "build" / "pages"
AXE = (FOLDER.parent / "vendor" / "axe.min.js").read_text()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1400, "height": 900},
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


@dataclass
class Site:
    """The program with its repositories, as a browser sees it."""

    program: ProgramProcess
    http_port: int
    https_port: int

    def __call__(self, path: str) -> str:
        """The address of a page."""
        return f"http://{HOST}:{self.program.port}{path}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two repositories that work, one that is offline, one whose port somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with running_program(tmp_path_factory.mktemp("browser") / "data") as program:
            hosted = program.create_hosted("docker-hosted", https=True)
            program.create_hosted("docker-releases", write_policy="ALLOW_ONCE", path_enabled=True)
            _create(program, "docker-sandbox", online=False)
            _create(program, "team-payments", http_port=taken.getsockname()[1])
            yield Site(program, hosted.http_port, hosted.https_port)


def _create(
    program: ProgramProcess, name: str, online: bool = True, http_port: int | None = None
) -> None:
    document = {
        "name": name,
        "online": online,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": http_port},
    }
    answer = program.rest("POST", "/repositories/docker/hosted", document)
    assert answer.status == 201, answer.body


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    problems: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # Breaches of the content security policy arrive here; so do wanted 4xx answers.
        if message.type == "error" and "status of 4" not in message.text:
            problems.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.problems = problems  # type: ignore[attr-defined]
    yield page
    assert problems == []


@pytest.fixture
def sign_in(page: Page, site: Site) -> Callable[[], None]:
    def do() -> None:
        page.goto(site("/sign-in/"))
        page.get_by_label("Username").fill(ADMIN)
        page.get_by_label("Password").fill(ADMIN_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Welcome, admin").wait_for()

    return do


@pytest.fixture
def check_page(page: Page) -> Callable[[str], None]:
    """Looks at what is shown: accessibility, width; keeps a picture under the name."""

    def check(name: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        found = page.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", AXE_TAGS
        )
        violations = [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
        assert violations == [], name
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{name} is {overflow} px too wide"
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")

    return check
