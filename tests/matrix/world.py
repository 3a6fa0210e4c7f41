"""What the matrix is asked in: users, repositories and content, made through REST and the registry.

The same for requests within this process and over real ports: everything goes by a `Transport`.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.matrix import policy
from tests.matrix.policy import Settings
from tests.rest.conftest import hosted_body
from tests.rest.repository_bodies import group_body, proxy_body, rule_body
from tests.rest.security_bodies import (
    changed_user,
    privilege_body,
    role_body,
    selector_body,
    user_body,
)
from tests.support.registry import (
    Answer,
    Entrance,
    PushedImage,
    RegistryClient,
    Transport,
    basic,
    bearer,
    digest_of,
)

REPOSITORIES = ("team", "forced", "vault")
IMAGES = {"team": "app", "forced": "app", "vault": policy.PAIRS["image"][0]}
UNKNOWN_IMAGES = {"app": "ape", "blueprint": "greyprint"}
"""For each image a name of the same length that nothing has."""
TAGS = {"team": "v1", "forced": "v1", "vault": policy.PRIVATE_TAG}
LOOSE = b"a blob that no manifest needs"
EVERYTHING = "pull,push,delete"


@dataclass(frozen=True)
class Doorway:
    """How a client of one way reaches one repository."""

    entrance: Entrance
    prefix: str
    """Of paths: `/v2/` and what else stands before an image name."""
    scope_prefix: str = ""
    token_path: str = "/v2/token"


@dataclass
class World:
    """The server under test, and what its actors hold in their hands."""

    transport: Transport
    main: Entrance
    admin: str
    """An Authorization header that always counts while passwords do."""
    ports: Mapping[str, tuple[Entrance, Entrance]] = field(default_factory=dict)
    """HTTP and HTTPS by repository."""
    images: dict[str, PushedImage] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    """By kind (token or stale), actor, way and repository."""
    uploads: dict[str, str] = field(default_factory=dict)
    """An upload session of each repository."""
    settings: Settings = field(default_factory=lambda: Settings(anonymous=True))

    # ---- ways in

    def doorway(self, way: str, repository: str) -> Doorway:
        """The way to a repository; to `vapor`, which is not there, by path and mount alone.

        A group's address belongs here once there are groups: one more name in `policy.WAYS`.
        """
        main = self.main
        match way:
            case "port":
                return Doorway(self.ports[repository][0], "/v2/")
            case "https":
                return Doorway(self.ports[repository][1], "/v2/")
            case "path":
                return Doorway(main, f"/v2/{repository}/", f"{repository}/")
            case "sub-domain":
                host = Entrance(main.port, "", f"{repository}.registry.test:{main.port}")
                return Doorway(host, "/v2/")
            case "mount":
                prefix = f"/repository/{repository}/v2/"
                return Doorway(main, prefix, token_path=f"{prefix}token")
        raise ValueError(way)

    def with_content(self, path: str, repository: str) -> str:
        """A path with what is in the repository; in one that is not there with what is private."""
        if repository not in IMAGES:
            repository = "vault"
        parts = {
            "[image]": IMAGES[repository],
            "[tag]": TAGS[repository],
            "[digest]": self.images[repository].digest,
        }
        for part, value in parts.items():
            path = path.replace(part, value)
        return path

    # ---- credentials

    def headers(
        self, actor: str, credential: str, way: str = "port", repository: str = "team"
    ) -> dict[str, str] | None:
        """What an actor sends; None for credentials that the actor was never given."""
        match credential:
            case "none":
                return {}
            case "basic":
                return {"Authorization": self.password(actor)}
            case "session":
                return self.form_headers(f"NXSESSIONID={self.sessions[actor]}; ")
        token = self.tokens.get((credential, actor, way, repository))
        return None if token is None else {"Authorization": bearer(token)}

    def form_headers(self, cookies: str = "") -> dict[str, str]:
        """What a browser sends with a form of a page of the server's own."""
        return {"Cookie": f"{cookies}csrftoken={_CSRF}", "X-CSRFToken": _CSRF}

    def password(self, actor: str) -> str:
        """An Authorization header with the actor's password, or with a wrong one."""
        if actor == "admin":
            return self.admin
        if actor == policy.INTRUDER:
            return basic("pusher", "guess")
        return basic(actor, f"{actor}-password")

    # ---- asking

    def rest(self, method: str, path: str, body: Any = None) -> Answer:
        """REST as admin."""
        answer = self.send(
            self.main, method, f"/service/rest/v1/{path}", {"Authorization": self.admin}, body
        )
        assert answer.status < 300, (method, path, answer)
        return answer

    def send(
        self, entrance: Entrance, method: str, target: str, headers: dict[str, str], body: Any
    ) -> Answer:
        """Any request; texts go as plain text, bytes as a form, other bodies as JSON."""
        if body is None:
            return self.transport.send(entrance, method, target, headers, b"")
        if isinstance(body, bytes):
            kind, content = "application/x-www-form-urlencoded", body
        elif isinstance(body, str):
            kind, content = "text/plain", body.encode()
        else:
            kind, content = "application/json", json.dumps(body).encode()
        headers = {"Content-Type": kind, **headers}
        return self.transport.send(entrance, method, target, headers, content)

    def keeper(self, repository: str) -> RegistryClient:
        """A client that may everything in the repository, by whatever counts at the moment."""
        stale = self.tokens.get(("stale", "admin", "port", repository), "")
        authorization = self.admin if self.settings.local else bearer(stale)
        return RegistryClient(
            self.transport, self.ports[repository][0], authorization=authorization
        )

    # ---- keeping everything there

    def start_upload(self, repository: str) -> None:
        """Gives the repository a new upload session to ask for."""
        location = self.keeper(repository).start_upload(IMAGES[repository])
        self.uploads[repository] = location.rpartition("/")[2]

    def restore(self, repository: str, route: str) -> None:
        """Puts back what an allowed request has used up."""
        keeper, image = self.keeper(repository), IMAGES[repository]
        if route == "manifest":
            pushed = self.images[repository]
            keeper.put_manifest(image, TAGS[repository], pushed.content).expect(201)
        elif route == "blob":
            keeper.push_blob(image, LOOSE)
        elif route == "upload":
            self.start_upload(repository)


_CSRF = "a" * 32


def private_words(world: World) -> list[bytes]:
    """What no answer to anybody but the administrator may hold, unless the request held it."""
    pushed = world.images["vault"]
    digests = [pushed.digest, *map(digest_of, (pushed.config, *pushed.layers))]
    words = [*policy.PRIVATE, policy.PRIVATE_TAG, *digests]
    return [word.encode() for word in words]


CreateRepository = Callable[[str, bool], tuple[Entrance, Entrance]]
"""Makes a hosted repository, by name and `forceBasicAuth`; gives its two entrances."""


def build(world: World, create_repository: CreateRepository) -> World:
    """Makes everything that is asked for, and signs the actors in."""
    world.rest("PUT", "security/realms/active", Settings(anonymous=True).realms)
    world.ports = {name: create_repository(name, name == "forced") for name in REPOSITORIES}
    for name in REPOSITORIES:
        keeper = world.keeper(name)
        world.images[name] = keeper.push_image(IMAGES[name], TAGS[name], seed=name)
        keeper.push_blob(IMAGES[name], LOOSE)
        world.start_upload(name)
    _make_users(world)
    _make_private_things(world)
    _change_roles(world, administrators=True)
    world.rest("PUT", "security/anonymous", anonymous_setting(enabled=True))
    _take_tokens(world, "stale")
    _change_roles(world, administrators=False)
    _take_tokens(world, "token")
    _take_sessions(world)
    disabled = changed_user("disabled", roles=["disabled-role"], status="disabled")
    world.rest("PUT", "security/users/disabled", disabled)
    return world


def anonymous_setting(*, enabled: bool) -> dict[str, Any]:
    """The body of the setting of anonymous access."""
    return {"enabled": enabled, "userId": "anonymous", "realmName": "NexusAuthorizingRealm"}


def hosted(name: str, *, forced: bool, ports: tuple[int, int]) -> dict[str, Any]:
    """The body of a repository that can be reached by every way."""
    return hosted_body(
        name,
        docker__forceBasicAuth=forced,
        docker__httpPort=ports[0],
        docker__httpsPort=ports[1],
        docker__pathEnabled=True,
        docker__subdomain=name,
        docker__v1Enabled=True,
    )


def _make_users(world: World) -> None:
    held = {**policy.RIGHTS, "guest": policy.GUEST_RIGHTS}
    for actor, actions in held.items():
        if actions is None:
            continue
        privileges = [
            f"nx-repository-view-docker-{repository}-{action}"
            for repository in ("team", "forced")
            for action in actions
        ]
        if actor in policy.SEARCHERS:
            privileges.append("nx-search-read")
        world.rest("POST", "security/roles", role_body(f"{actor}-role", privileges=privileges))
        if actor != "guest":
            roles = [f"{actor}-role"]
            world.rest("POST", "security/users", user_body(actor, roles=roles))


def _make_private_things(world: World) -> None:
    """One of everything that has a name; the private repository is made with the others."""
    private = {kind: name for kind, (name, _) in policy.PAIRS.items()}
    world.rest("POST", "security/privileges/application", privilege_body(private["privilege"]))
    world.rest("POST", "security/roles", role_body(private["role"], privileges=["burrow"]))
    world.rest("POST", "security/users", user_body(private["user"], roles=[private["role"]]))
    store = {"name": private["store"], "path": private["store"]}
    world.rest("POST", "blobstores/file", store)
    proxy = proxy_body(private["proxy"], docker__pathEnabled=True)
    world.rest("POST", "repositories/docker/proxy", proxy)
    group = group_body(private["group"], "vault", docker__pathEnabled=True)
    world.rest("POST", "repositories/docker/group", group)
    world.rest("POST", "security/content-selectors", selector_body(private["selector"]))
    world.rest("POST", "routing-rules", rule_body(private["rule"]))


def _change_roles(world: World, *, administrators: bool) -> None:
    for actor, actions in policy.RIGHTS.items():
        if actions is not None:
            roles = ["nx-admin" if administrators else f"{actor}-role"]
            world.rest("PUT", f"security/users/{actor}", changed_user(actor, roles=roles))
    roles = ["nx-admin" if administrators else "guest-role"]
    world.rest("PUT", "security/users/anonymous", changed_user("anonymous", roles=roles))


def _take_tokens(world: World, kind: str) -> None:
    """Every actor asks every token endpoint for everything."""
    for actor in (*policy.USERS, policy.NOBODY):
        headers = {} if actor == policy.NOBODY else {"Authorization": world.password(actor)}
        for way in policy.WAYS:
            for repository in (*REPOSITORIES, *(["vapor"] if way in policy.BY_NAME else [])):
                doorway = world.doorway(way, repository)
                target = f"{doorway.token_path}?{urlencode(_scopes(doorway), doseq=True)}"
                answer = world.send(doorway.entrance, "GET", target, headers, None)
                if answer.status == 200:
                    world.tokens[kind, actor, way, repository] = answer.json()["token"]


def _scopes(doorway: Doorway) -> dict[str, list[str]]:
    names = ["app", "ape", "blueprint", "greyprint"]
    images = [f"repository:{doorway.scope_prefix}{name}:{EVERYTHING}" for name in names]
    return {"service": ["any"], "scope": [*images, "registry:catalog:*"]}


def _take_sessions(world: World) -> None:
    for actor in policy.USERS:
        user_id, password = _decoded(world.password(actor))
        fields = {
            "username": b64encode(user_id.encode()),
            "password": b64encode(password.encode()),
        }
        body = urlencode(fields).encode()
        answer = world.send(world.main, "POST", "/service/rapture/session", {}, body)
        assert answer.status == 204, answer
        cookies = SimpleCookie("; ".join(answer.all("Set-Cookie")))
        world.sessions[actor] = cookies["NXSESSIONID"].value


def _decoded(authorization: str) -> tuple[str, str]:
    user_id, _, password = b64decode(authorization.partition(" ")[2]).decode().partition(":")
    return user_id, password
