"""Who may do what, by every route: written by hand, and what the tests hold the program to.

Nothing here asks the program. A new route needs a line: the matrix fails for a route of Django's
URL configuration or of `repositories/docker/routes.py` that has none, and a method that has no
line must be answered with 405.

A line says: method, route, answer to those who may, and who may. What everybody else gets follows
from how they come (`REFUSAL`, `Page`, `Rest`), where the line does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.matrix import bodies
from tests.support.accounts import BOTH_REALMS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All that are tried on every route."""
NO_HEAD = frozenset({"token"})
"""Routes whose GET cannot be asked by HEAD, as everywhere else."""

# --- who there is -------------------------------------------------------------------------------

RIGHTS = {
    "admin": None,
    "pusher": ("read", "add", "edit"),
    "puller": ("read",),
    "browser": ("browse",),
    "stranger": (),
    "disabled": ("browse", "read", "add", "edit", "delete"),
}
"""The users, and what each may do in `team` and `forced`; `admin` has the role `nx-admin`."""
GUEST_RIGHTS = ("browse", "read")
"""What the user of anonymous access may do in `team` and `forced`."""
SEARCHERS = ("browser", "guest")
"""Whose roles hold `nx-search-read` as well."""
USERS = tuple(RIGHTS)
NOBODY = "nobody"
"""Who shows no credentials, or asks for a token without any."""
INTRUDER = "intruder"
"""Who shows a wrong password of a user that there is."""
ACTORS = (*USERS, NOBODY, INTRUDER)
GUEST = "guest"
"""What nobody is taken for while anonymous access is on."""
LOCKED_OUT = "locked out"
"""Whose credentials count for nothing."""

ADMIN = frozenset({"admin"})
PUSHERS = ADMIN | {"pusher"}
READERS = ADMIN | {"pusher", "puller", GUEST}
BROWSERS = ADMIN | {"browser", GUEST}
VIEWERS = READERS | BROWSERS
SIGNED_IN = ADMIN | {"pusher", "puller", "browser", "stranger"}
EVERYBODY = SIGNED_IN | {GUEST, NOBODY}


@dataclass(frozen=True)
class Settings:
    """Anonymous access, and which of the realms are active."""

    anonymous: bool
    local: bool = True
    tokens: bool = True

    @property
    def realms(self) -> list[str]:
        """The ids of the active realms."""
        switches = zip(BOTH_REALMS, (self.local, self.tokens), strict=True)
        return [realm for realm, on in switches if on]

    def __str__(self) -> str:
        switches = (("anonymous", self.anonymous), ("local", self.local), ("tokens", self.tokens))
        return " ".join(f"{'+' if on else '-'}{name}" for name, on in switches)


SETTINGS = tuple(
    Settings(anonymous, local, tokens)
    for anonymous in (False, True)
    for local, tokens in ((True, True), (True, False), (False, True))
)


def taken_for(settings: Settings, actor: str, credential: str) -> str:
    """Who the server takes a request for: a user, `guest`, `nobody` or `locked out`.

    Credentials: none, basic, session, token, and stale: a token that was issued while its user
    was an administrator.
    """
    without = GUEST if settings.anonymous else NOBODY
    good = actor in SIGNED_IN
    match credential:
        case "none":
            return without
        case "session":
            return actor if good and settings.local else without
        case "basic":
            return actor if good and settings.local else LOCKED_OUT
    if not settings.tokens:
        return LOCKED_OUT
    if actor == NOBODY:
        return GUEST if settings.anonymous else LOCKED_OUT
    return actor if good else LOCKED_OUT


# --- the registry API ---------------------------------------------------------------------------

WAYS = ("port", "https", "path", "sub-domain", "mount")
"""The ways to a repository. A group's address is one more: see `world.doorway`."""
BY_NAME = ("path", "mount")
"""Those on which the client says the repository's name, and may guess it."""
REFUSAL = {"none": 401, "basic": 403, "token": 401, "stale": 401}
"""What the registry API answers those who may not, by the credentials they show."""


@dataclass(frozen=True)
class Registry:
    """Route, method, the answer to those who may, and who may (in `team`; admin everywhere)."""

    route: str
    method: str
    status: int
    who: frozenset[str]


REGISTRY = (
    Registry("manifest", "GET", 200, READERS),
    Registry("manifest", "PUT", 201, PUSHERS),
    Registry("manifest", "DELETE", 202, ADMIN),
    Registry("uploads", "POST", 202, PUSHERS),
    Registry("upload", "GET", 204, READERS),
    Registry("upload", "PATCH", 202, PUSHERS),
    Registry("upload", "PUT", 201, PUSHERS),
    Registry("upload", "DELETE", 204, PUSHERS),
    Registry("blob", "GET", 200, READERS),
    Registry("blob", "DELETE", 202, ADMIN),
    Registry("tags", "GET", 200, READERS),
    Registry("referrers", "GET", 200, READERS),
    Registry("catalog", "GET", 200, READERS),
    Registry("ping", "GET", 200, READERS),
    Registry("search", "GET", 200, READERS),
    # Whoever shows good credentials; an anonymous token is one.
    Registry("base", "GET", 200, SIGNED_IN | {GUEST}),
    # See `token_answer`.
    Registry("token", "GET", 200, SIGNED_IN | {GUEST}),
    Registry("token", "POST", 400, EVERYBODY),
)
V1 = frozenset({"ping", "search"})
"""Routes of the old API, which has no path-based routing."""
TOKEN_SCOPES = {
    "admin": "delete,pull,push",
    "pusher": "pull,push",
    "puller": "pull",
    GUEST: "pull",
}
"""What a token for an image of `team` says at most."""


def registry_answer(
    row: Registry, settings: Settings, actor: str, credential: str, way: str, repository: str
) -> int:
    """The status of a request for what exists in `team`, `forced` or `vault`, or in `vapor`."""
    who = taken_for(settings, actor, credential)
    if row.route in V1 and way == "path":
        return 404
    if row.route == "token":
        return token_answer(row.method, settings, who, credential, way, repository)
    if who == LOCKED_OUT:
        return 401
    if row.route == "base":
        return 401 if credential == "none" else 200
    if _may(row, settings, who, credential, way, repository):
        return 404 if repository == "vapor" else row.status
    return REFUSAL[credential]


def _may(
    row: Registry, settings: Settings, who: str, credential: str, way: str, repository: str
) -> bool:
    by_token = credential in ("token", "stale")
    if repository == "vapor":
        # Nobody else is told that there is no such repository; no token can be for it.
        return who == "admin" and not by_token
    if row.route == "catalog" and by_token and way == "path":
        # A token of a host is never for the names of all images of one repository.
        return False
    if who == GUEST and not takes_guests(settings, repository):
        return False
    return who in row.who and (repository != "vault" or who == "admin")


def takes_guests(settings: Settings, repository: str) -> bool:
    """Whether docker clients may come without credentials: `team` and `vault` allow it."""
    return settings.anonymous and settings.tokens and repository != "forced"


def token_scope(settings: Settings, actor: str, credential: str, repository: str) -> str:
    """What a token that was asked for everything in an image may say, empty for nothing."""
    who = taken_for(settings, actor, credential)
    if who == GUEST and not takes_guests(settings, repository):
        return ""
    hidden = repository == "vapor" or (repository == "vault" and who != "admin")
    return "" if hidden else TOKEN_SCOPES.get(who, "")


def token_answer(
    method: str, settings: Settings, who: str, credential: str, way: str, repository: str
) -> int:
    """The status of the token endpoint (a POST brings no grant); `docs/sign-in.md` has more."""
    if not settings.tokens:
        return 403
    if method == "POST":
        return 400
    if credential == "basic":
        return 401 if who == LOCKED_OUT else 200
    if credential == "none":
        # Where names can be guessed the endpoint answers alike for all of them.
        open_to_guests = repository != "forced" or way in BY_NAME
        return 200 if who == GUEST and open_to_guests else 401
    # A token that could renew itself would never end.
    return 401


# --- REST and pages -----------------------------------------------------------------------------

Body = Callable[[str, Settings], Any]
"""Makes a body for the name that the path holds."""


@dataclass(frozen=True)
class Rest:
    """Method, path below `/service/rest/v1/`, answer to those who may, who may, and the body.

    `{repository}`, `{user}`, `{role}`, `{privilege}` and `{store}` stand for something that is
    there and that the others may not know of; `[image]`, `[tag]` and `[digest]` for what is in the
    repository. The lines are run in their order by those who may,
    on `spare`: one line makes it, later ones change it, and the last deletes it.
    """

    method: str
    path: str
    status: int
    who: frozenset[str]
    body: Body | None = None
    refused: int = 403
    """The answer to who has signed in and may not."""
    missing: int = 404
    """The answer to who may, where the name is nothing's."""
    nobody: int = 401
    guest: int = 403
    seen_by: frozenset[str] = frozenset()
    """Who may know that it is there, and gets 403 where others get 404."""
    keeps_session: bool = True

    @property
    def target(self) -> str:
        return f"/service/rest/v1/{self.path}"


@dataclass(frozen=True)
class Page(Rest):
    """The same for a page, by its whole path; who has not signed in is asked to."""

    nobody: int = 302
    guest: int = 302

    @property
    def target(self) -> str:
        return f"/{self.path}"


HOSTED = "repositories/docker/hosted"
PROXIES = "repositories/docker/proxy"
GROUPS = "repositories/docker/group"
SECURITY = "admin/security"
REPOSITORIES = "admin/repository/repositories"
SELECTORS = "admin/repository/content-selectors"
STORES = "admin/repository/blobstores"
RULES = "admin/repository/routing-rules"
IMAGE = "browse/{repository}/[image]"

REST = (
    Rest("GET", "status", 200, EVERYBODY),
    Rest("GET", "status/writable", 200, EVERYBODY),
    # Blob stores.
    Rest("GET", "blobstores", 200, ADMIN),
    Rest("POST", "blobstores/file", 204, ADMIN, bodies.file_store),
    Rest("GET", "blobstores/file/{store}", 200, ADMIN),
    Rest("PUT", "blobstores/file/{store}", 204, ADMIN, bodies.file_store),
    Rest("GET", "blobstores/{store}/quota-status", 200, ADMIN),
    Rest("DELETE", "blobstores/{store}", 204, ADMIN),
    # The store called `file`, of which there is none.
    Rest("DELETE", "blobstores/file", 404, ADMIN),
    # No bucket is needed to be refused: the name is taken, or there is no such store.
    Rest("POST", "blobstores/s3", 400, ADMIN, bodies.s3_store_of_a_taken_name),
    Rest("DELETE", "blobstores/s3", 404, ADMIN),
    Rest("GET", "blobstores/s3/none", 404, ADMIN),
    Rest("PUT", "blobstores/s3/none", 404, ADMIN, bodies.s3_store),
    # Repositories.
    # Without a repository; and the id of what is in none.
    Rest("GET", "components", 422, EVERYBODY),
    Rest("GET", "components/bm9uZTox", 404, ADMIN, refused=404),
    Rest("DELETE", "components/bm9uZTox", 404, ADMIN, refused=404),
    Rest("GET", "repositories", 200, SIGNED_IN | {GUEST}),
    Rest("GET", "repositorySettings", 200, SIGNED_IN | {GUEST}),
    Rest("POST", HOSTED, 201, ADMIN, bodies.hosted),
    Rest("GET", f"{HOSTED}/{{repository}}", 200, ADMIN, refused=404),
    Rest("PUT", f"{HOSTED}/{{repository}}", 204, ADMIN, bodies.hosted),
    Rest("DELETE", "repositories/{repository}", 204, ADMIN),
    Rest("POST", PROXIES, 201, ADMIN, bodies.proxy),
    Rest("GET", f"{PROXIES}/{{proxy}}", 200, ADMIN, refused=404),
    Rest("PUT", f"{PROXIES}/{{proxy}}", 204, ADMIN, bodies.proxy),
    Rest("DELETE", "repositories/{proxy}", 204, ADMIN),
    Rest("POST", GROUPS, 201, ADMIN, bodies.group),
    Rest("GET", f"{GROUPS}/{{group}}", 200, ADMIN, refused=404),
    Rest("PUT", f"{GROUPS}/{{group}}", 204, ADMIN, bodies.group),
    Rest("DELETE", "repositories/{group}", 204, ADMIN),
    Rest("GET", "repositories/{repository}/connectors", 200, ADMIN, refused=404),
    Rest("GET", "repositories/{repository}/status", 200, ADMIN, refused=404),
    Rest("POST", "repositories/{proxy}/invalidate-cache", 204, ADMIN),
    Rest("GET", "repositories/{repository}", 200, VIEWERS, refused=404),
    Rest("GET", "routing-rules", 200, ADMIN),
    Rest("POST", "routing-rules", 204, ADMIN, bodies.rule),
    Rest("GET", "routing-rules/{rule}", 200, ADMIN),
    Rest("PUT", "routing-rules/{rule}", 204, ADMIN, bodies.rule),
    Rest("DELETE", "routing-rules/{rule}", 204, ADMIN),
    # Privileges.
    Rest("GET", "security/privileges", 200, ADMIN),
    Rest("POST", "security/privileges/application", 201, ADMIN, bodies.privilege),
    Rest("GET", "security/privileges/{privilege}", 200, ADMIN),
    Rest("PUT", "security/privileges/application/{privilege}", 204, ADMIN, bodies.privilege),
    Rest("DELETE", "security/privileges/{privilege}", 204, ADMIN),
    Rest("GET", "security/content-selectors", 200, ADMIN),
    Rest("POST", "security/content-selectors", 204, ADMIN, bodies.selector),
    Rest("GET", "security/content-selectors/{selector}", 200, ADMIN),
    Rest("PUT", "security/content-selectors/{selector}", 204, ADMIN, bodies.selector),
    Rest("DELETE", "security/content-selectors/{selector}", 204, ADMIN),
    # Roles.
    Rest("GET", "security/roles", 200, ADMIN),
    Rest("POST", "security/roles", 200, ADMIN, bodies.role),
    Rest("GET", "security/roles/{role}", 200, ADMIN),
    Rest("PUT", "security/roles/{role}", 204, ADMIN, bodies.role),
    Rest("DELETE", "security/roles/{role}", 204, ADMIN),
    # Users.
    Rest("GET", "security/users", 200, ADMIN),
    Rest("GET", "security/user-sources", 200, ADMIN),
    Rest("POST", "security/users", 200, ADMIN, bodies.new_user),
    Rest("PUT", "security/users/{user}", 204, ADMIN, bodies.user),
    Rest("PUT", "security/users/{user}/change-password", 204, ADMIN, bodies.password),
    Rest("DELETE", "security/users/{user}", 204, ADMIN),
    Rest("GET", "security/effective-privileges?userId=admin", 200, ADMIN),
    # Settings of security.
    Rest("GET", "security/realms/available", 200, ADMIN),
    Rest("GET", "security/realms/active", 200, ADMIN),
    Rest("PUT", "security/realms/active?acknowledgeLockout=true", 204, ADMIN, bodies.realms),
    Rest("GET", "security/ssrf-protection", 200, ADMIN),
    Rest("PUT", "security/ssrf-protection", 200, ADMIN, bodies.ssrf_protection),
    Rest("GET", "audit", 200, ADMIN),
    Rest("GET", "audit/export", 200, ADMIN),
    Rest("GET", "security/anonymous", 200, ADMIN),
    Rest("PUT", "security/anonymous", 200, ADMIN, bodies.anonymous),
)

PAGES = (
    Page("GET", "", 200, EVERYBODY),
    Page("GET", "admin/system/status/", 200, ADMIN),
    Page("GET", "service/metrics/prometheus", 200, ADMIN, nobody=401, guest=403),
    Page("GET", f"{REPOSITORIES}/", 200, SIGNED_IN | {GUEST}),
    Page("GET", f"{REPOSITORIES}/-/create/hosted/", 200, ADMIN),
    Page("POST", f"{REPOSITORIES}/-/create/hosted/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{REPOSITORIES}/-/preview/", 200, ADMIN),
    Page("GET", f"{REPOSITORIES}/{{repository}}/", 200, ADMIN, refused=404),
    Page("POST", f"{REPOSITORIES}/{{repository}}/", 422, ADMIN, refused=404),
    Page("GET", f"{REPOSITORIES}/{{repository}}/-/delete/", 200, ADMIN, refused=404),
    # Unconfirmed: nothing is deleted.
    Page("POST", f"{REPOSITORIES}/{{repository}}/-/delete/", 200, ADMIN, refused=404),
    Page("GET", "search/?q=p", 200, BROWSERS, refused=404),
    Page("GET", "admin/system/audit/", 200, ADMIN),
    Page("GET", "admin/system/information/", 200, ADMIN),
    Page("GET", f"{SELECTORS}/", 200, ADMIN),
    Page("GET", f"{SELECTORS}/-/create/", 200, ADMIN),
    Page("POST", f"{SELECTORS}/-/create/", 422, ADMIN, bodies.empty_form),
    Page("POST", f"{SELECTORS}/-/try/", 200, ADMIN),
    Page("GET", f"{SELECTORS}/{{selector}}/", 200, ADMIN),
    Page("POST", f"{SELECTORS}/{{selector}}/", 422, ADMIN),
    Page("GET", f"{SELECTORS}/{{selector}}/-/delete/", 200, ADMIN),
    Page("POST", f"{SELECTORS}/{{selector}}/-/delete/", 200, ADMIN),
    Page("GET", f"{STORES}/", 200, ADMIN),
    Page("GET", f"{STORES}/-/create/file/", 200, ADMIN),
    Page("POST", f"{STORES}/-/create/file/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{STORES}/{{store}}/", 200, ADMIN),
    Page("POST", f"{STORES}/{{store}}/", 422, ADMIN),
    Page("GET", f"{STORES}/{{store}}/-/delete/", 200, ADMIN),
    Page("POST", f"{STORES}/{{store}}/-/delete/", 200, ADMIN),
    Page("GET", f"{RULES}/", 200, ADMIN),
    Page("GET", f"{RULES}/-/create/", 200, ADMIN),
    Page("POST", f"{RULES}/-/create/", 422, ADMIN, bodies.empty_form),
    Page("POST", f"{RULES}/-/try/", 200, ADMIN),
    Page("GET", f"{RULES}/{{rule}}/", 200, ADMIN),
    Page("POST", f"{RULES}/{{rule}}/", 422, ADMIN),
    Page("GET", f"{RULES}/{{rule}}/-/delete/", 200, ADMIN),
    Page("POST", f"{RULES}/{{rule}}/-/delete/", 200, ADMIN),
    # The first steps; the password was given when the server was started.
    Page("GET", "setup/password/", 302, ADMIN),
    Page("POST", "setup/password/", 302, ADMIN),
    Page("GET", "setup/anonymous/", 200, ADMIN),
    Page("POST", "setup/anonymous/", 422, ADMIN),
    Page("GET", "setup/repositories/", 302, ADMIN),
    Page("POST", "setup/repositories/", 422, ADMIN),
    Page("GET", "setup/done/", 200, ADMIN),
    Page("GET", "browse/{repository}/", 200, BROWSERS, refused=404),
    Page("GET", f"{IMAGE}/", 200, BROWSERS, refused=404),
    Page("GET", f"{IMAGE}/-/tags/[tag]/", 200, BROWSERS, refused=404),
    Page("GET", f"{IMAGE}/-/manifests/[digest]/", 200, BROWSERS, refused=404),
    Page("GET", f"{IMAGE}/-/manifests/[digest]/raw/", 200, BROWSERS, refused=404),
    # Unconfirmed: nothing is deleted.
    Page("GET", f"{IMAGE}/-/delete-tags/", 200, ADMIN, refused=404, seen_by=BROWSERS),
    Page("POST", f"{IMAGE}/-/delete-tags/", 200, ADMIN, refused=404, seen_by=BROWSERS),
    Page("GET", f"{IMAGE}/-/delete/", 200, ADMIN, refused=404, seen_by=BROWSERS),
    Page("POST", f"{IMAGE}/-/delete/", 200, ADMIN, refused=404, seen_by=BROWSERS),
    # Who has signed in is sent on.
    Page("GET", "sign-in/", 302, SIGNED_IN, nobody=200, guest=200),
    # Wrong fields: everybody may try.
    Page("POST", "sign-in/", 422, EVERYBODY),
    Page("GET", "account/", 200, SIGNED_IN),
    Page("POST", "account/", 422, SIGNED_IN, bodies.empty_form),
    # No session is named.
    Page("POST", "account/end-session/", 404, SIGNED_IN, bodies.empty_form),
    Page("GET", f"{SECURITY}/users/", 200, ADMIN),
    Page("GET", f"{SECURITY}/users/-/create/", 200, ADMIN),
    Page("POST", f"{SECURITY}/users/-/create/", 302, ADMIN, bodies.user_form),
    Page("GET", f"{SECURITY}/users/{{user}}/", 200, ADMIN),
    Page("POST", f"{SECURITY}/users/{{user}}/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{SECURITY}/users/{{user}}/-/password/", 200, ADMIN),
    Page("POST", f"{SECURITY}/users/{{user}}/-/password/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{SECURITY}/users/{{user}}/-/delete/", 200, ADMIN),
    Page("POST", f"{SECURITY}/users/{{user}}/-/delete/", 302, ADMIN, bodies.confirmation),
    Page("GET", f"{SECURITY}/roles/", 200, ADMIN),
    Page("GET", f"{SECURITY}/roles/-/create/", 200, ADMIN),
    Page("POST", f"{SECURITY}/roles/-/create/", 302, ADMIN, bodies.role_form),
    Page("GET", f"{SECURITY}/roles/{{role}}/", 200, ADMIN),
    Page("POST", f"{SECURITY}/roles/{{role}}/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{SECURITY}/roles/{{role}}/-/delete/", 200, ADMIN),
    Page("POST", f"{SECURITY}/roles/{{role}}/-/delete/", 302, ADMIN, bodies.confirmation),
    Page("GET", f"{SECURITY}/privileges/", 200, ADMIN),
    Page("GET", f"{SECURITY}/privileges/-/create/application/", 200, ADMIN),
    Page(
        "POST",
        f"{SECURITY}/privileges/-/create/application/",
        302,
        ADMIN,
        bodies.privilege_form,
    ),
    Page("GET", f"{SECURITY}/privileges/{{privilege}}/", 200, ADMIN),
    Page("POST", f"{SECURITY}/privileges/{{privilege}}/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{SECURITY}/privileges/{{privilege}}/-/delete/", 200, ADMIN),
    Page("POST", f"{SECURITY}/privileges/{{privilege}}/-/delete/", 302, ADMIN, bodies.confirmation),
    Page("GET", f"{SECURITY}/anonymous/", 200, ADMIN),
    Page("POST", f"{SECURITY}/anonymous/", 422, ADMIN, bodies.empty_form),
    Page("GET", f"{SECURITY}/realms/", 200, ADMIN),
    Page("POST", f"{SECURITY}/realms/", 422, ADMIN, bodies.empty_form),
    # No language is named: everybody may try.
    Page("POST", "language/", 400, EVERYBODY),
    Page("POST", "sign-out/", 302, EVERYBODY, keeps_session=False),
    Page("POST", "service/rapture/session", 403, EVERYBODY),
    Page("DELETE", "service/rapture/session", 204, EVERYBODY, keeps_session=False),
)


def web_answer(row: Rest, settings: Settings, actor: str, credential: str, name: str) -> int:
    """The status of a request by a line; `name` is what stands in its path."""
    who = taken_for(settings, actor, credential)
    if who == LOCKED_OUT:
        return 401
    if who in row.who and (name not in PRIVATE | UNKNOWN or who == "admin"):
        return row.missing if name in UNKNOWN else row.status
    if who in row.seen_by - {GUEST} and name not in PRIVATE | UNKNOWN:
        return 403
    return {GUEST: row.guest, NOBODY: row.nobody}.get(who, row.refused)


# --- what nobody but the administrator may know of ------------------------------------------------

PAIRS = {
    "repository": ("vault", "vapor"),
    "user": ("mole", "vole"),
    "role": ("moles", "voles"),
    "privilege": ("burrow", "barrow"),
    "store": ("cellar", "seller"),
    "proxy": ("culvert", "culprit"),
    "group": ("cluster", "bluster"),
    "rule": ("hatch", "match"),
    "selector": ("spyhole", "keyhole"),
    "image": ("blueprint", "greyprint"),
}
"""By kind, something private, and a name of the same length that nothing has."""
PRIVATE = frozenset(private for private, _ in PAIRS.values())
UNKNOWN = frozenset(unknown for _, unknown in PAIRS.values())
PRIVATE_TAG = "prototype-7"
