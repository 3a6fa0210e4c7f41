"""Changing passwords."""

from __future__ import annotations

import pytest

from accounts.actions.change_password import change_own_password, change_password
from accounts.actions.first_users import ensure_first_users
from accounts.authentication import authenticate
from accounts.errors import CredentialsRefused, InvalidPassword, NotPermitted, UserNotFound
from accounts.models import User, UserStatus
from accounts.principals import ANONYMOUS, Principal


def test_the_new_password_counts_at_once_and_the_old_one_no_more(
    transactional_db, make_user, basic
):
    make_user("alice", "old")
    authenticate(basic("alice", "old"), None, "")
    change_own_password(Principal("alice"), "old", "new")
    assert authenticate(basic("alice", "new"), None, "").user_id == "alice"
    with pytest.raises(CredentialsRefused):
        authenticate(basic("alice", "old"), None, "")


def test_the_credentials_version_rises(make_user):
    make_user("alice", "old")
    for version, current in ((2, "old"), (3, "new")):
        change_own_password(Principal("alice"), current, "new")
        assert User.objects.get(user_id="alice").credentials_version == version


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UserStatus.CHANGE_PASSWORD, UserStatus.ACTIVE),
        (UserStatus.ACTIVE, UserStatus.ACTIVE),
        (UserStatus.DISABLED, UserStatus.DISABLED),
    ],
)
def test_only_the_duty_to_change_the_password_ends_with_it(make_user, before, after):
    make_user("admin")
    make_user("alice", "old", before)
    change_password(Principal("admin"), "alice", "new")
    assert User.objects.get(user_id="alice").status == after


@pytest.mark.parametrize("actor", [Principal("bob"), ANONYMOUS, Principal("nobody")])
def test_nobody_but_an_administrator_changes_the_password_of_others(make_user, basic, actor):
    make_user("bob")
    make_user("alice", "old")
    with pytest.raises(NotPermitted):
        change_password(actor, "alice", "new")
    assert authenticate(basic("alice", "old"), None, "").user_id == "alice"


def test_the_own_password_is_changed_by_whoever_knows_the_one_of_now(make_user, basic):
    make_user("admin", "old")
    for actor in (Principal("admin"), Principal("admin", source="LDAP"), ANONYMOUS):
        with pytest.raises(NotPermitted):
            change_own_password(actor, "guess" if actor.source == "default" else "old", "new")
    assert authenticate(basic("admin", "old"), None, "").user_id == "admin"


def test_not_even_the_own_password_is_changed_without_it_by_others_right(make_user):
    make_user("alice", "old")
    with pytest.raises(NotPermitted):
        change_password(Principal("alice"), "alice", "new")


def test_an_unknown_user_is_named(make_user):
    make_user("admin")
    with pytest.raises(UserNotFound, match=r"^User 'nobody' not found\.$"):
        change_password(Principal("admin"), "nobody", "new")


@pytest.mark.parametrize("password", ["", "\ud800", "x" * 5000])
def test_a_password_that_cannot_be_stored_is_refused(make_user, password):
    make_user("alice", "old")
    with pytest.raises(InvalidPassword):
        change_own_password(Principal("alice"), "old", password)
    make_user("admin")
    with pytest.raises(InvalidPassword):
        change_password(Principal("admin"), "alice", password)
    assert User.objects.get(user_id="alice").credentials_version == 1


@pytest.mark.django_db
def test_the_first_change_of_admins_password_removes_the_file(settings, make_user):
    ensure_first_users()
    path = settings.NEXUSLITE_DATA_DIR / "admin.password"
    make_user("alice", "old")
    change_own_password(Principal("alice"), "old", "new")
    assert path.exists()
    change_password(Principal("admin"), "admin", "new")
    assert not path.exists()
    assert User.objects.get(user_id="admin").status == UserStatus.ACTIVE
