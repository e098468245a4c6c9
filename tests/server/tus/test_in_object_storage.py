"""tus, verb by verb, as on a disk: what is told of uploads does not depend on where they lie."""

from collections.abc import Iterator

import pytest

from server.config import Settings
from tests.databases import fresh_database
from tests.server.evidence import test_either_order as either_order
from tests.server.evidence import test_quarantine as quarantine
from tests.server.in_bucket import in_bucket, lying_in
from tests.server.tus import test_concatenation as concatenation
from tests.server.tus import test_deferred_length as deferred_length
from tests.server.tus import test_delete as deletion
from tests.server.tus import test_head as heading
from tests.server.tus import test_patch as patching
from tests.server.tus import test_post as posting
from tests.server.tus.speaker import begin, delete, digest, patch, photo, upload
from tests.world import World

AS_ON_A_DISK = (
    posting.test_the_first_bytes_may_come_along,
    posting.test_first_bytes_that_fail_their_checksum_begin_nothing,
    posting.test_an_upload_of_no_bytes_is_complete_at_once_and_is_no_photo,
    patching.test_pieces_follow_one_another_until_the_photo_is_whole,
    patching.test_a_piece_from_a_wrong_offset_changes_nothing_and_says_where_to_go_on,
    patching.test_more_bytes_than_announced_are_cut_back_when_nothing_said_how_many_come,
    patching.test_a_piece_with_its_checksum_is_kept,
    patching.test_a_piece_that_fails_its_checksum_is_discarded,
    patching.test_an_upload_that_someone_is_writing_is_locked,
    patching.test_an_answer_that_was_lost_may_be_asked_for_again,
    patching.test_anothers_upload_is_not_found,
    patching.test_an_expired_upload_takes_nothing_more,
    heading.test_it_says_where_an_upload_stands_from_the_first_byte_to_the_last,
    heading.test_a_quarantined_upload_says_again_what_was_wrong,
    deletion.test_a_complete_upload_loses_its_address_but_the_evidence_stays,
    deletion.test_anothers_upload_is_not_found_and_stays,
    deletion.test_an_upload_that_someone_is_writing_is_locked,
    deletion.test_a_quarantined_upload_can_be_given_up_too,
    deferred_length.test_a_photo_whose_length_comes_with_its_last_piece_is_verified,
    deferred_length.test_the_length_may_come_before_the_last_piece_and_behind_it,
    deferred_length.test_a_length_told_later_is_not_less_than_what_arrived,
    deferred_length.test_the_first_bytes_may_come_along_and_a_checksum_with_any,
    concatenation.test_another_order_is_another_file_and_is_kept_aside,
    concatenation.test_a_part_may_be_of_no_bytes_or_tell_its_length_late,
    concatenation.test_a_part_that_is_not_whole_is_not_joined,
    concatenation.test_a_part_that_is_still_being_written_is_not_joined,
    concatenation.test_the_same_asked_again_is_the_same_upload,
    concatenation.test_the_same_bytes_may_have_come_before_in_one_piece,
    quarantine.test_bytes_of_another_digest_than_stated_are_kept_aside,
    quarantine.test_whoever_asks_again_is_told_again,
    quarantine.test_the_right_bytes_can_still_come,
    either_order.test_the_same_bytes_are_stored_once_and_show_in_two_photos,
)
globals().update({test.__name__: test for test in AS_ON_A_DISK})


@pytest.fixture
def database_url() -> Iterator[str]:
    """Of the databases, the one that such a deployment has; tests/server/evidence has both."""
    with fresh_database("postgresql") as url:
        yield url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return in_bucket(settings)


def test_of_one_given_up_nothing_is_left(world: World):
    path = begin(world.lead, photo(), length=12_000_000)
    assert patch(world.lead, path, bytes(6_000_000), 0).status_code == 204
    assert delete(world.lead, path).status_code == 204
    assert lying_in(world.parts.settings) == []


def test_what_came_whole_lies_under_its_digest_and_nowhere_else(world: World):
    for _ in range(2):
        assert upload(world.lead, photo()).status_code == 204
    name = digest(photo())
    assert lying_in(world.parts.settings) == [f"originals/{name[:2]}/{name}"]
