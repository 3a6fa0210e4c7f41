"""The walk of a team from an empty server to a pull through the group, only by clicking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST
from tests.clients.commands import require, skopeo
from tests.support.images import random_image, write_layout
from tests.support.process import ProgramProcess, running_program
from tests.support.server import free_port

USER, PASSWORD = "dev", "a password of dev"
CREATE = "Create repository"


def test_from_the_generated_password_to_a_pull_through_the_group(
    page: Page, tmp_path: Path
) -> None:
    require("skopeo")
    with running_program(tmp_path / "data", {"NEXUSLITE_ADMIN_PASSWORD": ""}) as program:
        _first_run(page, program)
        _blob_store(page)
        ports = {"hosted": free_port(), "proxy": free_port(), "group": free_port()}
        _hosted(page, ports["hosted"])
        _proxy(page, ports["proxy"])
        _group(page, ports["group"])
        _role(page)
        _user(page)
        _realm(page)
        for port in ports.values():
            program.wait_until_open(port)
        _push_and_pull(program, tmp_path, ports)
        _look(page)


def _first_run(page: Page, program: ProgramProcess) -> None:
    page.goto(f"http://{HOST}:{program.port}/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill((program.data / "admin.password").read_text())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("New Password").fill("my own password")
    page.get_by_label("Confirm Password").fill("my own password")
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("radio", name=re.compile("^Disable")).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="First repositories")).to_be_visible()
    page.get_by_role("link", name="Skip this step").click()
    page.get_by_role("link", name="Go to the first page").click()


def _open(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()


def _done(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def _blob_store(page: Page) -> None:
    _open(page, "Blob Stores")
    page.get_by_role("button", name="Create Blob Store").click()
    page.get_by_role("link", name="File").click()
    page.get_by_label("Name").fill("docker")
    page.get_by_label("Path").fill("docker")
    page.get_by_role("button", name="Create Blob Store").click()
    _done(page, "Blob store docker was created.")


def _begin(page: Page, kind: str, name: str, port: int) -> None:
    _open(page, "Repositories")
    page.get_by_role("link", name=f"docker ({kind})").or_(
        page.get_by_role("button", name=CREATE)
    ).first.click()
    if page.get_by_role("button", name=CREATE).get_attribute("aria-expanded") == "true":
        page.get_by_role("link", name=f"docker ({kind})").click()
    page.locator("#id_name").fill(name)
    page.get_by_label("HTTP port").fill(str(port))
    page.get_by_label("Blob store").select_option("docker")
    # What is typed is what clients will type.
    expect(page.get_by_text(f"docker pull {HOST}:{port}/")).to_be_visible()


def _finish(page: Page, name: str) -> None:
    page.get_by_role("button", name=CREATE).click()
    _done(page, f"Repository {name} was created.")


def _hosted(page: Page, port: int) -> None:
    _begin(page, "hosted", "docker-hosted", port)
    page.get_by_role("radio", name="Allow redeploy").check()
    _finish(page, "docker-hosted")


def _proxy(page: Page, port: int) -> None:
    _begin(page, "proxy", "docker-proxy", port)
    # Nobody listens there: saving contacts nobody, and what is held elsewhere is not stalled.
    page.get_by_label("Remote storage").fill(f"http://127.0.0.1:{free_port()}")
    _finish(page, "docker-proxy")


def _group(page: Page, port: int) -> None:
    _begin(page, "group", "docker-group", port)
    available = page.get_by_role("listbox", name="Available")
    for member in ("docker-hosted", "docker-proxy"):
        available.get_by_role("option", name=member).dblclick()
    expect(page.get_by_role("listbox", name="Members").get_by_role("option")).to_have_count(2)
    _finish(page, "docker-group")


def _role(page: Page) -> None:
    _open(page, "Roles")
    page.get_by_role("link", name="Create Role").click()
    page.get_by_label("Role ID").fill("docker")
    page.get_by_label("Role Name").fill("docker")
    page.get_by_label("Filter: Available").first.fill("view docker-*")
    page.get_by_role("button", name="Add all shown").first.click()
    page.get_by_role("button", name="Create Role").click()
    _done(page, "Role docker was created.")


def _user(page: Page) -> None:
    _open(page, "Users")
    page.get_by_role("link", name="Create local user").click()
    for field, text in (
        ("user_id", USER),
        ("first_name", "Dev"),
        ("last_name", "Eloper"),
        ("email", "dev@example.com"),
        ("password", PASSWORD),
        ("confirmation", PASSWORD),
    ):
        page.locator(f"#id_{field}").fill(text)
    page.get_by_role("listbox", name="Available").get_by_role("option", name="docker").dblclick()
    page.get_by_role("button", name="Create local user").click()
    _done(page, "User dev was created.")


def _realm(page: Page) -> None:
    _open(page, "Realms")
    available = page.get_by_role("listbox", name="Available")
    available.get_by_role("option", name="Docker Bearer Token Realm").dblclick()
    page.get_by_role("button", name="Save").click()
    _done(page, "The active realms were changed.")


def _push_and_pull(program: ProgramProcess, folder: Path, ports: dict[str, int]) -> None:
    client = skopeo(folder)
    image = random_image("walk")
    write_layout(folder / "image", {"v1": image})
    credentials = f"{USER}:{PASSWORD}"
    pushed = f"docker://127.0.0.1:{ports['hosted']}/myimage:v1"
    source = f"oci:{folder / 'image'}:v1"
    to = ("copy", "--dest-tls-verify=false", "--dest-creds", credentials, source)
    client(*to, pushed).succeeded()
    refused = client(*to, f"docker://127.0.0.1:{ports['group']}/myimage:v1").failed()
    assert "Deploying to groups is a PRO-licensed feature." in refused.text
    pulled = f"docker://127.0.0.1:{ports['group']}/myimage:v1"
    target = f"oci:{folder / 'pulled'}:v1"
    client("copy", "--src-tls-verify=false", "--src-creds", credentials, pulled, target).succeeded()


def _look(page: Page) -> None:
    """What was pushed is there, in the group too."""
    page.keyboard.press("/")
    page.keyboard.type("myimage")
    suggestion = page.get_by_role("list", name="Images found").get_by_role("link")
    expect(suggestion.first).to_contain_text("docker-hosted")
    suggestion.first.click()
    expect(page.get_by_role("heading", name="myimage")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("v1"))).to_contain_text(USER)


@pytest.mark.slow
def test_the_preset_of_the_first_run_makes_three_repositories(page: Page, tmp_path: Path) -> None:
    with running_program(tmp_path / "data", {"NEXUSLITE_ADMIN_PASSWORD": "given"}) as program:
        page.goto(f"http://{HOST}:{program.port}/setup/anonymous/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill("given")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("radio", name=re.compile("^Enable")).check()
        page.get_by_role("button", name="Continue").click()
        for label in ("Port to push to", "mirror of Docker Hub", "Port to pull from"):
            page.get_by_label(label).fill(str(free_port()))
        page.get_by_role("button", name="Create repositories").click()
        expect(page.get_by_role("heading", name="Ready")).to_be_visible()
        expect(page.get_by_text("docker push")).to_be_visible()
        page.get_by_role("link", name="Go to the first page").click()
        _open(page, "Repositories")
        expect(page.locator("#rows tbody tr")).to_have_count(3)
