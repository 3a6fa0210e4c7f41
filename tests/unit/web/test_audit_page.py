"""The page of the audit, without a server."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent
from accounts.web.audit import PAGE_SIZE

PAGE = "/admin/system/audit/"


def _add(number: int = 1, **columns: object) -> None:
    values = {
        "timestamp": datetime.now(UTC),
        "domain": "security.role",
        "type": "created",
        "initiator": "mina",
        **columns,
    }
    AuditEvent.objects.bulk_create(AuditEvent(**values) for _ in range(number))


def _rows(page: str) -> int:
    return page.count('<th scope="row">')


def _text(client: Client, address: str = PAGE, **headers: str) -> str:
    answer = client.get(address, **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_whoever_may_read_the_audit_sees_page_and_link(admin, nobody):
    assert f'href="{PAGE}"' in _text(admin, "/")
    assert nobody.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in nobody.get("/").content.decode()
    assert Client().get(PAGE).status_code == 302


def test_what_strangers_wrote_is_text(admin):
    _add(context="<script>alert(1)</script>", attributes={"a": "</pre><b>"}, initiator='"<i>')
    page = _text(admin)
    assert "<script>alert" not in page
    assert "</pre><b>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_links_lead_through_all_events(admin):
    _add(PAGE_SIZE * 2 + 7)
    seen, address = 0, f"{PAGE}?initiator=mina"
    while address:
        page = _text(admin, address)
        seen += _rows(page)
        found = re.search(r'href="([^"]*)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == PAGE_SIZE * 2 + 7


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("initiator=mina", 2),
        ("domain=repository", 1),
        ("type=deleted", 1),
        ("context=images", 1),
        ("initiator=other", 0),
        ("initiator=mina&from=2020-01-01&until=2020-02-01", 0),
        ("initiator=mina&from=half&until=2020-99-99&before=x", 2),
        ("initiator=mina&before=99999999999999999999999", 2),
        ("initiator=mina&context=%00", 2),
    ],
)
def test_filters_narrow_the_rows_and_the_export(admin, query, shown):
    _add()
    _add(domain="repository", type="deleted", context="images", last=datetime.now(UTC), count=3)
    _add(initiator="old", timestamp=datetime.now(UTC) - timedelta(days=9))
    fragment = _text(admin, f"{PAGE}?{query}", HTTP_HX_REQUEST="true")
    assert fragment.lstrip().startswith('<div id="rows">')
    assert _rows(fragment) == shown == _rows(_text(admin, f"{PAGE}?{query}"))
    export = re.search(r'href="(/service/rest/v1/audit/export[^"]*)"', fragment)
    assert (export is not None) == (shown > 0)
    if export:
        answer = admin.get(export[1].replace("&amp;", "&"))
        lines = b"".join(answer.streaming_content).decode().splitlines()
        assert len(lines) == shown + 1
