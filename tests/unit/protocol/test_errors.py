import json

import pytest

from repositories.protocol import errors
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError, registry_error
from repositories.protocol.manifest import MAX_MANIFEST_SIZE, parse_manifest
from repositories.protocol.names import image_name, tag_name
from repositories.protocol.pagination import parse_page
from repositories.protocol.ranges import parse_content_range, parse_range

SPECIFIED = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 400,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 400,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "SIZE_INVALID": 400,
    "UNAUTHORIZED": 401,
    "DENIED": 403,
    "UNSUPPORTED": 405,
    "TOOMANYREQUESTS": 429,
    "TAG_INVALID": 400,
    "MANIFEST_UNVERIFIED": 400,
    "RANGE_INVALID": 416,
    "PAGINATION_NUMBER_INVALID": 400,
    "UNAVAILABLE": 503,
    "UNKNOWN": 500,
}


def test_every_code_has_its_status() -> None:
    assert {code.name: code.status for code in ErrorCode} == SPECIFIED
    assert set(ErrorCode.__members__) == set(SPECIFIED)


def test_the_unauthorized_body_is_that_of_nexus() -> None:
    assert RegistryError(ErrorCode.UNAUTHORIZED).body() == (
        b'{"errors":[{"code":"UNAUTHORIZED",'
        b'"message":"access to the requested resource is not authorized","detail":null}]}'
    )


def test_message_detail_status_and_headers_can_be_given() -> None:
    detail = [{"Name": "img"}, {"Revision": "sha256:0"}]
    error = RegistryError(
        ErrorCode.MANIFEST_UNKNOWN, "gone", detail, status=410, headers={"Retry-After": "1"}
    )
    assert (error.status, error.headers) == (410, {"Retry-After": "1"})
    assert json.loads(error.body()) == {
        "errors": [{"code": "MANIFEST_UNKNOWN", "message": "gone", "detail": detail}]
    }


def test_any_message_can_be_sent() -> None:
    error = RegistryError(ErrorCode.DENIED, 'caf\u00e9 "\ud800\0\n')
    assert json.loads(error.body())["errors"][0]["message"] == error.message


# fault 17, fault 18, fault 19, fault 20
@pytest.mark.parametrize(
    ("parse", "code", "status"),
    [
        (lambda: Digest.parse("sha256:bad"), ErrorCode.DIGEST_INVALID, 400),
        (lambda: Digest.parse("md5:00"), ErrorCode.DIGEST_INVALID, 400),
        (lambda: image_name(".."), ErrorCode.NAME_INVALID, 400),
        (lambda: tag_name("../../x"), ErrorCode.TAG_INVALID, 400),
        (lambda: parse_manifest(b"{", None), ErrorCode.MANIFEST_INVALID, 400),
        (
            lambda: parse_manifest(b" " * (MAX_MANIFEST_SIZE + 1), None),
            ErrorCode.MANIFEST_INVALID,
            413,
        ),
        (lambda: parse_page("-1", None), ErrorCode.PAGINATION_NUMBER_INVALID, 400),
        (lambda: parse_content_range("x"), ErrorCode.BLOB_UPLOAD_INVALID, 400),
        (lambda: parse_range("bytes=9-", 5), ErrorCode.RANGE_INVALID, 416),
    ],
)
def test_bad_input_gets_its_code(parse, code: ErrorCode, status: int) -> None:
    with pytest.raises(errors.VALUE_ERRORS) as refusal:
        parse()
    error = registry_error(refusal.value)
    assert (error.code, error.status) == (code, status)
    assert error.message == str(refusal.value) != ""


def test_a_416_names_the_size() -> None:
    with pytest.raises(errors.VALUE_ERRORS) as refusal:
        parse_range("bytes=9-", 5)
    assert registry_error(refusal.value).headers == {"Content-Range": "bytes */5"}


def test_a_full_store_is_507() -> None:
    error = errors.storage_full()
    assert (error.code, error.status) == (ErrorCode.UNAVAILABLE, 507)


def test_write_policies_speak_as_nexus_does() -> None:
    path = "v2/team/app/manifests/1.0"
    denied = errors.read_only("prod")
    assert (denied.code, denied.status) == (ErrorCode.DENIED, 403)
    assert denied.message == "Repository is read only: prod"

    undeleted = errors.delete_refused("prod", path)
    assert (undeleted.code, undeleted.status) == (ErrorCode.DENIED, 403)
    assert undeleted.message == f"prod/{path} cannot be deleted"

    redeploy = errors.redeploy_refused("prod", path)
    assert (redeploy.code, redeploy.status) == (ErrorCode.BLOB_UPLOAD_INVALID, 400)
    assert redeploy.message == (
        f"prod/{path} cannot be updated as asset already exists and redeploy is not allowed"
    )
    assert redeploy.detail == "Repository does not allow updating assets: prod"
