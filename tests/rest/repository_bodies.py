"""Bodies of proxy and group repositories."""

from __future__ import annotations

from typing import Any

PROXIES = "repositories/docker/proxy"
GROUPS = "repositories/docker/group"
SSRF = "security/ssrf-protection"
RULES = "routing-rules"


def proxy_body(name: str = "mirror", **changes: Any) -> dict[str, Any]:
    """A body of a proxy repository; `section__field` changes a field of a section."""
    body: dict[str, Any] = {
        "name": name,
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "docker": {"v1Enabled": False, "forceBasicAuth": True},
        "proxy": {
            "remoteUrl": "https://registry.example",
            "contentMaxAge": 1440,
            "metadataMaxAge": 1440,
        },
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {"blocked": False, "autoBlock": True},
        "dockerProxy": {"indexType": "REGISTRY"},
    }
    return _changed(body, changes)


def group_body(name: str = "all", *members: str, **changes: Any) -> dict[str, Any]:
    """A body of a group repository; `section__field` changes a field of a section."""
    body: dict[str, Any] = {
        "name": name,
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "group": {"memberNames": list(members)},
        "docker": {"v1Enabled": False, "forceBasicAuth": True},
    }
    return _changed(body, changes)


def password(name: str, secret: str | None, **changes: Any) -> dict[str, Any]:
    """The section `httpClient.authentication` of a user name and password."""
    return {"type": "username", "username": name, "password": secret, **changes}


def rule_body(name: str = "rule", *matchers: str, **changes: Any) -> dict[str, Any]:
    """A body of a routing rule."""
    found = list(matchers) or ["/v2/private/.*"]
    return {"name": name, "description": "A rule", "mode": "BLOCK", "matchers": found, **changes}


def full_proxy_body(name: str = "mirror") -> dict[str, Any]:
    """A body with every field that a proxy repository has."""
    return proxy_body(
        name,
        cleanup={"policyNames": ["weekly"]},
        proxy__preserveEncodedCharacters=False,
        httpClient__connection={
            "retries": 3,
            "userAgentSuffix": "suffix",
            "timeout": 60,
            "enableCircularRedirects": True,
            "enableCookies": True,
            "useTrustStore": True,
        },
        httpClient__authentication=password("user", "geheim-3", preemptive=True),
        dockerProxy={
            "indexType": "CUSTOM",
            "indexUrl": "https://index.example/",
            "cacheForeignLayers": True,
            "foreignLayerUrlWhitelist": [".*"],
        },
    )


def _changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for path, value in changes.items():
        section, _, field = path.partition("__")
        if field:
            body.setdefault(section, {})[field] = value
        else:
            body[section] = value
    return body
