"""The users of a fresh server and the file with the first password."""

from __future__ import annotations

import uuid

import pytest

from accounts.actions.change_password import change_password
from accounts.actions.first_users import ensure_first_users
from accounts.authentication import authenticate
from accounts.directory import security_settings
from accounts.models import User, UserRole, UserStatus
from accounts.principals import Principal


@pytest.fixture
def password_file(settings):
    return settings.NEXUSLITE_DATA_DIR / "admin.password"


@pytest.mark.django_db
def test_a_fresh_server_has_admin_and_anonymous_and_nobody_else():
    ensure_first_users()
    admin = User.objects.get(user_id="admin")
    anonymous = User.objects.get(user_id="anonymous")
    assert User.objects.count() == 2
    assert (admin.first_name, admin.last_name) == ("Administrator", "User")
    assert admin.email == "admin@example.org"
    assert anonymous.source == admin.source == "default"
    assert anonymous.status == "active"
    held = set(UserRole.objects.values_list("user_id", "role_id"))
    assert held == {("admin", "nx-admin"), ("anonymous", "nx-anonymous")}
    assert security_settings().active_realms == ("NexusAuthenticatingRealm",)
    assert not security_settings().anonymous_enabled


@pytest.mark.django_db
def test_the_random_password_is_in_a_file_for_the_owner_alone(password_file, basic):
    ensure_first_users()
    password = password_file.read_text()
    assert str(uuid.UUID(password)) == password
    assert password_file.stat().st_mode & 0o777 == 0o600
    assert authenticate(basic("admin", password), None, "").user_id == "admin"
    assert User.objects.get(user_id="admin").status == UserStatus.CHANGE_PASSWORD
    assert [path.name for path in password_file.parent.glob("admin*")] == ["admin.password"]


@pytest.mark.django_db
def test_a_given_password_is_used_and_written_nowhere(settings, password_file, basic):
    settings.NEXUSLITE_ADMIN_PASSWORD = "given by the operator"
    ensure_first_users()
    assert authenticate(basic("admin", "given by the operator"), None, "").user_id == "admin"
    assert User.objects.get(user_id="admin").status == UserStatus.ACTIVE
    assert not password_file.exists()


@pytest.mark.django_db
def test_a_second_start_changes_nothing(settings, password_file):
    ensure_first_users()
    before = list(User.objects.values())
    password = password_file.read_text()
    settings.NEXUSLITE_ADMIN_PASSWORD = "given too late"
    ensure_first_users()
    assert list(User.objects.values()) == before
    assert password_file.read_text() == password


@pytest.mark.django_db
def test_a_server_that_has_users_gets_no_admin_back(make_user, password_file):
    make_user("alice")
    ensure_first_users()
    assert [user.user_id for user in User.objects.all()] == ["alice"]
    assert not password_file.exists()


@pytest.mark.django_db
def test_a_file_left_by_a_crash_before_the_users_were_stored_is_replaced(password_file, basic):
    password_file.write_text("of the start that crashed")
    password_file.chmod(0o644)
    ensure_first_users()
    assert password_file.stat().st_mode & 0o777 == 0o600
    assert authenticate(basic("admin", password_file.read_text()), None, "").user_id == "admin"


@pytest.mark.django_db
def test_a_file_left_by_a_crash_after_a_password_change_goes_at_the_next_start(password_file):
    ensure_first_users()
    change_password(Principal("admin"), "admin", "another")
    password_file.write_text("stale")
    ensure_first_users()
    assert not password_file.exists()


def test_who_loses_the_race_to_create_the_users_leaves_the_winners_password(
    transactional_db, password_file, monkeypatch, basic
):
    ensure_first_users()
    password = password_file.read_text()
    # A second node that looked before the first one committed.
    looks = iter([False, False])
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda _: next(looks))
    ensure_first_users()
    monkeypatch.undo()
    assert User.objects.count() == 2
    assert password_file.read_text() == password
