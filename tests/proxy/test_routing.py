"""A routing rule says what the remote may be asked for; what it blocks is not served either."""

from __future__ import annotations

import pytest

from nexuslite import stamps
from repositories.models import ProxySettings, RoutingRule
from tests.proxy.pulls import blob_path, pull

TEXT = "Routing rules block the requested item from this repository"


@pytest.fixture
def guarded(proxy_of):
    """Makes a proxy with a routing rule."""

    def make(mode: str, *matchers: str):
        rule = RoutingRule.objects.create(name="rule", mode=mode, matchers=list(matchers))
        return proxy_of("guarded", routing_rule=rule)

    return make


def test_what_is_blocked_is_not_asked_for(remote, guarded):
    proxy = guarded("BLOCK", "/v2/private/.*")
    image = remote.add_image("private/app")
    for path in (
        "private/app/manifests/latest",
        f"private/app/manifests/{image.digest}",
        blob_path(image, image.config),
    ):
        assert proxy.get(path).expect(403, "DENIED").error["message"] == TEXT
        proxy.head(path).expect(403)
    proxy.get("private/app/tags/list").expect(403, "DENIED")
    proxy.get(f"private/app/referrers/{image.digest}").expect(403, "DENIED")
    assert remote.requests() == []
    pull(proxy, remote.add_image("public/app"))


def test_only_what_is_allowed_is_asked_for(remote, guarded):
    proxy = guarded("ALLOW", "/v2/team/.*", "/v2/library/.*")
    pull(proxy, remote.add_image("team/app"))
    remote.add_image("other/app")
    proxy.get("other/app/manifests/latest").expect(403, "DENIED")
    # An expression has to match the whole path.
    remote.add_image("x/v2/team/app")
    proxy.get("x/v2/team/app/manifests/latest").expect(403, "DENIED")


def test_what_is_held_is_blocked_as_soon_as_the_rule_is_there(remote, proxy_of):
    proxy = proxy_of("guarded")
    image = remote.add_image("private/app")
    pull(proxy, image)
    with stamps.change(stamps.CONFIGURATION):
        rule = RoutingRule.objects.create(name="rule", mode="BLOCK", matchers=[".*/private/.*"])
        ProxySettings.objects.update(routing_rule=rule)
    proxy.get("private/app/manifests/latest").expect(403, "DENIED")
    proxy.get(blob_path(image, image.config)).expect(403, "DENIED")
