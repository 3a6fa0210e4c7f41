"""`/service/rest/v1/repositories` with its hosted docker repositories."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nexuslite.environment import PortRange
from nexuslite.server.connectors import ConnectorState, read_wanted, write_states
from repositories.models import Repository

from .conftest import errors_of, hosted_body, message_of

HOSTED = "repositories/docker/hosted"


def test_a_repository_is_made_read_changed_and_deleted(admin):
    made = admin.post(HOSTED, hosted_body("images"))
    assert (made.status_code, made.content) == (201, b"")
    assert admin.get(f"{HOSTED}/images").json()["online"] is True
    changed = admin.put(f"{HOSTED}/images", hosted_body("images", online=False))
    assert (changed.status_code, changed.content) == (204, b"")
    assert admin.get(f"{HOSTED}/images").json()["online"] is False
    deleted = admin.delete("repositories/images")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert message_of(admin.get(f"{HOSTED}/images"), 404) == "Repository not found"


def test_unset_values_are_null(admin):
    admin.post(HOSTED, hosted_body("images", docker__httpPort=None))
    assert admin.get(f"{HOSTED}/images").json() == {
        "name": "images",
        "url": "http://testserver/repository/images",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
            "latestPolicy": None,
        },
        "cleanup": None,
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": None,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": None,
        },
        "component": {"proprietaryComponents": False},
        "format": "docker",
        "type": "hosted",
    }


def test_every_value_comes_back_as_it_was_set(admin):
    body = {
        "name": "images",
        "online": False,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": False,
            "writePolicy": "ALLOW_ONCE",
            "latestPolicy": True,
        },
        "cleanup": {"policyNames": ["weekly", "old"]},
        "component": {"proprietaryComponents": True},
        "docker": {
            "v1Enabled": True,
            "forceBasicAuth": False,
            "httpPort": 5000,
            "httpsPort": 5001,
            "subdomain": "images",
            "pathEnabled": True,
            "connectorHost": "127.0.0.1",
        },
    }
    assert admin.post(HOSTED, body).status_code == 201
    answer = admin.get(f"{HOSTED}/images").json()
    assert {name: answer[name] for name in body} == body


def test_scalars_may_be_sent_as_texts(admin):
    body = hosted_body(online="true", docker__httpPort="5000", storage__writePolicy="allow_once")
    assert admin.post(HOSTED, body).status_code == 201
    answer = admin.get(f"{HOSTED}/images").json()
    assert answer["online"] is True
    assert answer["docker"]["httpPort"] == 5000
    assert answer["storage"]["writePolicy"] == "ALLOW_ONCE"


def test_unknown_fields_are_ignored(admin):
    body = hosted_body(color="blue", docker__color={"deep": [1, 2]})
    assert admin.post(HOSTED, body).status_code == 201


def test_a_path_may_be_enabled_beside_a_port(admin):
    assert admin.post(HOSTED, hosted_body(docker__pathEnabled=True)).status_code == 201


@pytest.mark.parametrize("name", ["a", "0", "-", "a.b_c-d", "a" * 200, "file", "docker"])
def test_names_of_nexus_are_accepted(admin, name):
    assert admin.post(HOSTED, hosted_body(name)).status_code == 201
    assert admin.get(f"{HOSTED}/{name}").json()["name"] == name


@pytest.mark.parametrize(
    "name", ["", "_a", ".a", "a b", "a/b", "ä", "a\n", "a:b", "*", "..", "a,b"]
)
def test_a_name_outside_of_the_pattern_is_refused(admin, name):
    message = errors_of(admin.post(HOSTED, hosted_body(name)))["name"]
    if name:
        assert message == (
            "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed and may not "
            "start with underscore or dot."
        )


@pytest.mark.parametrize("name", ["Images", "a" * 201])
def test_a_name_that_cannot_be_part_of_an_image_name_is_refused(admin, name):
    assert set(errors_of(admin.post(HOSTED, hosted_body(name)))) == {"name"}


def test_a_name_is_used_once_whatever_its_case(admin):
    admin.post(HOSTED, hosted_body("images"))
    Repository.objects.update(name="Images")
    answer = admin.post(HOSTED, hosted_body("images", docker__httpPort=None))
    assert errors_of(answer) == {"name": "Name is already used, must be unique (ignoring case)"}


def test_an_unknown_blob_store_is_refused(admin):
    answer = admin.post(HOSTED, hosted_body(storage__blobStoreName="nowhere"))
    assert errors_of(answer) == {"storage.blobStoreName": "Blob store not found"}


def test_a_repository_keeps_its_name_and_its_blob_store(admin, hosted):
    hosted("images")
    renamed = admin.put(f"{HOSTED}/images", hosted_body("pictures"))
    assert errors_of(renamed) == {"name": "Renaming a repository is not supported"}
    admin.post("blobstores/file", {"name": "second", "path": "second"})
    moved = admin.put(f"{HOSTED}/images", hosted_body("images", storage__blobStoreName="second"))
    assert errors_of(moved) == {
        "storage.blobStoreName": ("You cannot change a repository’s blob store through the API")
    }


@pytest.mark.parametrize("port", [0, -1, 65536, 10**30])
@pytest.mark.parametrize("field", ["httpPort", "httpsPort"])
def test_a_port_that_does_not_exist_is_refused(admin, field, port):
    answer = admin.post(HOSTED, hosted_body(**{f"docker__{field}": port}))
    assert errors_of(answer) == {f"docker.{field}": "Port must be between 1 and 65535"}


def test_http_and_https_need_different_ports(admin):
    answer = admin.post(HOSTED, hosted_body(docker__httpPort=5000, docker__httpsPort=5000))
    assert errors_of(answer) == {"docker.httpsPort": "HTTP and HTTPS ports must be different"}


@pytest.mark.parametrize("field", ["httpPort", "httpsPort"])
def test_a_port_of_another_repository_is_refused_with_its_name(admin, hosted, field):
    hosted("images", docker__httpPort=5000, docker__httpsPort=5001)
    for port in (5000, 5001):
        body = hosted_body("others", **{"docker__httpPort": None, f"docker__{field}": port})
        assert errors_of(admin.post(HOSTED, body)) == {
            f"docker.{field}": f"Port {port} is already used by repository images"
        }


def test_a_repository_may_keep_and_swap_its_own_ports(admin, hosted):
    hosted("images", docker__httpPort=5000, docker__httpsPort=5001)
    swapped = hosted_body("images", docker__httpPort=5001, docker__httpsPort=5000)
    assert admin.put(f"{HOSTED}/images", swapped).status_code == 204
    assert admin.put(f"{HOSTED}/images", swapped).status_code == 204


def test_the_port_of_the_web_interface_is_refused(admin, settings):
    answer = admin.post(HOSTED, hosted_body(docker__httpPort=settings.NEXUSLITE_PORT))
    assert errors_of(answer)["docker.httpPort"] == "Port 8081 is the port of the web interface"


def test_a_port_outside_of_the_range_for_connectors_is_refused(admin, settings):
    settings.NEXUSLITE_CONNECTOR_PORTS = PortRange(8000, 8020)
    answer = admin.post(HOSTED, hosted_body(docker__httpPort=8021))
    assert "8000-8020" in errors_of(answer)["docker.httpPort"]
    assert admin.post(HOSTED, hosted_body(docker__httpPort=8020)).status_code == 201


@pytest.mark.parametrize("subdomain", ["1a", "a", "a-", "a.b", "a_b", "-a", "a" * 64, "a\n"])
def test_a_subdomain_must_be_a_domain_label(admin, subdomain):
    answer = admin.post(HOSTED, hosted_body(docker__subdomain=subdomain))
    assert set(errors_of(answer)) == {"docker.subdomain"}


def test_a_subdomain_is_used_once_whatever_its_case(admin, hosted):
    hosted("images", docker__subdomain="Pictures")
    body = hosted_body("others", docker__httpPort=None, docker__subdomain="pictures")
    assert set(errors_of(admin.post(HOSTED, body))) == {"docker.subdomain"}


@pytest.mark.parametrize("host", ["nowhere", "1.2.3", "127.0.0.1/8", "::g"])
def test_a_bind_address_must_be_an_address(admin, host):
    answer = admin.post(HOSTED, hosted_body(docker__connectorHost=host))
    assert set(errors_of(answer)) == {"docker.connectorHost"}


@pytest.mark.parametrize("policy", ["SOMETIMES", "ALLOW ", "allow-once"])
def test_an_unknown_write_policy_is_refused(admin, policy):
    answer = admin.post(HOSTED, hosted_body(storage__writePolicy=policy))
    assert set(errors_of(answer)) == {"storage.writePolicy"}


@pytest.mark.parametrize("policy", ["ALLOW", "DENY"])
def test_redeploy_of_latest_needs_allow_once(admin, policy):
    body = hosted_body(storage__writePolicy=policy, storage__latestPolicy=True)
    assert set(errors_of(admin.post(HOSTED, body))) == {"storage.latestPolicy"}
    body["storage"]["latestPolicy"] = False
    assert admin.post(HOSTED, body).status_code == 201


def test_all_errors_of_a_body_are_told_at_once(admin):
    body = hosted_body("_x", docker__httpPort=0, storage__writePolicy="X")
    assert set(errors_of(admin.post(HOSTED, body))) == {
        "name",
        "docker.httpPort",
        "storage.writePolicy",
    }


def test_a_refused_change_changes_nothing(admin, hosted):
    hosted("images")
    before = admin.get(f"{HOSTED}/images").json()
    admin.put(f"{HOSTED}/images", hosted_body("images", docker__httpPort=8081, online=False))
    assert admin.get(f"{HOSTED}/images").json() == before


def test_the_list_has_items_of_nexus(admin, hosted):
    hosted("b", docker__httpPort=5001)
    hosted("a", docker__httpPort=5002)
    item = {
        "name": "a",
        "format": "docker",
        "type": "hosted",
        "url": "http://testserver/repository/a",
        "attributes": {},
    }
    listed = admin.get("repositories").json()
    assert [each["name"] for each in listed] == ["a", "b"]
    assert listed[0] == item
    assert admin.get("repositories/a").json() == item


def test_the_settings_of_all_repositories_are_those_of_each(admin, hosted):
    hosted("b", docker__httpPort=5001)
    hosted("a", docker__httpPort=5002)
    assert admin.get("repositorySettings").json() == [
        admin.get(f"{HOSTED}/{name}").json() for name in ("a", "b")
    ]


def test_addresses_follow_the_host_of_the_request(admin, hosted):
    hosted("a")
    answer = admin.get("repositories/a", HTTP_HOST="nexus.example:8443")
    assert answer.json()["url"] == "http://nexus.example:8443/repository/a"


def test_a_repository_of_another_kind_is_not_found_as_hosted(admin, hosted):
    hosted("images")
    Repository.objects.update(type="proxy")
    assert admin.get(f"{HOSTED}/images").status_code == 404
    assert admin.put(f"{HOSTED}/images", hosted_body("images")).status_code == 404


def test_what_does_not_exist_is_not_found(admin):
    assert message_of(admin.get("repositories/x"), 404) == ("Unable to locate repository with id x")
    assert admin.delete("repositories/x").status_code == 404
    assert admin.put(f"{HOSTED}/x", hosted_body("x")).status_code == 404
    assert admin.get("repositories/x/connectors").status_code == 404


def test_ports_are_asked_of_the_server_before_the_answer(admin, hosted, settings):
    hosted("images", docker__httpsPort=5001, docker__connectorHost="127.0.0.1")
    wanted = read_wanted(settings.NEXUSLITE_RUN_DIR)
    assert {(each.host, each.port, each.tls) for each in wanted} == {
        ("127.0.0.1", 5000, False),
        ("127.0.0.1", 5001, True),
    }
    admin.put(f"{HOSTED}/images", hosted_body("images", docker__httpPort=5002))
    assert [each.port for each in read_wanted(settings.NEXUSLITE_RUN_DIR)] == [5002]
    admin.delete("repositories/images")
    assert read_wanted(settings.NEXUSLITE_RUN_DIR) == []


def test_a_failed_connector_shows_its_reason(admin, hosted, settings):
    hosted("images", docker__httpsPort=5001)
    assert {each["state"] for each in admin.get("repositories/images/connectors").json()} == {
        "opening"
    }
    row = Repository.objects.get()
    write_states(
        settings.NEXUSLITE_RUN_DIR,
        {
            f"{row.pk}:http": ConnectorState(5000, False, "failed", "Address already in use"),
            f"{row.pk}:https": ConnectorState(5001, True, "open"),
        },
    )
    states = admin.get("repositories/images/connectors").json()
    assert sorted(states, key=lambda each: each["port"]) == [
        {"scheme": "http", "port": 5000, "state": "failed", "reason": "Address already in use"},
        {"scheme": "https", "port": 5001, "state": "open", "reason": ""},
    ]


@pytest.mark.parametrize("path", ["repositories", "repositorySettings", "blobstores"])
def test_lists_cost_the_same_whatever_their_length(admin, hosted, path):
    hosted("first", docker__httpPort=None)
    admin.get(path)
    few = _queries(admin, path)
    for number in range(5):
        hosted(f"repository-{number}", docker__httpPort=None)
        name = f"store-{number}"
        assert admin.post("blobstores/file", {"name": name, "path": name}).status_code == 204
    admin.get(path)
    assert _queries(admin, path) == few
    assert len(few) <= 3


def _queries(admin, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert admin.get(path).status_code == 200
    return [query["sql"].partition("WHERE")[0] for query in captured]


def test_validation_errors_have_nexus_content_type_when_asked_for(admin):
    kind = "application/vnd.siesta-validation-errors-v1+json"
    answer = admin.post(HOSTED, hosted_body(""), HTTP_ACCEPT=f"{kind}, application/json")
    assert answer.headers["Content-Type"] == kind
    assert json.loads(answer.content)[0]["id"] == "name"
