"""What a remote may do wrong while it sends: nothing of it is kept or ends as if it was right.

The next request is a clean try.
"""

from __future__ import annotations

import pytest

from repositories.models import Blob, RemoteAbsence
from tests.proxy.pulls import blob_path, get_unchecked, holds_blob, is_broken_off, pull
from tests.support.remote import Fault

LAYER = bytes(range(256)) * 1000

BROKEN_BODIES = {
    "another byte": Fault(alter=True),
    "shorter than the manifest says": Fault(body=LAYER[:-1]),
    "longer than the manifest says": Fault(body=LAYER + b"x"),
    "longer, of unknown length": Fault(body=LAYER + b"x", length="none"),
    "breaks off at once": Fault(after=0, ranges=False),
    "breaks off at the same place each time": Fault(after=1000, ranges=False),
    "html": Fault(status=200, body=b"<html>sign in, please</html>"),
    "html of that length": Fault(status=200, body=b"<html>" + bytes(len(LAYER) - 6)),
    "gzip-encoded": Fault(headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("with_manifest", [True, False])
@pytest.mark.parametrize("fault", BROKEN_BODIES)
def test_a_blob_that_is_not_what_it_should_be(remote, proxy, fault, with_manifest):  # fault 6
    image = remote.add_image("team/app", layers=(LAYER,))
    if with_manifest:
        proxy.get("team/app/manifests/latest").expect(200)
    remote.script("/blobs/", BROKEN_BODIES[fault])
    answer = get_unchecked(proxy, blob_path(image, LAYER))
    assert is_broken_off(answer) or answer.status == 502, answer.status
    assert answer.body != LAYER
    assert (Blob.objects.count(), RemoteAbsence.objects.count()) == (0, 0)
    remote.behave()
    pull(proxy, image)


@pytest.mark.parametrize("wanted", ["bytes=0-0", "bytes=100-199", "bytes=1000-"])
def test_the_last_byte_of_a_range_waits_for_the_whole_blob(remote, proxy, wanted):  # fault 6
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(alter=True))
    remote.bytes_per_second = 1_000_000
    answer = get_unchecked(proxy, blob_path(image, LAYER), Range=wanted)
    assert answer.status == 206
    assert is_broken_off(answer)
    assert not holds_blob(LAYER)


def test_a_transfer_that_breaks_off_is_gone_on_with(remote, proxy):  # fault 6
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(after=100_000, times=2))
    assert proxy.get(blob_path(image, LAYER)).expect(200).body == LAYER
    ranges = [each.headers.get("range") for each in remote.requests("GET", "/blobs/")]
    assert ranges == [None, "bytes=100000-", "bytes=200000-"]


def test_a_remote_without_ranges_is_read_anew(remote, proxy):  # fault 6
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(ranges=False))
    remote.script("/blobs/", Fault(after=100_000, ranges=False, times=1))
    assert proxy.get(blob_path(image, LAYER)).expect(200).body == LAYER
    assert len(remote.requests("GET", "/blobs/")) == 2


def test_a_body_without_a_length(remote, proxy):
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(length="none"))
    assert proxy.get(blob_path(image, LAYER)).expect(200).body == LAYER


def test_a_body_that_stalls(remote, proxy_of):  # fault 6
    proxy = proxy_of(timeout=1)
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(after=1000, then="stall", ranges=False))
    assert is_broken_off(get_unchecked(proxy, blob_path(image, LAYER)))
    assert not holds_blob(LAYER)


BROKEN_MANIFESTS = {
    "other bytes": Fault(alter=True),
    "html": Fault(status=200, body=b"<html>sign in, please</html>"),
    "json that is no manifest": Fault(
        body=b'{"hello": "world"}',
        headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"},
    ),
    "breaks off": Fault(after=10),
    "another type": Fault(headers={"Content-Type": "application/vnd.oci.image.index.v1+json"}),
    "gzip-encoded": Fault(headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("fault", BROKEN_MANIFESTS)
def test_a_manifest_that_is_not_what_it_should_be(remote, proxy, fault, by):  # fault 6
    image = remote.add_image("team/app")
    reference = "latest" if by == "tag" else image.digest
    remote.script("/manifests/", BROKEN_MANIFESTS[fault])
    proxy.get(f"team/app/manifests/{reference}").expect(502, "UNAVAILABLE")
    remote.behave()
    pull(proxy, image, reference)


STATUSES = [
    (Fault(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}), 403, "DENIED"),
    (Fault(status=403), 403, "DENIED"),
    (Fault(status=429, headers={"Retry-After": "7"}), 429, "TOOMANYREQUESTS"),
    (Fault(status=500), 502, "UNAVAILABLE"),
    (Fault(status=503), 502, "UNAVAILABLE"),
    (Fault(silent=True), 504, "UNAVAILABLE"),
    (Fault(after=0, then="stall"), 504, "UNAVAILABLE"),
]


@pytest.mark.parametrize("path", ["manifests/latest", "blobs"])
@pytest.mark.parametrize(("fault", "status", "code"), STATUSES)
def test_a_failure_is_never_told_as_an_absence(
    remote, proxy_of, path, fault, status, code
):  # fault 7
    proxy = proxy_of(timeout=1)
    image = remote.add_image("team/app")
    path = f"team/app/{path}" if path != "blobs" else blob_path(image, image.layers[0])
    remote.script("team/app", fault)
    answer = proxy.get(path).expect(status, code)
    assert answer.header("Retry-After") == ("7" if status == 429 else None)
