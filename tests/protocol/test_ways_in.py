"""The ways to a repository: a port, a path, a sub-domain, and always /repository/<name>/v2/."""

import pytest

from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, digest_of, pieces_of

CONTENT = b"a blob"


@pytest.fixture
def way_in(request, hosted, main_port):
    """A client of one repository by one way in, and the image's name there."""
    port = hosted("images", path_enabled=True, subdomain="Sub")
    mounted = "/repository/images/v2/"
    return {
        "port": (port, "team/app"),
        "path": (main_port(), "images/team/app"),
        "sub-domain": (main_port(host="sub.registry.test:8081"), "team/app"),
        "label": (main_port(host="sub:8081"), "team/app"),
        "SUB-DOMAIN": (main_port(host="SUB.registry.test"), "team/app"),
        "mounted": (main_port(mounted, token_path=f"{mounted}token"), "team/app"),
    }[request.param]


every_way = pytest.mark.parametrize(
    "way_in", ["port", "path", "sub-domain", "label", "SUB-DOMAIN", "mounted"], indirect=True
)


@every_way
def test_locations_are_relative_and_right(way_in):
    client, image = way_in
    digest = digest_of(CONTENT)
    location = client.start_upload(image)
    assert location.startswith(f"{client.prefix}{image}/blobs/uploads/")
    assert client.get(location).expect(204).location == location
    location = client.patch(location, pieces_of(CONTENT, 2)).expect(202).location
    location = client.put(f"{location}?digest={digest}").expect(201).location
    assert location == f"{client.prefix}{image}/blobs/{digest}"
    assert client.get(location).expect(200).body == CONTENT
    location = client.post(f"{image}/blobs/uploads/?digest={digest}", CONTENT).location
    assert location == f"{client.prefix}{image}/blobs/{digest}"
    source = f"{image}-two"
    client.push_blob(source, b"two")
    mounted = client.post(f"{image}/blobs/uploads/?mount={digest_of(b'two')}&from={source}")
    assert mounted.expect(201).location == f"{client.prefix}{image}/blobs/{digest_of(b'two')}"


@every_way
def test_an_image_is_pushed_and_listed(way_in):
    client, image = way_in
    pushed = client.push_image(image, "v1")
    client.put_manifest(image, "v2", pushed.content).expect(201)
    first = client.get(f"{image}/tags/list?n=1").expect(200)
    assert first.json() == {"name": image, "tags": ["v1"]}
    assert first.next_page == f"{client.prefix}{image}/tags/list?last=v1&n=1"
    assert client.get(first.next_page).expect(200).json()["tags"] == ["v2"]
    answer = client.put_manifest(image, pushed.digest, pushed.content).expect(201)
    assert answer.location == f"{client.prefix}{image}/manifests/{pushed.digest}"
    assert client.get(answer.location).expect(200).body == pushed.content


@every_way
def test_a_token_of_its_own_endpoint_opens_it(way_in):
    client, image = way_in
    pushed = client.with_token(f"repository:{image}:pull,push").push_image(image, "v1")
    puller = client.with_token(f"repository:{image}:pull")
    assert puller.get(f"{image}/manifests/v1").expect(200).body == pushed.content
    challenge = puller.put_manifest(image, "v2", pushed.content).expect(401)
    if not client.prefix.startswith("/repository/"):
        assert f'scope="repository:{image}:pull,push"' in challenge.header("WWW-Authenticate")
    puller.get("").expect(200)


def test_all_ways_lead_to_the_same(hosted, main_port):
    port = hosted("images", path_enabled=True, subdomain="sub")
    pushed = port.push_image("team/app", "v1")
    for client, image in (
        (main_port(), "images/team/app"),
        (main_port(host="sub.registry.test"), "team/app"),
        (main_port("/repository/images/v2/"), "team/app"),
    ):
        assert client.get(f"{image}/manifests/v1").expect(200).body == pushed.content


def test_a_prefix_that_a_proxy_added_twice_is_tolerated(hosted, main_port):
    hosted("images").push_image("app", "v1")
    main_port("/repository/images/repository/images/v2/").get("app/manifests/v1").expect(200)


def test_by_path_only_where_it_is_enabled(hosted, main_port):
    hosted("images").push_image("app", "v1")
    main_port().get("images/app/manifests/v1").expect(404, "NAME_UNKNOWN")


def test_a_connector_knows_no_other_way(hosted):
    images = hosted("images", path_enabled=True)
    hosted("others", path_enabled=True).push_image("app", "v1")
    images.get("/repository/images/v2/").expect(404, "UNSUPPORTED")
    images.get("others/app/manifests/v1").expect(404, "MANIFEST_UNKNOWN")
    images.get("/").expect(404, "UNSUPPORTED")
    images.get("/service/rest/v1/status").expect(404, "UNSUPPORTED")


def test_a_changed_address_counts_at_once(images, main_port, change_repository):
    images.push_image("app", "v1")
    change_repository(path_enabled=True, http_port=None)
    main_port().get("images/app/manifests/v1").expect(200)
    images.get("app/manifests/v1").expect(404, "UNSUPPORTED")
    change_repository(name="images", path_enabled=False, subdomain="sub")
    main_port(host="sub.x").get("app/manifests/v1").expect(200)
    main_port().get("images/app/manifests/v1").expect(404, "NAME_UNKNOWN")


@pytest.mark.parametrize("actor", [ADMIN, STRANGER, ANONYMOUS])
@pytest.mark.parametrize(
    "path",
    ["nonsense", "app", "app/manifests", "app/manifests/a/b", "app/blobs", "_oci/ext/discover"],
)
def test_what_is_no_route_is_404_for_everybody(images, actor, path):
    images.as_(actor).get(path).expect(404, "UNSUPPORTED")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "app/manifests/v1", "DELETE, GET, HEAD, PUT"),
        ("PUT", "app/blobs/sha256:0", "DELETE, GET, HEAD"),
        ("GET", "app/blobs/uploads/", "POST"),
        ("DELETE", "app/tags/list", "GET, HEAD"),
        ("OPTIONS", "", "GET, HEAD"),
        ("DELETE", "token", "GET, POST"),
        ("TRACE", "_catalog", "GET, HEAD"),
    ],
)
def test_a_method_that_a_resource_does_not_have_is_405(images, method, path, allow):
    answer = images.request(method, path).expect(405, "UNSUPPORTED")
    assert answer.header("Allow") == allow
