"""The privileges that every server has: computed, never rows (Nexus 3, "Privileges").

Those of a repository come and go with it. The names, descriptions and actions are Nexus's, also
where they are irregular: an administrator finds what the documentation says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from accounts.privileges import ALL, PrivilegeRecord, PrivilegeType

FORMATS = (
    "alpine",
    "ansiblegalaxy",
    "apt",
    "bower",
    "cargo",
    "cocoapods",
    "composer",
    "conan",
    "conda",
    "docker",
    "gitlfs",
    "go",
    "helm",
    "huggingface",
    "maven2",
    "npm",
    "nuget",
    "p2",
    "pub",
    "pypi",
    "r",
    "raw",
    "rubygems",
    "swift",
    "terraform",
    "yum",
)
"""The formats that Nexus ships, whether this server stores them or not."""

_VIEW = PrivilegeType.REPOSITORY_VIEW
_ADMIN = PrivilegeType.REPOSITORY_ADMIN
_VIEW_ACTIONS = (ALL, "browse", "read", "edit", "add", "delete")
_ADMIN_ACTIONS = (ALL, "browse", "read", "edit", "delete")

_OF_REPOSITORY = re.compile(
    r"nx-(?P<type>repository-(?:view|admin))-(?P<format>[^-]+)-(?P<repository>.+)"
    r"-(?P<action>\*|browse|read|edit|add|delete)"
)
_RESERVED = ("nx-repository-view-", "nx-repository-admin-")

_CRUD_DOMAINS = (
    "blobstores",
    "capabilities",
    "datastores",
    "ldap",
    "privileges",
    "roles",
    "selectors",
    "ssl-truststore",
    "tags",
    "tasks",
    "users",
)
_CRUD = (
    ("all", "All permissions", (ALL,)),
    ("create", "Create permission", ("create", "read")),
    ("read", "Read permission", ("read",)),
    ("update", "Update permission", ("update", "read")),
    ("delete", "Delete permission", ("delete", "read")),
)
# Name without `nx-`, description, domain, actions.
_SINGLE = (
    ("analytics-all", "All permissions for Analytics", "analytics", (ALL,)),
    ("apikey-all", "All permissions for APIKey", "apikey", (ALL,)),
    ("atlas-all", "All permissions for Support Tools", "atlas", (ALL,)),
    ("bundles-all", "All permissions for Bundles", "bundles", (ALL,)),
    ("bundles-read", "Read permission for Bundles", "bundles", ("read",)),
    ("component-upload", "Upload component permission", "component", ("create",)),
    ("crowd-all", "All permissions for Crowd", "crowd", (ALL,)),
    ("crowd-read", "Read permission for Crowd", "crowd", ("read",)),
    ("crowd-update", "Update permission for Crowd", "crowd", ("update", "read")),
    ("healthcheck-read", "Read permission for Health Check", "healthcheck", ("read",)),
    ("healthcheck-update", "Update permission for Health Check", "healthcheck", ("update", "read")),
    (
        "healthcheck-summary-read",
        "Read permission for Health Check Summary Reports",
        "healthchecksummary",
        ("read",),
    ),
    (
        "iq-violation-summary-read",
        "Read permission for IQ violation summary data",
        "iq-violation-summary",
        ("read",),
    ),
    ("licensing-all", "All permissions for Licensing", "licensing", (ALL,)),
    ("licensing-create", "Create permission for Licensing", "licensing", ("create", "read")),
    ("licensing-read", "Read permission for Licensing", "licensing", ("read",)),
    ("licensing-uninstall", "Uninstall permission for Licensing", "licensing", ("delete", "read")),
    ("logging-all", "All permissions for Logging", "logging", (ALL,)),
    ("logging-mark", "Mark permission for Logging", "logging", ("create", "read")),
    ("logging-read", "Read permission for Logging", "logging", ("read",)),
    ("logging-update", "Update permission for Logging", "logging", ("update", "read")),
    ("metrics-all", "All permissions for Metrics", "metrics", (ALL,)),
    ("search-read", "Read permission for Search", "search", ("read",)),
    ("settings-all", "All permissions for Settings", "settings", (ALL,)),
    ("settings-read", "Read permission for Settings", "settings", ("read",)),
    ("settings-update", "Update permission for Settings", "settings", ("update", "read")),
    ("tags-associate", "Associate permission for Tags", "tags", ("associate",)),
    ("tags-disassociate", "Disassociate permission for Tags", "tags", ("disassociate",)),
    ("tasks-run", "Run permission for Scheduled Tasks", "tasks", ("start", "stop")),
    ("userschangepw", "Change password permission", "userschangepw", ("create", "read")),
    ("usertoken-all", "All permissions for Usertoken", "usertoken", (ALL,)),
    ("usertoken-current", "Current permission for Usertoken", "usertoken-current", ("read",)),
    ("usertoken-settings", "Settings permission for Usertoken", "usertoken-settings", (ALL,)),
    ("usertoken-user", "User permission for Usertoken", "usertoken-user", (ALL,)),
    ("wonderland-all", "All permissions for Wonderland", "wonderland", (ALL,)),
)
_SCRIPT_ACTIONS = (
    ("All permissions", (ALL,)),
    ("Browse permissions", ("browse", "read")),
    ("Read permissions", ("read",)),
    ("Edit permissions", ("edit", "read")),
    ("Add permissions", ("add", "read")),
    ("Delete permissions", ("delete", "read")),
    ("Run permissions", ("run",)),
)


@lru_cache(maxsize=1)
def builtin_privileges() -> Mapping[str, PrivilegeRecord]:
    """All built-in privileges that belong to no single repository, by name."""
    return MappingProxyType({record.name: record for record in _builtin()})


def repository_privileges(repository_format: str, name: str) -> list[PrivilegeRecord]:
    """The privileges of one repository: to view it, and to administer it (but not to add it)."""
    views = [_of_repository(_VIEW, repository_format, name, action) for action in _VIEW_ACTIONS]
    return views + [
        _of_repository(_ADMIN, repository_format, name, action) for action in _ADMIN_ACTIONS
    ]


def find_builtin(name: str) -> PrivilegeRecord | None:
    """The built-in privilege of that name, also one of a repository, which need not exist."""
    known = builtin_privileges().get(name)
    if known is not None:
        return known
    found = _OF_REPOSITORY.fullmatch(name)
    if found is None or ALL in (found["format"], found["repository"]):
        return None
    if found["action"] == "add" and found["type"] == _ADMIN:
        return None
    return _of_repository(
        PrivilegeType(found["type"]), found["format"], found["repository"], found["action"]
    )


def is_reserved(name: str) -> bool:
    """Whether the name is one that a repository's privileges have, or may have one day."""
    return name.startswith(_RESERVED)


def _builtin() -> Iterator[PrivilegeRecord]:
    yield PrivilegeRecord(
        "nx-all", PrivilegeType.WILDCARD, "All permissions", read_only=True, pattern="nexus:*"
    )
    for domain in _CRUD_DOMAINS:
        for suffix, sentence, actions in _CRUD:
            title = domain[0].upper() + domain[1:]
            yield _application(f"nx-{domain}-{suffix}", f"{sentence} for {title}", domain, actions)
    for name, description, domain, actions in _SINGLE:
        yield _application(f"nx-{name}", description, domain, actions)
    for sentence, actions in _SCRIPT_ACTIONS:
        yield PrivilegeRecord(
            f"nx-script-*-{actions[0]}",
            PrivilegeType.SCRIPT,
            f"{sentence} for Scripts",
            read_only=True,
            actions=actions,
            script_name=ALL,
        )
    for action in _VIEW_ACTIONS:
        word = action.capitalize() if action != ALL else "All"
        yield _view_of_all(_VIEW, action, f"{word} permissions for all repository views")
        yield _view_of_all(_ADMIN, action, _sentence(action, "all repository administration"))
    for repository_format in FORMATS:
        for action in _VIEW_ACTIONS:
            yield _of_repository(_VIEW, repository_format, ALL, action)


def _application(
    name: str, description: str, domain: str, actions: tuple[str, ...]
) -> PrivilegeRecord:
    return PrivilegeRecord(
        name,
        PrivilegeType.APPLICATION,
        description,
        read_only=True,
        actions=actions,
        domain=domain,
    )


def _view_of_all(privilege_type: PrivilegeType, action: str, description: str) -> PrivilegeRecord:
    return PrivilegeRecord(
        f"nx-{privilege_type}-*-*-{action}",
        privilege_type,
        description,
        read_only=True,
        actions=(action,),
        format=ALL,
        repository=ALL,
    )


def _of_repository(
    privilege_type: PrivilegeType, repository_format: str, name: str, action: str
) -> PrivilegeRecord:
    whose = f"all '{repository_format}'-format" if name == ALL else name
    kind = "views" if privilege_type is _VIEW else "administration"
    return PrivilegeRecord(
        f"nx-{privilege_type}-{repository_format}-{name}-{action}",
        privilege_type,
        _sentence(action, f"{whose} repository {kind}"),
        read_only=True,
        actions=(action,),
        format=repository_format,
        repository=name,
    )


def _sentence(action: str, what: str) -> str:
    start = "All privileges" if action == ALL else f"{action.capitalize()} privilege"
    return f"{start} for {what}"
