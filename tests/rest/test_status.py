"""`/service/rest/v1/status`, and what every answer of REST carries."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError

from nexuslite.rest import status
from nexuslite.rest.status import Stamp


@pytest.mark.parametrize("version", ["v1", "beta"])
@pytest.mark.parametrize("resource", ["status", "status/writable"])
def test_the_status_needs_no_sign_in(anonymous, version, resource):
    answer = anonymous.get(f"/service/rest/{version}/{resource}")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_database_that_takes_no_change_is_not_writable(anonymous, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(Stamp.objects, "update_or_create", refuse)
    assert anonymous.get("status/writable").status_code == 503
    assert anonymous.get("status").status_code == 200


def test_asking_often_writes_once(anonymous, monkeypatch):
    anonymous.get("status/writable")
    monkeypatch.setattr(Stamp.objects, "update_or_create", None)
    assert anonymous.get("status/writable").status_code == 200


def test_the_database_is_tried_again_after_a_while(anonymous, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("disk I/O error")

    anonymous.get("status/writable")
    monkeypatch.setattr(Stamp.objects, "update_or_create", refuse)
    monkeypatch.setattr(status, "REMEMBERED_SECONDS", 0.0)
    assert anonymous.get("status/writable").status_code == 503


@pytest.mark.parametrize("path", ["/", "/service/rest/v1/status", "/service/rest/v1/nothing"])
def test_the_server_header_names_a_version_of_nexus(anonymous, path):
    server = anonymous.get(path).headers["Server"]
    assert re.fullmatch(r"Nexus/3\.\d+\.\d+-\d+ \([A-Z]+\)", server)


def test_answers_are_not_kept_by_caches(admin):
    headers = admin.get("blobstores").headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["Pragma"] == "no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["nothing", "status/", "repositories/", "/service/rest/", "a/b/c"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_what_is_no_resource_is_not_found(admin, method, path):
    answer = admin.send(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_method_that_a_resource_does_not_have_is_refused(admin):
    answer = admin.post("status")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/plain", "nonsense"])
def test_the_answer_is_json_whatever_is_asked_for(admin, accept):
    answer = admin.get("blobstores", HTTP_ACCEPT=accept)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.status_code == 200
