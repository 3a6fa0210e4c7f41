"""A fresh data folder, users, a blob store, and REST as each of the actors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import passwords
from accounts.models import SecuritySettings, UserRole
from accounts.passwords import RegistryArgon2Hasher, hash_password
from nexuslite import stamps
from nexuslite.rest import status
from repositories.blobs import registry as registry_of_stores
from repositories.blobs import s3
from repositories.models import BlobStore, Repository
from repositories.records import storage_of
from tests.support.accounts import BOTH_REALMS, add_user
from tests.support.registry import ADMIN, STRANGER, Entrance, InProcess, RegistryClient

from .buckets import Buckets

BASE = "/service/rest/v1/"


@dataclass
class Rest:
    """REST as one actor sends it; paths follow `/service/rest/v1/`."""

    authorization: str | None

    def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> HttpResponse:
        """Sends a text as plain text, other bodies as JSON, and raw bytes as they are."""
        if self.authorization is not None:
            headers["HTTP_AUTHORIZATION"] = self.authorization
        content = raw if raw is not None else _encoded(body)
        target = path if path.startswith("/") else BASE + path
        default = "text/plain" if isinstance(body, str) else "application/json"
        kind = headers.pop("content_type", default)
        return Client().generic(method, target, content, content_type=kind, **headers)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str) -> HttpResponse:
        return self.send("DELETE", path)


def _encoded(body: Any) -> bytes:
    if body is None:
        return b""
    return (body if isinstance(body, str) else json.dumps(body)).encode()


@pytest.fixture(scope="session")
def password_hashes() -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        patch.setattr(RegistryArgon2Hasher, "time_cost", 1)
        return {name: hash_password(f"{name}-password") for name in ("admin", "stranger")}


@pytest.fixture(scope="session")
def blob_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    storage_of("File", {"path": str(folder)}).create()
    return folder


@pytest.fixture
def database(request: pytest.FixtureRequest, transactional_db) -> Iterator[None]:
    """An empty database; on PostgreSQL the embedded one stands behind it, unused."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    with request.getfixturevalue("postgresql_by_default")():
        yield


@pytest.fixture(autouse=True)
def fresh_server(database, settings, tmp_path, blob_folder, password_hashes) -> None:
    settings.NEXUSLITE_DATA_DIR = tmp_path
    settings.NEXUSLITE_RUN_DIR = tmp_path / "run"
    settings.NEXUSLITE_RUN_DIR.mkdir()
    stamps.begin()
    passwords.forget_verified()
    status.forget()
    with stamps.change(stamps.SECURITY, stamps.CONFIGURATION):
        for name, password_hash in password_hashes.items():
            add_user(name, password_hash)
        SecuritySettings.objects.create(active_realms=BOTH_REALMS)
        BlobStore.objects.create(
            name="default", type="File", configuration={"path": str(blob_folder)}
        )


@pytest.fixture(autouse=True)
def buckets(monkeypatch) -> Iterator[Buckets]:
    """No test speaks to a real S3."""
    made = Buckets()
    monkeypatch.setattr(s3, "open_s3", made.open)
    registry_of_stores._open.cache_clear()
    yield made
    registry_of_stores._open.cache_clear()


@pytest.fixture
def admin() -> Rest:
    return Rest(ADMIN)


@pytest.fixture
def stranger() -> Rest:
    """A local user without any permission."""
    return Rest(STRANGER)


@pytest.fixture
def anonymous() -> Rest:
    return Rest(None)


@pytest.fixture
def set_security() -> Callable[..., None]:
    def change(**columns: Any) -> None:
        with stamps.change(stamps.SECURITY):
            SecuritySettings.objects.update_or_create(pk=SecuritySettings.ROW, defaults=columns)

    return change


@pytest.fixture
def give(admin) -> Callable[..., None]:
    """Gives a user a role with privileges, named as Nexus names them."""

    def change(user_id: str, *privileges: str) -> None:
        role = {"id": f"of-{user_id}", "name": "Role", "privileges": privileges, "roles": []}
        assert admin.post("security/roles", role).status_code == 200
        with stamps.change(stamps.SECURITY):
            UserRole.objects.create(user_id=user_id, role_id=f"of-{user_id}")

    return change


@pytest.fixture
def registry() -> Callable[[str], RegistryClient]:
    """The registry API of a repository, in this process, as admin."""

    def client(name: str) -> RegistryClient:
        row = Repository.objects.get(name=name)
        entrance = Entrance(row.http_port, f"{row.pk}:http", f"registry.test:{row.http_port}")
        return RegistryClient(InProcess(), entrance)

    return client


@pytest.fixture
def hosted(admin, registry) -> Callable[..., RegistryClient]:
    """Makes a hosted repository through REST; gives a client of its registry API."""

    def make(name: str = "images", **changes: Any) -> RegistryClient:
        answer = admin.post("repositories/docker/hosted", hosted_body(name, **changes))
        assert answer.status_code == 201, answer.content
        return registry(name)

    return make


@pytest.fixture
def log_lines(settings) -> Callable[[], list[str]]:
    """The lines of the audit's log."""

    def read() -> list[str]:
        path = settings.NEXUSLITE_DATA_DIR / "log/audit.log"
        return path.read_text().splitlines() if path.exists() else []

    return read


def hosted_body(name: str = "images", **changes: Any) -> dict[str, Any]:
    """A body of a hosted repository; `section__field` changes a field of a section."""
    body: dict[str, Any] = {
        "name": name,
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": 5000},
    }
    for path, value in changes.items():
        section, _, field = path.partition("__")
        if field:
            body.setdefault(section, {})[field] = value
        else:
            body[section] = value
    return body


def errors_of(answer: HttpResponse) -> dict[str, str]:
    """The messages of a validation error by their ids."""
    assert answer.status_code == 400, (answer.status_code, answer.content)
    content = answer.json()
    assert isinstance(content, list), content
    assert all(set(error) == {"id", "message"} for error in content)
    return {error["id"]: error["message"] for error in content}


def message_of(answer: HttpResponse, status_code: int) -> str:
    """The text of an error that is one object, without its literal quotes."""
    assert answer.status_code == status_code, (answer.status_code, answer.content)
    content = answer.json()
    assert set(content) == {"id", "message"}
    assert content["id"] == "*"
    message: str = content["message"]
    assert message.startswith('"')
    assert message.endswith('"')
    return message[1:-1]
