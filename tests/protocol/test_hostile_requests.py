"""Every route under hostile input: 4xx with the right code, never 5xx, and nothing is written."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.registry import ADMIN, ANONYMOUS, STRANGER, digest_of, pieces_of

DIGEST = digest_of(b"nothing")
ROUTES = [
    ("GET", "manifests/v1"),
    ("HEAD", "manifests/v1"),
    ("PUT", "manifests/v1"),
    ("DELETE", "manifests/v1"),
    ("GET", f"blobs/{DIGEST}"),
    ("HEAD", f"blobs/{DIGEST}"),
    ("DELETE", f"blobs/{DIGEST}"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?digest={DIGEST}"),
    ("POST", f"blobs/uploads/?mount={DIGEST}&from=team/app"),
    ("GET", "blobs/uploads/x"),
    ("PATCH", "blobs/uploads/x"),
    ("PUT", f"blobs/uploads/x?digest={DIGEST}"),
    ("DELETE", "blobs/uploads/x"),
    ("GET", "tags/list"),
    ("GET", f"referrers/{DIGEST}"),
]
NAMES = [
    "..",
    "../..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc",
    "..%2f..%2fetc%2fpasswd",
    "a/../b",
    "a//b",
    "/a",
    "a/",
    ".",
    "a/./b",
    "%00",
    "a%00b",
    "a" * 256,
    "a/" * 150 + "a",
    "Upper",
    "team/App",
    "%C3%BC",
    "%F0%9F%98%80",
    "%FF",
    "%ED%A0%80",
    "a___b",
    "a..b",
    "-a",
    "a-",
    "a/_b",
    "a:b",
    "a@b",
    "a%20b",
    "a%0Ab",
    "a%0D%0AX-Evil:%201",
    "%25",
    "%252e%252e",
    "a%5cb",
    "~",
    "a%3Fb",
    "a%23b",
    "<script>",
    "'%20OR%201=1",
]


@pytest.fixture
def unwritten(images, contents):
    """Asserts at the end that nothing was written since the beginning."""
    before = contents()
    yield
    assert contents() == before


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_is_refused_on_every_route(images, name):
    # fault 19
    for method, rest in ROUTES:
        for actor in (ADMIN, ANONYMOUS):
            answer = images.as_(actor).request(method, f"{name}/{rest}", b"x")
            assert answer.status in {400, 404}, (method, rest)
            if method != "HEAD":
                assert answer.error["code"] in {"NAME_INVALID", "UNSUPPORTED"}


@pytest.mark.parametrize("name", ["a", "a" * 255, "0", "a.b_c__d-e--f/g", "/".join("a" * 128)])
def test_every_valid_name_is_taken(images, name):
    pushed = images.push_image(name, "v1", layers=0)
    assert images.get(f"{name}/manifests/v1").expect(200).body == pushed.content
    assert images.get(f"{name}/tags/list").expect(200).json()["name"] == name


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(
    "query",
    [
        "?" + "a=b&" * 2000,
        "?" + "digest=x&" * 1500,
        "?x=" + "y" * 20_000,
        "?digest=sha256:0&digest=" + DIGEST,
        "?mount=%00",
        "?mount=&from=",
        "?digest=%FF%FE",
        "?digest-algorithm=" + "x" * 10_000,
    ],
)
def test_a_query_that_makes_no_sense_is_refused(images, query):
    answer = images.post(f"team/app/blobs/uploads/{query}", b"x")
    assert answer.status in {400, 414}
    assert answer.error["code"] in {"UNSUPPORTED", "DIGEST_INVALID"}


@pytest.mark.parametrize("query", ["?&&&", "?=", "?%00=%00", "?x[]=1&x[]=2", "?;", "?digest"])
def test_other_oddities_of_a_query_are_ignored_or_refused(images, query):
    images.push_image("team/app", "v1")
    for path in ("team/app/manifests/v1", "team/app/tags/list", f"team/app/referrers/{DIGEST}"):
        images.get(path + query).expect(200)
    assert images.post(f"team/app/blobs/uploads/{query}").status in {202, 400}


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("size", [10_000, 200_000])
def test_many_descriptors_end_in_bounded_time(images, size):
    # fault 20
    entry = b'{"mediaType":"a/b","size":1,"digest":"sha256:%s"},' % (b"0" * 64)
    layers = entry * min(size, 4_000_000 // len(entry))
    content = b'{"schemaVersion":2,"config":%s,"layers":[%s]}' % (entry[:-1], layers[:-1])
    answer = images.put_manifest("team/app", "v1", content)
    assert answer.status in {400, 413}
    assert answer.error["code"] in {"MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"}
    assert len(answer.body) < 20_000


bounded = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"])
actors = st.sampled_from([ADMIN, STRANGER, ANONYMOUS])
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
segments = st.one_of(
    text.map(lambda value: quote(value, safe="/")),
    st.binary(max_size=20).map(lambda value: quote(value, safe="")),
    st.sampled_from(["team", "app", "manifests", "blobs", "uploads", "tags", "list", "referrers"]),
    st.sampled_from(["..", ".", "", DIGEST, "v1", "_catalog", "token", "v2", "%2F", "%00"]),
)
paths = st.lists(segments, max_size=7).map("/".join)
queries = st.dictionaries(
    st.sampled_from(
        ["n", "last", "digest", "mount", "from", "tag", "artifactType", "digest-algorithm", "scope"]
    ),
    text,
    max_size=3,
).map(lambda fields: "&".join(f"{name}={quote(value)}" for name, value in fields.items()))
# What a server lets through as the value of a header.
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=40)


@bounded
@given(methods, actors, paths, queries)
def test_no_path_breaks_the_registry(images, contents, method, actor, path, query):
    before = contents()
    answer = images.as_(actor).request(method, f"{path}?{query}", b"x")
    assert answer.status < 500
    if answer.status >= 400:
        assert contents() == before


@bounded
@given(st.sampled_from(ROUTES), queries, st.booleans())
def test_no_query_breaks_a_route(images, contents, route, query, chunked):
    before = contents()
    method, rest = route
    joint = "&" if "?" in rest else "?"
    body = pieces_of(b"some bytes", 3) if chunked else b"some bytes"
    answer = images.request(method, f"team/app/{rest}{joint}{query}", body)
    assert answer.status < 500
    if answer.status >= 400:
        assert contents() == before


@bounded
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Range",
                "If-Range",
                "If-None-Match",
                "Accept",
                "Content-Range",
                "Content-Type",
                "Authorization",
                "Host",
            ]
        ),
        header_values,
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["blobs", "manifests"]),
)
def test_no_header_breaks_a_pull(images, headers, kind):
    pushed = images.push_image("team/app", "v1", layers=0)
    target = digest_of(pushed.config) if kind == "blobs" else "v1"
    answer = images.request("GET", f"team/app/{kind}/{target}", headers=headers)
    assert answer.status in {200, 206, 304, 401, 416}


@bounded
@given(
    st.sampled_from(["bytes=", "bytes =", "BYTES=", "bytes", ""]),
    st.lists(st.tuples(st.text("0123456789", max_size=25), st.text("0123456789", max_size=25))),
)
def test_every_range_is_served_right_or_refused(images, unit, parts):
    content = b"0123456789" * 3
    digest = images.push_blob("team/app", content)
    header = unit + ",".join("-".join(part) for part in parts)
    answer = images.get(f"team/app/blobs/{digest}", Range=header)
    if answer.status == 206:
        first, last = (
            int(each) for each in answer.header("Content-Range")[6:].split("/")[0].split("-")
        )
        assert answer.body == content[first : last + 1]
    else:
        assert answer.status in {200, 416}
        assert answer.status == 416 or answer.body == content


@bounded
@given(header_values, st.booleans())
def test_no_content_range_breaks_an_upload(images, header, closing):
    location = images.start_upload("team/app")
    images.patch(location, b"01234").expect(202)
    query = f"?digest={digest_of(b'01234x')}" if closing else ""
    method = "PUT" if closing else "PATCH"
    answer = images.request(method, location + query, b"x", {"Content-Range": header})
    if answer.status >= 400:
        assert answer.status in {400, 416}
        assert images.get(location).expect(204).header("Range") == "0-4"
    images.delete(location)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "schemaVersion",
        "mediaType",
        "config",
        "layers",
        "manifests",
        "subject",
        "annotations",
        "artifactType",
        "blobs",
        "digest",
        "size",
        "urls",
        "platform",
    ]
)
documents = st.dictionaries(keys, st.dictionaries(keys, json_values, max_size=4) | json_values)


@bounded
@given(documents, st.sampled_from([2, 2, 2, 1, "2", None]))
def test_no_document_breaks_the_put_of_a_manifest(images, contents, document, version):
    # fault 20
    before = contents()
    content = json.dumps({**document, "schemaVersion": version}).encode()
    for media_type in ("application/vnd.oci.image.manifest.v1+json", "application/vnd.x"):
        answer = images.put_manifest("team/app", "v1", content, media_type)
        if answer.status == 201:
            assert images.get(answer.location).expect(200).body == content
            images.get(f"team/app/referrers/{DIGEST}").expect(200)
            images.delete(answer.location).expect(202)
        else:
            assert answer.status == 400
            assert answer.error["code"] in {"MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"}
    left = {"Image": 0, "AuditEvent": 0}
    assert {**contents(), **left} == {**before, **left}
