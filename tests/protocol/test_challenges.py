"""Who is asked to sign in, how, and that nobody learns what is hidden."""

import pytest

from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, UI_PORT, basic, digest_of

BASIC = 'BASIC realm="Sonatype Nexus Repository Manager"'


def bearer_challenge(host, service, path="/v2/token", **parameters):
    value = f'Bearer realm="http://{host}{path}",service="{service}"'
    return value + "".join(f',{name}="{text}"' for name, text in parameters.items())


def service_of(client):
    return f"repository-{client.entrance.connector.partition(':')[0]}"


def challenge_of(client, path="", method="GET"):
    return client.request(method, path).expect(401).header("WWW-Authenticate")


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
@pytest.mark.parametrize("anonymous_enabled", [False, True])
def test_the_base_always_challenges(images, set_security, path, anonymous_enabled):
    set_security(anonymous_enabled=anonymous_enabled)
    answer = images.as_(ANONYMOUS).get(path).expect(401, "UNAUTHORIZED")
    assert answer.body == (
        b'{"errors":[{"code":"UNAUTHORIZED","message":"access to the requested resource is not '
        b'authorized","detail":null}]}'
    )
    expected = bearer_challenge("registry.test:5001", service_of(images))
    assert answer.header("WWW-Authenticate") == expected
    assert images.as_(ANONYMOUS).head(path).expect(401).headers == answer.headers


@pytest.mark.parametrize("actor", [ADMIN, STRANGER])
def test_whoever_has_signed_in_sees_the_base(images, actor):
    answer = images.as_(actor).get("/v2/").expect(200)
    assert answer.body == b"{}"
    assert images.as_(actor).head("/v2/").expect(200).headers == answer.headers


def test_basic_alone_is_offered_where_it_is_forced(hosted):
    images = hosted(force_basic_auth=True)
    assert challenge_of(images.as_(ANONYMOUS)) == BASIC
    assert challenge_of(images.as_(ANONYMOUS), "app/manifests/v1") == BASIC
    images.get("/v2/").expect(200)
    # Tokens are taken as well.
    images.with_token("repository:app:pull").get("app/manifests/v1").expect(404)


def test_basic_is_taken_where_tokens_are_offered(images):
    images.get("app/manifests/v1").expect(404)


@pytest.mark.parametrize(
    ("method", "path", "actions"),
    [
        ("GET", "team/app/manifests/v1", "pull"),
        ("HEAD", "team/app/manifests/v1", "pull"),
        ("GET", f"team/app/blobs/{digest_of(b'')}", "pull"),
        ("GET", "team/app/tags/list", "pull"),
        ("GET", f"team/app/referrers/{digest_of(b'')}", "pull"),
        ("POST", "team/app/blobs/uploads/", "pull,push"),
        ("PATCH", "team/app/blobs/uploads/x", "pull,push"),
        ("PUT", "team/app/blobs/uploads/x", "pull,push"),
        ("DELETE", "team/app/blobs/uploads/x", "pull,push"),
        ("PUT", "team/app/manifests/v1", "pull,push"),
        ("DELETE", "team/app/manifests/v1", "delete"),
        ("DELETE", f"team/app/blobs/{digest_of(b'')}", "delete"),
    ],
)
def test_a_challenge_names_the_scope_that_is_needed(images, method, path, actions):
    client = images.as_(ANONYMOUS)
    scope = f"repository:team/app:{actions}"
    expected = bearer_challenge("registry.test:5001", service_of(images), scope=scope)
    assert challenge_of(client, path, method) == expected
    # With a token of that scope the request gets through.
    status = images.with_token(scope).request(method, path).status
    assert status not in {401, 403}


def test_by_path_one_challenge_stands_for_the_host(hosted, main_port):
    hosted("first", path_enabled=True)
    hosted("second", path_enabled=True, force_basic_auth=True)
    client = main_port().as_(ANONYMOUS)
    expected = bearer_challenge(f"registry.test:{UI_PORT}", "nexuslite")
    assert challenge_of(client) == expected
    for name in ("first", "second", "unknown"):
        scope = f'{expected},scope="repository:{name}/app:pull"'
        assert challenge_of(client, f"{name}/app/manifests/v1") == scope
    token = main_port().token("repository:first/app:pull", "repository:second/app:pull")
    for name in ("first", "second"):
        main_port().as_(f"Bearer {token}").get(f"{name}/app/tags/list").expect(404)


def test_by_path_basic_is_offered_when_all_repositories_force_it(hosted, main_port):
    hosted("first", path_enabled=True, force_basic_auth=True)
    assert challenge_of(main_port().as_(ANONYMOUS)) == BASIC
    assert challenge_of(main_port().as_(ANONYMOUS), "unknown/app/tags/list") == BASIC


def test_a_mounted_repository_asks_for_basic_as_any_name_does(hosted, main_port):
    # fault 27: what offers tokens would differ from what does not exist.
    hosted("images")
    for name in ("images", "absent"):
        client = main_port(f"/repository/{name}/v2/").as_(ANONYMOUS)
        assert challenge_of(client) == BASIC


@pytest.mark.parametrize(
    "host", ['evil".test', "a\\b", "x\ty", "[::1]:5000", "", "x" * 300, "ä.test", 'a",b="c']
)
def test_no_host_header_breaks_a_challenge(hosted, main_port, host):
    # fault 31
    hosted("images", path_enabled=True)
    client = main_port(host=host.replace("\t", "")).as_(ANONYMOUS)
    challenge_of(client)
    challenge_of(client, "images/app/manifests/v1")


@pytest.mark.parametrize(
    "segment",
    ["a%0d%0aSet-Cookie:x", "a%22", "a%5c", "%00", "%7f", "A", "a b", "%C3%BC", "..", "a,b"],
)
def test_no_path_breaks_a_challenge(hosted, main_port, segment):
    # fault 19
    hosted("images", path_enabled=True)
    for actor in (ANONYMOUS, STRANGER, ADMIN):
        client = main_port().as_(actor)
        path = segment.replace(" ", "%20")
        client.get(f"{path}/app/manifests/v1").expect(400, "NAME_INVALID")


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic !!!",
        "Basic " + "x" * 9000,
        "Bearer",
        "Bearer x",
        "Bearer a.b.c",
        "Negotiate abc",
        "nonsense",
        "Digest username=x",
        basic("admin", "wrong"),
        basic("nobody", "admin-password"),
        basic("admin", ""),
        basic("admin\0", "x"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/", "app/manifests/v1"])
def test_credentials_that_are_no_good_are_401(images, value, path):
    images.as_(value).get(path).expect(401, "UNAUTHORIZED")


def test_the_empty_login_of_podman_counts_as_none(images):
    images.as_(basic("", "")).get("/v2/").expect(401)


def every_request(image, digest):
    yield from (("GET", f"{image}/manifests/{reference}") for reference in ("v1", digest))
    yield "HEAD", f"{image}/manifests/v1"
    yield "PUT", f"{image}/manifests/v1"
    yield "DELETE", f"{image}/manifests/v1"
    yield from ((method, f"{image}/blobs/{digest}") for method in ("GET", "HEAD", "DELETE"))
    yield "GET", f"{image}/tags/list"
    yield "GET", f"{image}/referrers/{digest}"
    yield "POST", f"{image}/blobs/uploads/"
    yield "POST", f"{image}/blobs/uploads/?mount={digest}&from={image}"
    yield "POST", f"{image}/blobs/uploads/?digest={digest}"
    yield from ((method, f"{image}/blobs/uploads/x") for method in ("GET", "PATCH", "DELETE"))
    yield "PUT", f"{image}/blobs/uploads/x?digest={digest}"


@pytest.mark.parametrize("actor", [ANONYMOUS, STRANGER])
@pytest.mark.parametrize("anonymous_enabled", [False, True])
def test_what_is_hidden_looks_like_what_is_not_there(
    images, set_security, actor, anonymous_enabled, contents
):
    # fault 25, 27
    set_security(anonymous_enabled=anonymous_enabled)
    pushed = images.push_image("team/hidden", "v1")
    before = contents()
    client = images.as_(actor)
    digest = digest_of(pushed.config)
    known = list(every_request("team/hidden", digest))
    unknown = list(every_request("team/absent", digest))
    for (method, path), (_, other) in zip(known, unknown, strict=True):
        hidden = client.request(method, path)
        absent = client.request(method, other)
        assert hidden.status == (401 if actor is ANONYMOUS else 403)
        assert absent.body.replace(b"absent", b"hidden") == hidden.body
        shown = [(name, value.replace("absent", "hidden")) for name, value in absent.headers]
        assert shown == list(hidden.headers)
    client.get("_catalog").expect(401 if actor is ANONYMOUS else 403)
    assert contents() == before


@pytest.mark.parametrize("actor", [ANONYMOUS, STRANGER])
@pytest.mark.parametrize("prefix", ["/v2/{}/", "/repository/{}/v2/"])
@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("forced", [True, False])
def test_a_hidden_repository_looks_like_none(
    hosted, main_port, change_repository, actor, prefix, online, forced
):
    # fault 25, 27
    hosted("hidden", path_enabled=True, force_basic_auth=forced).push_image("app", "v1")
    change_repository("hidden", online=online)
    client = main_port().as_(actor)
    for path in ("app/manifests/v1", "app/tags/list", "_catalog"):
        hidden = client.get(prefix.format("hidden") + path)
        absent = client.get(prefix.format("absent") + path)
        assert hidden.status == absent.status == (401 if actor is ANONYMOUS else 403)
        assert hidden.body == absent.body
        shown = [(name, value.replace("absent", "hidden")) for name, value in absent.headers]
        assert shown == list(hidden.headers)


def test_the_administrator_is_told_that_a_repository_does_not_exist(hosted, main_port):
    hosted("images", path_enabled=True)
    for path in ("/v2/absent/app/tags/list", "/repository/absent/v2/app/tags/list"):
        main_port().get(path).expect(404, "NAME_UNKNOWN")
    main_port().post("/v2/absent/app/blobs/uploads/").expect(404, "NAME_UNKNOWN")
    main_port().get("_catalog").expect(404, "NAME_UNKNOWN")
