"""`/service/rest/v1/repositories/docker/proxy`."""

from __future__ import annotations

import json

import pytest

from repositories.models import ProxySettings
from repositories.records import snapshot
from tests.support.remote import running_remote

from .conftest import errors_of, message_of
from .repository_bodies import PROXIES, full_proxy_body, password, proxy_body

AUTHENTICATION = "httpClient.authentication"


def _remote(name: str = "mirror"):
    proxy = snapshot().by_name[name].proxy
    assert proxy is not None
    return proxy.remote


def test_a_proxy_is_made_read_changed_and_deleted(admin):
    made = admin.post(PROXIES, proxy_body())
    assert (made.status_code, made.content) == (201, b"")
    changed = admin.put(f"{PROXIES}/mirror", proxy_body(httpClient__blocked=True))
    assert (changed.status_code, changed.content) == (204, b"")
    assert admin.get(f"{PROXIES}/mirror").json()["httpClient"]["blocked"] is True
    assert admin.delete("repositories/mirror").status_code == 204
    assert message_of(admin.get(f"{PROXIES}/mirror"), 404) == "Repository not found"
    assert ProxySettings.objects.count() == 0


def test_unset_values_are_null(admin):
    admin.post(PROXIES, proxy_body())
    assert admin.get(f"{PROXIES}/mirror").json() == {
        "name": "mirror",
        "url": "http://testserver/repository/mirror",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "cleanup": None,
        "proxy": {
            "remoteUrl": "https://registry.example",
            "contentMaxAge": 1440,
            "metadataMaxAge": 1440,
            "preserveEncodedCharacters": None,
        },
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {
            "blocked": False,
            "autoBlock": True,
            "connection": {
                "retries": None,
                "userAgentSuffix": None,
                "timeout": None,
                "enableCircularRedirects": None,
                "enableCookies": None,
                "useTrustStore": None,
            },
            "authentication": None,
        },
        "routingRuleName": None,
        "replication": None,
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": None,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": None,
        },
        "dockerProxy": {
            "indexType": "REGISTRY",
            "indexUrl": None,
            "cacheForeignLayers": None,
            "foreignLayerUrlWhitelist": [],
        },
        "format": "docker",
        "type": "proxy",
    }


def test_every_value_comes_back_as_it_was_set_but_secrets(admin):
    body = full_proxy_body()
    assert admin.post(PROXIES, body).status_code == 201
    answer = admin.get(f"{PROXIES}/mirror").json()
    client = body["httpClient"]
    client["authentication"].update(password=None, bearerToken=None, ntlmHost=None, ntlmDomain=None)
    body["storage"]["writePolicy"] = "ALLOW"
    for section in ("name", "online", "storage", "cleanup", "proxy", "negativeCache"):
        assert answer[section] == body[section]
    assert answer["httpClient"] == client
    assert answer["dockerProxy"] == body["dockerProxy"]


def test_blocking_has_the_defaults_of_the_form(admin):
    admin.post(PROXIES, proxy_body(httpClient={}))
    client = admin.get(f"{PROXIES}/mirror").json()["httpClient"]
    assert (client["blocked"], client["autoBlock"]) == (False, True)


def test_secrets_are_kept_encrypted_and_given_to_the_remote_client_alone(admin):
    admin.post(PROXIES, full_proxy_body())
    assert "geheim-3" not in json.dumps(list(ProxySettings.objects.values()), default=str)
    assert b"geheim-3" not in admin.get(f"{PROXIES}/mirror").content
    assert b"geheim-3" not in admin.get("repositorySettings").content
    assert "geheim-3" not in repr(snapshot().by_name["mirror"])
    remote = _remote()
    assert (remote.username, remote.password) == ("user", "geheim-3")
    assert (remote.retries, remote.timeout, remote.preemptive) == (3, 60, True)


def test_a_bearer_token_is_sent_instead_of_a_password(admin):
    token = {"type": "bearerToken", "bearerToken": "token-of-mine"}
    admin.post(PROXIES, proxy_body(httpClient__authentication=token))
    assert (_remote().bearer_token, _remote().password) == ("token-of-mine", "")
    answer = admin.get(f"{PROXIES}/mirror").json()["httpClient"]["authentication"]
    assert (answer["type"], answer["bearerToken"], answer["username"]) == (
        "bearerToken",
        None,
        None,
    )


@pytest.mark.parametrize("sent", [None, "#~NXRM~PLACEHOLDER~PASSWORD~#"])
def test_what_was_read_can_be_sent_back_and_keeps_the_password(admin, sent):
    admin.post(PROXIES, full_proxy_body())
    body = admin.get(f"{PROXIES}/mirror").json()
    body["httpClient"]["authentication"]["password"] = sent
    body["proxy"]["contentMaxAge"] = -1
    assert admin.put(f"{PROXIES}/mirror", body).status_code == 204
    assert _remote().password == "geheim-3"


@pytest.mark.parametrize(
    "remote_url", ["https://other.example", "http://registry.example", "https://registry.example:1"]
)
def test_a_kept_password_is_not_sent_to_another_remote(admin, remote_url):
    admin.post(PROXIES, proxy_body(httpClient__authentication=password("user", "geheim-3")))
    body = proxy_body(
        proxy__remoteUrl=remote_url, httpClient__authentication=password("user", None)
    )
    assert errors_of(admin.put(f"{PROXIES}/mirror", body)) == {
        f"{AUTHENTICATION}.password": "must be entered again for another remote"
    }
    assert _remote().url == "https://registry.example"


def test_a_kept_password_is_not_sent_as_another_user(admin):
    admin.post(PROXIES, proxy_body(httpClient__authentication=password("user", "geheim-3")))
    body = proxy_body(httpClient__authentication=password("other", None))
    assert set(errors_of(admin.put(f"{PROXIES}/mirror", body))) == {f"{AUTHENTICATION}.password"}


def test_signing_in_can_be_taken_away(admin):
    admin.post(PROXIES, full_proxy_body())
    admin.put(f"{PROXIES}/mirror", proxy_body())
    assert ProxySettings.objects.get().authentication_secret == ""
    assert _remote().username == ""


@pytest.mark.parametrize(
    ("authentication", "field"),
    [
        ({"type": "username"}, "username"),
        (password("", "x"), "username"),
        (password("a:b", "x"), "username"),
        (password("a", "x\ny"), "password"),
        (password("a", None), "password"),
        ({"type": "bearerToken"}, "bearerToken"),
        ({"type": "bearerToken", "bearerToken": ""}, "bearerToken"),
        ({"type": "bearerToken", "bearerToken": "a\r\nb"}, "bearerToken"),
        ({"type": "ntlm", "username": "a", "password": "b"}, "type"),
        ({"type": "other"}, "type"),
    ],
)
def test_a_sign_in_that_cannot_work_is_refused(admin, authentication, field):
    answer = admin.post(PROXIES, proxy_body(httpClient__authentication=authentication))
    assert set(errors_of(answer)) == {f"{AUTHENTICATION}.{field}"}


@pytest.mark.parametrize(
    "url",
    [
        "registry.example",
        "ftp://registry.example",
        "https://",
        "https:///path",
        "https://user:secret@registry.example",
        "https://registry.example?a=b",
        "https://registry.example#a",
        "https://registry.example:0",
        "https://registry.example:99999",
        "https://regis try.example",
        "https://registry.example\n",
        "https://ä.example",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_a_remote_url_must_be_one(admin, url):
    assert errors_of(admin.post(PROXIES, proxy_body(proxy__remoteUrl=url))) == {
        "proxy.remoteUrl": "must be a valid HTTP or HTTPS URL"
    }


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1"]
)
def test_an_address_that_no_registry_has_is_refused(admin, host):
    answer = admin.post(PROXIES, proxy_body(proxy__remoteUrl=f"http://{host}/"))
    assert errors_of(answer) == {"proxy.remoteUrl": "must not be an address that no registry has"}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000", "http://[::1]:5000/", "https://hub_mirror.example/path", "HTTP://A"],
)
def test_a_remote_may_be_anywhere(admin, url):
    assert admin.post(PROXIES, proxy_body(proxy__remoteUrl=url)).status_code == 201
    assert admin.get(f"{PROXIES}/mirror").json()["proxy"]["remoteUrl"] == url


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"proxy__contentMaxAge": -2}, "proxy.contentMaxAge", "greater than or equal to -1"),
        ({"proxy__metadataMaxAge": -2}, "proxy.metadataMaxAge", "greater than or equal to -1"),
        ({"proxy__metadataMaxAge": 2**31}, "proxy.metadataMaxAge", "less than or equal to"),
        ({"negativeCache__timeToLive": -2}, "negativeCache.timeToLive", "greater than or equal"),
        ({"dockerProxy__indexType": "OTHER"}, "dockerProxy.indexType", "must be one of HUB"),
        ({"dockerProxy__indexType": "CUSTOM"}, "dockerProxy.indexUrl", "must be a valid HTTP"),
        ({"dockerProxy__indexUrl": "ftp://x"}, "dockerProxy.indexUrl", "must be a valid HTTP"),
        (
            {"dockerProxy__foreignLayerUrlWhitelist": ["("]},
            "dockerProxy.foreignLayerUrlWhitelist",
            "Invalid regular expression",
        ),
        ({"routingRule": "none"}, "routingRuleName", "Did not find a routing rule"),
        (
            {"dockerProxy__ecrAuth": {"enabled": True}},
            "dockerProxy.ecrAuth.enabled",
            "not supported",
        ),
        (
            {"replication": {"preemptivePullEnabled": True}},
            "replication.preemptivePullEnabled",
            "not supported",
        ),
        ({"firewall": {"mode": "AUDIT"}}, "firewall.mode", "not supported"),
        ({"storage__blobStoreName": "none"}, "storage.blobStoreName", "Blob store not found"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_field(admin, change, field, message):
    found = errors_of(admin.post(PROXIES, proxy_body(**change)))
    assert set(found) == {field}
    assert message in found[field]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("retries", -1, "must be greater than or equal to 0"),
        ("retries", 11, "must be less than or equal to 10"),
        ("timeout", 0, "must be greater than or equal to 1"),
        ("timeout", 3601, "must be less than or equal to 3600"),
        ("userAgentSuffix", "a\r\nHost: x", "must be at most 200 printable characters"),
    ],
)
def test_a_connection_has_limits(admin, field, value, message):
    body = proxy_body(httpClient__connection={field: value})
    assert errors_of(admin.post(PROXIES, body)) == {f"httpClient.connection.{field}": message}


def test_a_trust_store_needs_https(admin):
    body = proxy_body(
        proxy__remoteUrl="http://a.example", httpClient__connection={"useTrustStore": True}
    )
    assert errors_of(admin.post(PROXIES, body)) == {
        "httpClient.connection.useTrustStore": (
            "TrustStore is available only with HTTPS remote URLs"
        )
    }


def test_what_does_not_apply_is_accepted_switched_off(admin):
    body = proxy_body(
        storage__writePolicy="ALLOW",
        replication={"preemptivePullEnabled": False, "assetPathRegex": None},
        firewall={"mode": "DISABLED"},
        dockerProxy__ecrAuth={"enabled": False, "awsRegion": None},
    )
    assert admin.post(PROXIES, body).status_code == 201


def test_the_list_shows_the_remote_to_those_who_may_read_the_settings(admin):
    admin.post(PROXIES, proxy_body())
    expected = {"proxy": {"remoteUrl": "https://registry.example"}}
    assert admin.get("repositories").json()[0]["attributes"] == expected
    assert admin.get("repositories/mirror").json()["attributes"] == expected


def test_the_list_hides_the_remote_from_those_who_may_only_browse(admin, stranger, give):
    admin.post(PROXIES, proxy_body())
    give("stranger", "nx-repository-view-docker-mirror-browse")
    assert stranger.get("repositories").json()[0]["attributes"] == {}


def test_saving_never_contacts_the_remote(admin):
    with running_remote() as remote:
        body = proxy_body(
            proxy__remoteUrl=remote.url, httpClient__authentication=password("user", "geheim-3")
        )
        assert admin.post(PROXIES, body).status_code == 201
        body["httpClient"]["blocked"] = True
        assert admin.put(f"{PROXIES}/mirror", body).status_code == 204
        assert admin.get(f"{PROXIES}/mirror").status_code == 200
        assert admin.get("repositories/mirror/status").status_code == 200
        assert admin.delete("repositories/mirror").status_code == 204
        assert remote.requests() == []


def test_kinds_are_found_under_their_own_address_alone(admin, hosted):
    hosted("images")
    admin.post(PROXIES, proxy_body())
    assert admin.get(f"{PROXIES}/images").status_code == 404
    assert admin.put(f"{PROXIES}/images", proxy_body("images")).status_code == 404
    assert admin.get("repositories/docker/hosted/mirror").status_code == 404
