"""The one door for questions of permission."""

from __future__ import annotations

import pytest

from accounts import decisions
from accounts.decisions import may, repository_view
from accounts.models import User, UserStatus
from accounts.principals import ANONYMOUS, Principal
from nexuslite import stamps

READ = repository_view("docker", "hosted", "read")


def test_admin_may_everything(make_user):
    make_user("admin")
    admin = Principal("admin")
    assert may(admin, READ)
    assert may(admin, decisions.repository_admin("docker", "hosted", "delete"))
    assert may(admin, decisions.application("blobstores", "create"))
    assert may(admin, decisions.EVERYTHING)


def test_other_users_may_nothing(make_user):
    make_user("alice")
    assert not may(Principal("alice"), READ)


def test_a_name_alone_gives_nothing_without_its_user(db):
    assert not may(Principal("admin"), READ)


def test_anonymous_may_nothing_while_anonymous_access_is_off(make_user):
    make_user("anonymous")
    assert not may(ANONYMOUS, READ)


def test_anonymous_may_what_the_configured_user_may(make_user, set_security):
    make_user("admin")
    set_security(anonymous_enabled=True, anonymous_user_id="admin")
    assert may(ANONYMOUS, READ)
    set_security(anonymous_user_id="nobody")
    assert not may(ANONYMOUS, READ)


@pytest.mark.parametrize("status", [UserStatus.DISABLED, UserStatus.LOCKED])
def test_a_disabled_user_may_nothing_from_the_next_question_on(status, transactional_db, make_user):
    make_user("admin")
    assert may(Principal("admin"), READ)
    with stamps.change(stamps.SECURITY):
        User.objects.filter(user_id="admin").update(status=status)
    assert not may(Principal("admin"), READ)


def test_a_second_question_costs_no_query(transactional_db, make_user, queries):
    make_user("admin")
    may(Principal("admin"), READ)
    with queries() as seen:
        assert may(Principal("admin"), repository_view("docker", "other", "add"))
    assert seen == []


@pytest.mark.parametrize("name", ["", "a:b", "a,b", ":"])
def test_a_name_that_would_change_the_meaning_is_refused(name):
    with pytest.raises(ValueError, match="cannot be a part"):
        repository_view("docker", name, "read")


def test_the_permission_of_a_repository_view_is_spelt_as_nexus_spells_it():
    assert READ == "nexus:repository-view:docker:hosted:read"
