"""What was learned of one remote is not believed of another."""

from __future__ import annotations

from typing import Any

from tests.support.remote import running_remote

from .repository_bodies import PROXIES, proxy_body


def _proxy_at(url: str, **changes: Any) -> dict[str, Any]:
    return proxy_body(proxy__remoteUrl=url, docker__httpPort=5100, **changes)


def test_a_corrected_url_is_asked_for_what_the_wrong_one_did_not_have(admin, registry):
    # fault 7
    with running_remote() as remote:
        image = remote.add_image("app")
        admin.post(PROXIES, _proxy_at(f"{remote.url}/wrong"))
        registry("mirror").get("app/manifests/latest").expect(404)
        assert admin.put(f"{PROXIES}/mirror", _proxy_at(remote.url)).status_code == 204
        found = registry("mirror").get("app/manifests/latest").expect(200)
        assert found.header("Docker-Content-Digest") == image.digest


def test_a_password_is_tried_on_what_was_hidden_without_it(admin, registry):
    # fault 7
    with running_remote() as remote:
        admin.post(PROXIES, _proxy_at(remote.url))
        registry("mirror").get("app/manifests/latest").expect(404)
        remote.add_image("app")
        body = _proxy_at(remote.url)
        body["httpClient"]["authentication"] = {
            "type": "username",
            "username": "puller",
            "password": "secret",
        }
        assert admin.put(f"{PROXIES}/mirror", body).status_code == 204
        registry("mirror").get("app/manifests/latest").expect(200)


def test_a_tag_of_another_remote_is_asked_for_at_the_new_one(admin, registry):
    with running_remote() as before, running_remote() as after:
        before.add_image("app", seed="before")
        image = after.add_image("app", seed="after")
        admin.post(PROXIES, _proxy_at(before.url))
        registry("mirror").get("app/manifests/latest").expect(200)
        assert admin.put(f"{PROXIES}/mirror", _proxy_at(after.url)).status_code == 204
        found = registry("mirror").get("app/manifests/latest").expect(200)
        assert found.header("Docker-Content-Digest") == image.digest


def test_a_change_of_anything_else_asks_nothing_again(admin, registry):
    with running_remote() as remote:
        remote.add_image("app")
        admin.post(PROXIES, _proxy_at(remote.url))
        registry("mirror").get("app/manifests/latest").expect(200)
        remote.forget()
        admin.put(f"{PROXIES}/mirror", _proxy_at(remote.url, proxy__metadataMaxAge=99))
        registry("mirror").get("app/manifests/latest").expect(200)
        assert remote.requests() == []
