"""Bearer and refresh tokens: what is accepted, and above all what is not."""

from __future__ import annotations

import base64
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tokens
from accounts.errors import InvalidToken
from accounts.principals import ResourceAccess

ACCESS = (ResourceAccess("repository", "team/app", ("pull", "push")),)
AUDIENCE = "repository:1"


def issue(user_id="alice", audience=AUDIENCE, access=ACCESS, version=3) -> str:
    return tokens.issue(user_id, audience, access, version).text


@pytest.fixture
def issued_ago(monkeypatch):
    """Issues a token as a clock so many seconds behind would have."""

    def issue_then(seconds: float) -> str:
        with monkeypatch.context() as patch:
            then = time.time() - seconds
            patch.setattr(tokens, "time", SimpleNamespace(time=lambda: then))
            return issue()

    return issue_then


def test_a_token_says_what_it_was_issued_for():
    token = tokens.verify(issue(), AUDIENCE)
    assert token.user_id == "alice"
    assert token.access == ACCESS
    assert token.credentials_version == 3
    assert token.audience == AUDIENCE
    assert not token.has_expired()


def test_an_anonymous_token_has_an_empty_subject():
    text = issue(user_id=None)
    assert tokens.verify(text, AUDIENCE).user_id is None
    assert jwt.decode(text, options={"verify_signature": False})["sub"] == ""


def test_claims_and_header_are_those_of_distribution(settings):
    settings.TOKEN_LIFETIME_SECONDS = 300
    text = issue()
    claims = jwt.decode(text, options={"verify_signature": False})
    assert claims["iss"] == "nexuslite"
    assert claims["aud"] == AUDIENCE
    assert claims["exp"] - claims["iat"] == 300
    assert claims["nbf"] == claims["iat"]
    assert claims["access"] == [
        {"type": "repository", "name": "team/app", "actions": ["pull", "push"]}
    ]
    header = jwt.get_unverified_header(text)
    assert header["typ"] == "JWT"
    assert header["kid"]


def test_no_two_tokens_are_the_same():
    assert tokens.verify(issue(), AUDIENCE).token_id != tokens.verify(issue(), AUDIENCE).token_id


@pytest.mark.parametrize(("configured", "told"), [(300, 300), (5, 60)])
def test_expires_in_is_true_and_never_under_a_minute(settings, configured, told):
    settings.TOKEN_LIFETIME_SECONDS = configured
    issued = tokens.issue("alice", AUDIENCE, ACCESS, 1)
    assert issued.expires_in == told
    assert tokens.verify(issued.text, AUDIENCE).expires_at == issued.issued_at.timestamp() + told


@pytest.mark.parametrize("audience", ["repository:2", "host", "", "repository:1 "])
def test_a_token_counts_at_its_audience_alone(audience):  # fault 26
    with pytest.raises(InvalidToken):
        tokens.verify(issue(), audience)


def test_an_expired_token_is_refused(issued_ago, settings):  # fault 26
    with pytest.raises(InvalidToken):
        tokens.verify(issued_ago(settings.TOKEN_LIFETIME_SECONDS + 90), AUDIENCE)


@pytest.mark.parametrize("seconds", [-45, 345])
def test_clocks_may_differ_by_less_than_a_minute(issued_ago, settings, seconds):  # fault 15
    settings.TOKEN_LIFETIME_SECONDS = 300
    assert tokens.verify(issued_ago(seconds), AUDIENCE).user_id == "alice"


def test_a_token_of_the_far_future_is_refused(issued_ago):  # fault 15
    with pytest.raises(InvalidToken):
        tokens.verify(issued_ago(-3600), AUDIENCE)


def test_a_token_without_a_signature_is_refused():  # fault 26
    claims = jwt.decode(issue(), options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(issue())["kid"]}
    unsigned = jwt.encode(claims, None, algorithm="none", headers=header)
    with pytest.raises(InvalidToken):
        tokens.verify(unsigned, AUDIENCE)


def test_a_token_signed_with_another_key_is_refused():  # fault 26
    claims = jwt.decode(issue(), options={"verify_signature": False})
    known = {"kid": jwt.get_unverified_header(issue())["kid"]}
    for headers in (known, {"kid": "another"}, {}):
        forged = jwt.encode(claims, b"k" * 32, algorithm="HS256", headers=headers)
        with pytest.raises(InvalidToken):
            tokens.verify(forged, AUDIENCE)


def test_a_changed_claim_makes_the_token_worthless():  # fault 26
    header, payload, signature = issue().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = "admin"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        tokens.verify(f"{header}.{changed}.{signature}", AUDIENCE)


@given(st.one_of(st.text(), st.from_regex(r"[\w-]{1,20}\.[\w-]{1,20}\.[\w-]{1,20}")))
def test_anything_else_is_refused_and_never_an_error(text):
    with pytest.raises(InvalidToken):
        tokens.verify(text, AUDIENCE)
    with pytest.raises(InvalidToken):
        tokens.verify_refresh(text, AUDIENCE)


def test_deeply_nested_claims_are_refused():
    header = issue().split(".")[0]
    nested = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        tokens.verify(f"{header}.{nested}.AAAA", AUDIENCE)
    with pytest.raises(InvalidToken):
        tokens.verify(f"{nested}.{nested}.AAAA", AUDIENCE)


def test_tokens_of_the_key_before_a_rotation_stay_good(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old" * 20, []
    before = issue()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, ["old" * 20]
    after = issue()
    assert tokens.verify(before, AUDIENCE).user_id == "alice"
    assert tokens.verify(after, AUDIENCE).user_id == "alice"
    settings.SECRET_KEY_FALLBACKS = []
    assert tokens.verify(after, AUDIENCE).user_id == "alice"
    with pytest.raises(InvalidToken):
        tokens.verify(before, AUDIENCE)


def test_the_signing_key_is_not_the_secret_key_itself(settings):
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(issue(), settings.SECRET_KEY, algorithms=["HS256"], audience=AUDIENCE)


def test_a_refresh_token_is_no_access_token_and_the_other_way_round():
    refresh = tokens.issue_refresh("alice", AUDIENCE, 3).text
    assert tokens.verify_refresh(refresh, AUDIENCE).user_id == "alice"
    with pytest.raises(InvalidToken):
        tokens.verify(refresh, AUDIENCE)
    with pytest.raises(InvalidToken):
        tokens.verify_refresh(issue(), AUDIENCE)


def test_a_refresh_token_counts_at_its_audience_alone():
    with pytest.raises(InvalidToken):
        tokens.verify_refresh(tokens.issue_refresh("alice", AUDIENCE, 3).text, "repository:2")
