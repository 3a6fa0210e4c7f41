"""The token endpoint and what its tokens open: Distribution's token.md, oauth.md and scope.md."""

import base64
import json
import time
from urllib.parse import urlencode

import jwt
import pytest

from accounts import tokens
from accounts.models import User
from accounts.principals import ResourceAccess
from nexuslite import stamps
from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, basic, bearer

ON_BOTH_DATABASES = True

APP = "repository:team/app:pull,push"


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def access_of(token):
    return {entry["name"]: set(entry["actions"]) for entry in claims_of(token)["access"]}


def service_of(client):
    return f"repository-{client.entrance.connector.partition(':')[0]}"


def post_form(client, **fields):
    body = urlencode(fields, doseq=True).encode()
    return client.as_(ANONYMOUS).post(
        client.token_path, body, Content_Type="application/x-www-form-urlencoded"
    )


def test_a_token_says_what_it_is_and_lives_as_long_as_it_says(images):
    answer = images.get("/v2/token?service=x&scope=" + APP).expect(200)
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store"
    content = answer.json()
    assert content["token"] == content["access_token"]
    assert content["expires_in"] >= 60
    assert "refresh_token" not in content
    claims = claims_of(content["token"])
    assert claims["aud"] == service_of(images)
    assert claims["sub"] == "admin"
    assert claims["exp"] - claims["iat"] == content["expires_in"]
    assert access_of(content["token"]) == {"team/app": {"pull", "push"}}


def test_a_login_without_a_scope_gives_a_token_for_the_base(images):
    query = "account=admin&client_id=docker&offline_token=true&service=x"
    content = images.get(f"/v2/token?{query}").expect(200).json()
    images.as_(bearer(content["token"])).get("/v2/").expect(200)
    images.as_(bearer(content["token"])).get("team/app/tags/list").expect(401)
    assert content["refresh_token"]


@pytest.mark.parametrize(
    "query",
    [
        "scope=repository:a:pull&scope=repository:b:pull,push",
        "scope=repository:a:pull%20repository:b:push,pull",
        "scope=repository:a:pull+repository:b:push,pull&scope=repository:b:pull",
        "scope=repository(plugin):a:pull&scope=repository:b:pull&scope=repository:b:push",
        "scope=repository:a:pull&scope=nonsense&scope=repository:b:pull,push,fly&scope=",
    ],
)
def test_several_scopes(images, query):
    token = images.get(f"/v2/token?{query}").expect(200).json()["token"]
    assert access_of(token) == {"a": {"pull"}, "b": {"pull", "push"}}


@pytest.mark.parametrize("scope", [APP, "repository:team/app:*", "registry:catalog:*", "x:y:z"])
def test_less_than_was_asked_for_is_no_error(images, scope):
    # fault 26
    token = images.as_(STRANGER).get(f"/v2/token?scope={scope}").expect(200).json()["token"]
    assert access_of(token) == {}
    stranger = images.as_(bearer(token))
    stranger.get("/v2/").expect(200)
    answer = stranger.get("team/app/tags/list").expect(401, "UNAUTHORIZED")
    assert ',error="insufficient_scope"' in answer.header("WWW-Authenticate")


def test_everything_means_what_is_allowed(images):
    # fault 26
    token = images.token("repository:team/app:*")
    assert access_of(token) == {"team/app": {"pull", "push", "delete"}}


@pytest.mark.parametrize(
    ("user_id", "password"), [("admin", "wrong"), ("nobody", "x"), ("admin", ""), ("", "x")]
)
def test_a_wrong_password_is_refused_in_docker_s_words(images, user_id, password):
    answer = images.as_(basic(user_id, password)).get(f"/v2/token?scope={APP}")
    answer.expect(401, "UNAUTHORIZED")
    assert answer.error["message"] == "incorrect username or password"
    form = post_form(images, grant_type="password", username=user_id, password=password)
    assert form.expect(401).body == answer.body


def test_nobody_gets_a_token_without_signing_in(images):
    images.as_(ANONYMOUS).get(f"/v2/token?scope={APP}").expect(401, "UNAUTHORIZED")


def test_an_anonymous_token_opens_nothing_that_is_not_open(images, set_security):
    # fault 27
    set_security(anonymous_enabled=True)
    images.push_image("team/app", "v1")
    anonymous = images.as_(ANONYMOUS).with_token(APP)
    anonymous.get("/v2/").expect(200)
    anonymous.get("team/app/manifests/v1").expect(401)
    set_security(anonymous_enabled=False)
    anonymous.get("/v2/").expect(401)


def test_a_token_is_no_credential_for_another_token(images):
    images.with_token(APP).get(f"/v2/token?scope={APP}").expect(401)


def test_a_token_by_a_form_with_a_password(images):
    answer = post_form(
        images,
        grant_type="password",
        username="admin",
        password="admin-password",
        service="x",
        client_id="containerd-client",
        scope=f"{APP} repository:other:pull",
        access_type="offline",
    ).expect(200)
    content = answer.json()
    assert access_of(content["access_token"]) == {"team/app": {"pull", "push"}, "other": {"pull"}}
    assert content["refresh_token"]
    assert content["expires_in"] >= 60
    images.as_(bearer(content["access_token"])).start_upload("team/app")


def test_a_token_by_a_form_with_a_refresh_token(images, hosted):
    login = images.get("/v2/token?offline_token=true").json()
    fields = {"grant_type": "refresh_token", "service": "x", "client_id": "docker", "scope": APP}
    content = post_form(images, refresh_token=login["refresh_token"], **fields).expect(200).json()
    images.as_(bearer(content["access_token"])).start_upload("team/app")
    for wrong in (login["token"], "x", ""):
        post_form(images, refresh_token=wrong, **fields).expect(401)
    post_form(hosted("others"), refresh_token=login["refresh_token"], **fields).expect(401)
    images.as_(bearer(login["refresh_token"])).get("/v2/").expect(401)


def test_a_form_may_come_with_chunked_coding(images):
    body = urlencode({"grant_type": "password", "username": "admin", "password": "admin-password"})
    images.as_(ANONYMOUS).post("/v2/token", iter([body.encode()])).expect(200)


@pytest.mark.parametrize("grant", ["", "authorization_code", "client_credentials"])
def test_other_grants_are_refused(images, grant):
    post_form(images, grant_type=grant).expect(400, "UNSUPPORTED")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a&" * 600, b"\0"])
def test_a_form_that_cannot_be_read_is_refused(images, body):
    images.as_(ANONYMOUS).post("/v2/token", body).expect(400, "UNSUPPORTED")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_is_too_long_is_refused(images, chunked):
    body = b"grant_type=" + b"x" * 100_000
    answer = images.as_(ANONYMOUS).post("/v2/token", iter([body]) if chunked else body)
    answer.expect(413, "SIZE_INVALID")


def test_a_token_that_would_be_too_long_is_refused(images):
    scopes = "&".join(f"scope=repository:{'x' * 200}{number}:pull" for number in range(60))
    images.get(f"/v2/token?{scopes}").expect(400, "UNSUPPORTED")


def test_a_token_of_another_repository_is_refused(images, hosted, main_port):
    # fault 26
    others = hosted("others", path_enabled=True)
    token = bearer(images.token(APP))
    for client in (others, main_port()):
        answer = client.as_(token).get("").expect(401)
        assert answer.header("WWW-Authenticate").endswith(',error="invalid_token"')
    # Nor by a guessed name, its own among them: that would tell what the repository is called.
    for name in ("others", "images", "absent"):
        main_port(f"/repository/{name}/v2/").as_(token).get("").expect(401)


def test_a_token_of_another_image_is_refused(images):
    # fault 26
    images.push_image("team/other", "v1")
    pusher = images.with_token(APP)
    for method, path in (
        ("GET", "team/other/manifests/v1"),
        ("GET", "team/other/tags/list"),
        ("PUT", "team/other/manifests/v1"),
        ("POST", "team/other/blobs/uploads/"),
        ("DELETE", "team/app/manifests/v1"),
    ):
        answer = pusher.request(method, path).expect(401, "UNAUTHORIZED")
        assert ',error="insufficient_scope"' in answer.header("WWW-Authenticate")


def issue(client, *, sub="admin", audience=None, actions=("pull", "push")):
    access = [ResourceAccess("repository", "team/app", actions)]
    return tokens.issue(sub, audience or service_of(client), access, 1).text


def test_a_token_ends_when_it_says(images, monkeypatch):
    # fault 15, 26
    token = issue(images)
    images.as_(bearer(token)).get("/v2/").expect(200)
    lifetime = claims_of(token)["exp"] - time.time()
    now = time.time

    def at(seconds):
        monkeypatch.setattr(time, "time", lambda: now() + seconds)
        return images.as_(bearer(token)).get("team/app/tags/list")

    at(lifetime - 5).expect(404)
    answer = at(lifetime + tokens.LEEWAY_SECONDS + 5).expect(401)
    assert answer.header("WWW-Authenticate").endswith(',error="invalid_token"')


def forged(token, **changes):
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==="))
    encoded = base64.urlsafe_b64encode(json.dumps({**claims, **changes}).encode())
    return f"{header}.{encoded.decode().rstrip('=')}.{signature}"


def unsigned(token):
    claims = claims_of(token)
    return jwt.encode(claims, key=None, algorithm="none")


@pytest.mark.parametrize(
    "change",
    [
        lambda token: forged(token, sub="admin", access=[]),
        lambda token: forged(token, exp=2**40),
        lambda token: forged(token, aud=["a", "b"]),
        unsigned,
        lambda token: jwt.encode(claims_of(token), "guess" * 10, algorithm="HS256"),
        lambda token: token[:-4],
        lambda token: token + "x",
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: "x" * 10_000,
    ],
)
def test_a_forged_token_is_refused(images, change):
    # fault 26
    token = issue(images)
    answer = images.as_(bearer(change(token))).get("/v2/").expect(401, "UNAUTHORIZED")
    assert answer.header("WWW-Authenticate").endswith(',error="invalid_token"')


def test_a_token_for_another_audience_is_refused(images):
    # fault 26
    for audience in ("nexuslite", "repository-999", "registry.test:5001"):
        images.as_(bearer(issue(images, audience=audience))).get("/v2/").expect(401)


def test_a_token_never_gives_more_than_its_user_may(images):
    # fault 26
    images.push_image("team/app", "v1")
    token = bearer(issue(images, sub="stranger"))
    images.as_(token).get("/v2/").expect(200)
    images.as_(token).get("team/app/manifests/v1").expect(401)


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"credentials_version": 2}])
def test_a_token_ends_with_the_credentials_it_came_from(images, change):
    # fault 26
    pushed = images.push_image("team/app", "v1")
    puller = images.with_token("repository:team/app:pull")
    for _ in range(2):
        assert puller.get("team/app/manifests/v1").expect(200).body == pushed.content
    with stamps.change(stamps.SECURITY):
        User.objects.filter(user_id="admin").update(**change)
    answer = puller.get("team/app/manifests/v1").expect(401)
    assert ',error="invalid_token"' in answer.header("WWW-Authenticate")


def test_tokens_count_only_while_their_realm_is_active(images, set_security):
    token = images.with_token(APP)
    token.get("/v2/").expect(200)
    set_security(active_realms=["NexusAuthenticatingRealm"])
    token.get("/v2/").expect(401)
    images.as_(ADMIN).get("/v2/").expect(200)
