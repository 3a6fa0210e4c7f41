"""`manage.py rescue`, for whoever has the shell and no way in."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import directory
from accounts.actions.first_users import ensure_first_users
from accounts.authentication import authenticate
from accounts.decisions import EVERYTHING, may
from accounts.errors import CredentialsRefused
from accounts.models import User, UserStatus
from accounts.models.security_settings import default_active_realms
from accounts.principals import Principal
from nexuslite import stamps
from tests.support.accounts import take_all_roles


def run(*arguments: str) -> str:
    shown = io.StringIO()
    call_command("rescue", *arguments, stdout=shown)
    return shown.getvalue()


@pytest.fixture
def standard_input(monkeypatch):
    def give(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return give


def test_locked_out_administrator_gets_in_again_while_the_server_runs(
    transactional_db, make_user, set_security, basic, standard_input
):
    make_user("admin", "forgotten", UserStatus.DISABLED)
    set_security(active_realms=[])
    with pytest.raises(CredentialsRefused):
        authenticate(basic("admin", "forgotten"), None, "")
    standard_input("found again\n")
    run("--password-stdin")
    assert authenticate(basic("admin", "found again"), None, "").user_id == "admin"
    assert directory.security_settings().active_realms == tuple(default_active_realms())
    assert directory.find_user("admin").credentials_version == 2


@pytest.mark.django_db
def test_random_password_is_shown_once_and_works(make_user, basic):
    make_user("admin", "forgotten")
    shown = run("--random")
    password = shown.split("Password of admin: ")[1].strip()
    assert len(password) >= 24
    assert authenticate(basic("admin", password), None, "").user_id == "admin"


@pytest.mark.django_db
def test_without_a_terminal_the_password_is_made_up(make_user, standard_input):
    make_user("admin", "forgotten")
    standard_input("")
    assert "Password of admin: " in run()


@pytest.mark.django_db
def test_on_a_terminal_the_password_is_asked_for_twice(make_user, basic, monkeypatch):
    make_user("admin", "forgotten")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    typed = iter(["typed", "typed", "typed", "mistyped"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert "typed" not in run()
    assert authenticate(basic("admin", "typed"), None, "").user_id == "admin"
    with pytest.raises(CommandError, match="differ"):
        run()


@pytest.mark.django_db
def test_a_given_password_is_not_shown(make_user, standard_input):
    make_user("admin", "forgotten")
    standard_input("hidden\n")
    assert "hidden" not in run("--password-stdin")


@pytest.mark.django_db
def test_an_empty_password_is_refused(make_user, standard_input):
    make_user("admin", "old")
    standard_input("\n")
    with pytest.raises(CommandError, match="Password must be supplied"):
        run("--password-stdin")


@pytest.mark.django_db
def test_a_deleted_admin_comes_back(basic, standard_input):
    standard_input("new\n")
    run("--password-stdin")
    assert authenticate(basic("admin", "new"), None, "").user_id == "admin"


@pytest.mark.django_db
def test_the_file_with_the_first_password_goes(settings, standard_input):
    ensure_first_users()
    standard_input("new\n")
    run("--password-stdin")
    assert not (settings.NEXUSLITE_DATA_DIR / "admin.password").exists()
    assert User.objects.get(user_id="admin").status == UserStatus.ACTIVE


def test_an_administrator_without_roles_is_one_again(transactional_db, make_user, standard_input):
    make_user("admin", "old")
    take_all_roles("admin")
    assert not may(Principal("admin"), EVERYTHING)
    standard_input("new\n")
    run("--password-stdin")
    assert may(Principal("admin"), EVERYTHING)


def test_other_realms_stay_active(transactional_db, set_security, standard_input):
    set_security(active_realms=["DockerToken"])
    standard_input("new\n")
    run("--password-stdin")
    active = directory.security_settings().active_realms
    assert active == ("NexusAuthenticatingRealm", "DockerToken")


def test_other_settings_of_security_stay(transactional_db, set_security, standard_input):
    set_security(anonymous_enabled=True, active_realms=[])
    before = stamps.security()
    standard_input("new\n")
    run("--password-stdin")
    assert directory.security_settings().anonymous_enabled
    assert stamps.security() != before
