"""A sample of the protocol tests again, over sockets: server, framing and several workers too."""

# ruff: noqa: F401

import pytest

from tests.protocol.test_blob_pull import (
    test_a_blob_is_served_with_its_digest,
    test_a_download_is_resumed_only_of_the_same_content,
    test_a_range_is_served_as_206,
    test_a_range_without_a_byte_of_the_blob_is_416,
    test_an_empty_blob_is_served_whole,
    test_head_has_the_headers_of_get,
    test_head_ignores_a_range,
    test_what_is_no_digest_is_400,
    test_what_the_client_has_already_is_304,
    url,
)
from tests.protocol.test_blob_push import (
    test_a_blob_can_be_pulled_after_every_way_of_pushing,
    test_an_empty_blob_can_be_pushed_in_every_way,
    test_closing_without_a_valid_digest_is_refused_and_the_session_goes_on,
)
from tests.protocol.test_content_machine import test_images_hold_what_was_pushed_and_not_deleted
from tests.protocol.test_deletes import (
    test_a_deleted_manifest_takes_all_its_tags_with_it,
    test_a_deleted_tag_takes_nothing_with_it,
    test_what_was_deleted_can_be_pushed_again_and_again,
)
from tests.protocol.test_listings import (
    tagged,
    test_tags_come_in_the_order_of_their_bytes,
    test_the_pages_of_tags_give_every_tag_once,
)
from tests.protocol.test_manifest_push import (
    app,
    test_a_manifest_may_come_with_chunked_coding,
    test_a_manifest_of_exactly_the_limit_is_taken_and_one_byte_more_is_413,
    test_several_tags_come_with_a_digest,
)
from tests.protocol.test_mounts import (
    source,
    test_a_mount_may_be_repeated,
    test_a_token_for_both_images_mounts,
    test_a_token_mounts_only_from_what_it_may_pull,
)
from tests.protocol.test_referrers import (
    subject,
    test_an_artifact_is_listed_with_its_type_and_exactly_its_annotations,
    test_pages_of_referrers_keep_the_filter,
)
from tests.protocol.test_upload_sessions import (
    location,
    test_a_chunk_of_another_length_than_announced_counts_for_nothing,
    test_a_chunk_out_of_order_is_416_and_changes_nothing,
    test_status_tells_how_far_the_session_is,
)

pytestmark = pytest.mark.slow
