"""What roles give: nested, merged, and never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.decisions import may, repository_view
from accounts.models import Privilege, Role, UserRole
from accounts.principals import Principal
from accounts.roles import BUILTIN_ROLES, RoleRecord, closure
from nexuslite import stamps

IDS = st.sampled_from("abcdef")


@given(st.dictionaries(IDS, st.lists(IDS, max_size=6)), st.lists(IDS, max_size=3))
def test_the_closure_is_all_that_can_be_reached_each_once_whatever_the_cycles(contained, given_ids):
    roles = {each: RoleRecord(each, each, roles=tuple(below)) for each, below in contained.items()}
    found = [role.id for role in closure(given_ids, roles)]
    reached = {each for each in given_ids if each in roles}
    while more := {b for a in reached for b in contained[a] if b in roles} - reached:
        reached |= more
    assert sorted(found) == sorted(reached)


def test_the_built_in_roles():
    admin, anonymous = BUILTIN_ROLES["nx-admin"], BUILTIN_ROLES["nx-anonymous"]
    assert (admin.description, admin.privileges) == ("Administrator Role", ("nx-all",))
    assert anonymous.description == "Anonymous Role"
    assert anonymous.privileges == (
        "nx-search-read",
        "nx-healthcheck-read",
        "nx-repository-view-*-*-browse",
        "nx-repository-view-*-*-read",
    )
    assert all(role.read_only and role.source == "default" for role in BUILTIN_ROLES.values())


def give(**roles: tuple[list[str], list[str]]) -> None:
    """Makes roles: their privileges and the roles they contain."""
    with stamps.change(stamps.SECURITY):
        for role_id, (privileges, below) in roles.items():
            Role.objects.create(role_id=role_id, name=role_id, privileges=privileges, roles=below)


def assign(user_id: str, *role_ids: str, source: str = "default") -> None:
    with stamps.change(stamps.SECURITY):
        for role_id in role_ids:
            UserRole.objects.create(user_id=user_id, source=source, role_id=role_id)


def view(repository: str, action: str) -> str:
    return repository_view("docker", repository, action)


def test_a_user_has_what_all_roles_and_those_in_them_give(transactional_db, make_user):
    make_user("alice")
    give(
        reader=(["nx-repository-view-docker-a-read"], []),
        pusher=(["nx-repository-view-docker-a-add"], ["reader"]),
        other=(["nx-repository-view-docker-b-read"], ["gone"]),
    )
    assign("alice", "pusher", "other", "unknown")
    alice = Principal("alice")
    assert may(alice, view("a", "read"))
    assert may(alice, view("a", "add"))
    assert may(alice, view("b", "read"))
    assert not may(alice, view("b", "add"))
    assert not may(alice, view("a", "delete"))


def test_a_cycle_is_endured(transactional_db, make_user):
    make_user("alice")
    give(a=(["nx-search-read"], ["b"]), b=(["nx-metrics-all"], ["a", "b"]))
    assign("alice", "b")
    assert may(Principal("alice"), "nexus:search:read")
    assert may(Principal("alice"), "nexus:metrics:read")


def test_a_role_that_has_a_groups_id_belongs_to_its_members(transactional_db):
    group = "CN=Builders,OU=Groups"
    give(**{group: (["nx-repository-view-docker-a-read"], [])})
    member = Principal("carol", source="LDAP", groups=(group, "others"))
    assert may(member, view("a", "read"))
    assert not may(Principal("carol", source="LDAP"), view("a", "read"))
    # A role that was given to the external user by hand counts beside.
    give(local=(["nx-repository-view-docker-b-read"], []))
    assign("carol", "local", source="LDAP")
    assert may(member, view("b", "read"))
    assert may(Principal("carol", source="LDAP"), view("b", "read"))
    assert not may(Principal("carol"), view("b", "read"))


def test_a_user_of_one_source_has_nothing_of_another_of_the_same_name(transactional_db, make_user):
    make_user("admin")
    assert may(Principal("admin"), "nexus:*")
    assert not may(Principal("admin", source="LDAP"), "nexus:*")


@pytest.mark.parametrize(
    ("kind", "properties", "permission"),
    [
        ("wildcard", {"pattern": "nexus:repository-view:*:a:read"}, view("a", "read")),
        ("application", {"domain": "tasks", "actions": ["start"]}, "nexus:tasks:start"),
        (
            "repository-view",
            {"format": "docker", "repository": "a", "actions": ["read", "add"]},
            view("a", "add"),
        ),
        (
            "repository-admin",
            {"format": "*", "repository": "*", "actions": ["*"]},
            "nexus:repository-admin:docker:x:edit",
        ),
        (
            "repository-content-selector",
            {
                "format": "docker",
                "repository": "*",
                "content_selector": "team",
                "actions": ["read"],
            },
            "nexus:repository-content-selector:team:docker:a:read",
        ),
        (
            "repository-content-selector",
            {
                "format": "*",
                "repository": "*-docker",
                "content_selector": "team",
                "actions": ["read"],
            },
            "nexus:repository-content-selector:team:docker:a:read",
        ),
        ("script", {"script_name": "*", "actions": ["run"]}, "nexus:script:any:run"),
    ],
)
def test_privileges_of_every_type_count(transactional_db, make_user, kind, properties, permission):
    make_user("alice")
    give(role=(["made"], []))
    assign("alice", "role")
    assert not may(Principal("alice"), permission)
    with stamps.change(stamps.SECURITY):
        Privilege.objects.create(name="made", type=kind, properties=properties)
    assert may(Principal("alice"), permission)
    assert not may(Principal("alice"), "nexus:users:read")


def test_the_first_decision_takes_three_queries_and_the_next_none(
    transactional_db, make_user, queries
):
    make_user("alice")
    give(**{f"role-{number}": (["nx-search-read"], []) for number in range(20)})
    assign("alice", *(f"role-{number}" for number in range(20)))
    with queries() as seen:
        may(Principal("alice"), "nexus:search:read")
    assert len(seen) == 3
    with queries() as seen:
        may(Principal("alice"), "nexus:tasks:read")
    assert seen == []
