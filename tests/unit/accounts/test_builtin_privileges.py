"""The built-in privileges, by the names that administrators know from Nexus."""

from __future__ import annotations

import pytest

from accounts.builtin_privileges import (
    FORMATS,
    builtin_privileges,
    find_builtin,
    is_reserved,
    repository_privileges,
)
from accounts.permissions import PermissionSet, parse
from accounts.privileges import PrivilegeType

CRUD = (
    "blobstores",
    "capabilities",
    "datastores",
    "ldap",
    "privileges",
    "roles",
    "selectors",
    "ssl-truststore",
    "tasks",
    "users",
)
SINGLE = [
    "nx-all",
    "nx-analytics-all",
    "nx-apikey-all",
    "nx-atlas-all",
    "nx-bundles-all",
    "nx-bundles-read",
    "nx-component-upload",
    "nx-healthcheck-read",
    "nx-healthcheck-update",
    "nx-healthcheck-summary-read",
    "nx-logging-all",
    "nx-logging-read",
    "nx-logging-update",
    "nx-logging-mark",
    "nx-metrics-all",
    "nx-search-read",
    "nx-settings-all",
    "nx-settings-read",
    "nx-settings-update",
    "nx-tasks-run",
    "nx-userschangepw",
    "nx-wonderland-all",
]
VIEW_ACTIONS = ("*", "browse", "read", "edit", "add", "delete")

# Name, description, actions as REST shows them, permission.
KNOWN = [
    ("nx-all", "All permissions", [], "nexus:*"),
    ("nx-blobstores-all", "All permissions for Blobstores", ["ALL"], "nexus:blobstores:*"),
    (
        "nx-blobstores-create",
        "Create permission for Blobstores",
        ["ADD", "READ"],
        "nexus:blobstores:create,read",
    ),
    ("nx-roles-read", "Read permission for Roles", ["READ"], "nexus:roles:read"),
    (
        "nx-ssl-truststore-update",
        "Update permission for Ssl-truststore",
        ["EDIT", "READ"],
        "nexus:ssl-truststore:update,read",
    ),
    (
        "nx-users-delete",
        "Delete permission for Users",
        ["DELETE", "READ"],
        "nexus:users:delete,read",
    ),
    (
        "nx-tasks-run",
        "Run permission for Scheduled Tasks",
        ["START", "STOP"],
        "nexus:tasks:start,stop",
    ),
    (
        "nx-userschangepw",
        "Change password permission",
        ["ADD", "READ"],
        "nexus:userschangepw:create,read",
    ),
    ("nx-component-upload", "Upload component permission", ["ADD"], "nexus:component:create"),
    ("nx-atlas-all", "All permissions for Support Tools", ["ALL"], "nexus:atlas:*"),
    ("nx-wonderland-all", "All permissions for Wonderland", ["ALL"], "nexus:wonderland:*"),
    ("nx-script-*-*", "All permissions for Scripts", ["ALL"], "nexus:script:*:*"),
    (
        "nx-script-*-add",
        "Add permissions for Scripts",
        ["ADD", "READ"],
        "nexus:script:*:add,read",
    ),
    ("nx-script-*-run", "Run permissions for Scripts", ["RUN"], "nexus:script:*:run"),
    (
        "nx-repository-view-*-*-*",
        "All permissions for all repository views",
        ["ALL"],
        "nexus:repository-view:*:*:*",
    ),
    (
        "nx-repository-view-*-*-browse",
        "Browse permissions for all repository views",
        ["BROWSE"],
        "nexus:repository-view:*:*:browse",
    ),
    (
        "nx-repository-view-docker-*-*",
        "All privileges for all 'docker'-format repository views",
        ["ALL"],
        "nexus:repository-view:docker:*:*",
    ),
    (
        "nx-repository-view-maven2-*-read",
        "Read privilege for all 'maven2'-format repository views",
        ["READ"],
        "nexus:repository-view:maven2:*:read",
    ),
    (
        "nx-repository-admin-*-*-add",
        "Add privilege for all repository administration",
        ["ADD"],
        "nexus:repository-admin:*:*:add",
    ),
]


@pytest.mark.parametrize(("name", "description", "actions", "permission"), KNOWN)
def test_a_privilege_is_what_nexus_says(name, description, actions, permission):
    record = builtin_privileges()[name]
    assert record.description == description
    assert record.rest_actions == actions
    assert record.permission == permission
    assert record.read_only


@pytest.mark.parametrize("domain", CRUD)
def test_every_domain_has_its_set(domain):
    wanted = {f"nx-{domain}-{each}" for each in ("all", "create", "read", "update", "delete")}
    assert wanted <= builtin_privileges().keys()


@pytest.mark.parametrize("name", SINGLE)
def test_the_single_ones_are_there(name):
    assert name in builtin_privileges()


@pytest.mark.parametrize("repository_format", ["docker", "maven2", "npm", "raw", "yum"])
def test_every_format_has_a_set_to_view_and_none_to_administer(repository_format):
    assert repository_format in FORMATS
    names = [name for name in builtin_privileges() if f"-{repository_format}-*-" in name]
    expected = [f"nx-repository-view-{repository_format}-*-{action}" for action in VIEW_ACTIONS]
    assert names == expected


def test_the_names_are_all_different_and_lead_back():
    for name, record in builtin_privileges().items():
        assert record.name == name
        assert find_builtin(name) is record
        parse(record.permission)


def test_the_privileges_of_a_repository():
    records = {record.name: record for record in repository_privileges("docker", "my-images")}
    views = {f"nx-repository-view-docker-my-images-{action}" for action in VIEW_ACTIONS}
    admin = {
        f"nx-repository-admin-docker-my-images-{action}"
        for action in VIEW_ACTIONS
        if action != "add"
    }
    assert records.keys() == views | admin
    read = records["nx-repository-view-docker-my-images-read"]
    assert read.description == "Read privilege for my-images repository views"
    assert read.permission == "nexus:repository-view:docker:my-images:read"
    everything = records["nx-repository-admin-docker-my-images-*"]
    assert everything.description == "All privileges for my-images repository administration"
    assert everything.type is PrivilegeType.REPOSITORY_ADMIN
    for name, record in records.items():
        assert find_builtin(name) == record
        assert is_reserved(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nx-nothing",
        "nx-repository-admin-docker-images-add",
        "nx-repository-admin-docker-*-read",
        "nx-repository-view-docker-images",
        "nx-repository-view-docker--read",
        "nx-repository-view-*-images-read",
        "nx-repository-view-unknown-*-read",
        "nx-repository-view-docker-images-run",
        "NX-ALL",
    ],
)
def test_other_names_stand_for_nothing(name):
    assert find_builtin(name) is None


def test_the_sets_are_what_they_are_for():
    create = PermissionSet([builtin_privileges()["nx-roles-create"].permission])
    assert create.implies("nexus:roles:create")
    assert create.implies("nexus:roles:read")
    assert not create.implies("nexus:roles:delete")
