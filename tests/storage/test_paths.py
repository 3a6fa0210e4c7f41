"""Keys: made of validated parts, recognised only as made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.blobs import paths
from repositories.protocol.digest import Digest

DIGESTS = st.builds(Digest.of, st.binary(), st.sampled_from(["sha256", "sha512"]))


@given(DIGESTS)
def test_file_keys_lie_in_a_folder_that_was_made_for_them(digest):
    key = paths.new_file_key(digest)
    assert paths.is_file_key(key)
    assert key.rpartition("/")[0] in set(paths.file_key_folders())
    assert key != paths.new_file_key(digest)


def test_folders_come_in_the_order_of_their_keys():
    folders = list(paths.file_key_folders())
    assert folders == sorted(folders)
    assert len(folders) == 2 * 256


def test_keys_in_a_bucket_tell_their_staging():
    staging_id = paths.new_id()
    for key, recognised in (
        (paths.new_object_key(staging_id), paths.is_object_key),
        (paths.new_tail_key(staging_id), paths.is_tail_key),
    ):
        assert recognised(key)
        assert paths.staging_of(key) == staging_id


@given(st.text())
def test_no_other_text_is_a_key(text):
    for recognised in (paths.is_file_key, paths.is_object_key, paths.is_tail_key, paths.is_id):
        assert not recognised(text)


@pytest.mark.parametrize("altered", [lambda key: key + "\n", str.upper, lambda key: "/" + key])
def test_an_altered_key_is_none(altered):
    assert not paths.is_file_key(altered(paths.new_file_key(Digest.of(b""))))
    assert not paths.is_object_key(altered(paths.new_object_key(paths.new_id())))
    assert not paths.is_tail_key(altered(paths.new_tail_key(paths.new_id())))


def test_a_key_in_the_wrong_folder_is_none():
    key = paths.new_file_key(Digest.of(b""))
    folder = key.split("/")[2]
    assert not paths.is_file_key(key.replace(f"/{folder}/", "/00/"))


@pytest.mark.parametrize("staging_id", ["", "..", "../x", "A" * 32, "a" * 31, "a" * 33])
def test_a_forged_staging_id_makes_no_key(staging_id):
    for make in (paths.staging_key, paths.new_object_key, paths.new_tail_key):
        with pytest.raises(ValueError, match="storage id"):
            make(staging_id)
