"""creation-defer-length: the length is told once, later."""

import pytest
from sqlalchemy import select, update

from server.clock import now
from server.models import Upload
from tests.server.tus.speaker import (
    PIECE,
    begin,
    begin_later,
    checksum,
    declare,
    delete,
    digest,
    head,
    metadata_of,
    new_photo_id,
    patch,
    photo,
    post,
    state_of,
)
from tests.world import World


def length_of(world: World, path: str) -> tuple[str | None, str | None]:
    headers = head(world.lead, path).headers
    return headers.get("Upload-Length"), headers.get("Upload-Defer-Length")


def test_a_photo_whose_length_comes_with_its_last_piece_is_verified(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin_later(world.lead, data, photo_id)
    assert length_of(world, path) == (None, "1")
    assert patch(world.lead, path, data[:700], 0).headers["Upload-Offset"] == "700"
    assert length_of(world, path) == (None, "1")
    last = patch(world.lead, path, data[700:], 700, **{"Upload-Length": str(len(data))})
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(data)))
    assert length_of(world, path) == (str(len(data)), None)
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_the_length_may_come_before_the_last_piece_and_behind_it(world: World):
    data = photo()
    early, late = begin_later(world.lead, data), begin_later(world.lead, data)
    total = {"Upload-Length": str(len(data))}
    assert patch(world.lead, early, b"", 0, **total).status_code == 204
    assert length_of(world, early) == (str(len(data)), None)
    assert patch(world.lead, early, data, 0).status_code == 204
    patch(world.lead, late, data, 0)
    assert length_of(world, late) == (None, "1")
    assert patch(world.lead, late, b"", len(data), **total).status_code == 204
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload.state)).all() == ["done", "done"]


def test_a_length_is_set_once(world: World):
    data = photo()
    for path in (begin_later(world.lead, data), begin(world.lead, data)):
        same = {"Upload-Length": str(len(data))}
        assert patch(world.lead, path, data[:10], 0, **same).status_code == 204
        assert patch(world.lead, path, data[10:20], 10, **same).status_code == 204
        other = patch(world.lead, path, data[20:], 20, **{"Upload-Length": str(len(data) - 1)})
        assert (other.status_code, other.get_json()["code"]) == (409, "upload_length_fixed")
        assert other.get_json()["details"] == {"length_bytes": len(data)}
        assert head(world.lead, path).headers["Upload-Offset"] == "20"


@pytest.mark.parametrize("length", ["", "-1", "1e3", "9" * 19])
def test_a_length_told_later_must_be_a_number(world: World, length: str):
    path = begin_later(world.lead, photo())
    answer = patch(world.lead, path, b"x", 0, **{"Upload-Length": length})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_header_invalid")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_a_length_told_later_is_not_less_than_what_arrived(world: World):
    data = photo()
    path = begin_later(world.lead, data)
    patch(world.lead, path, data[:100], 0)
    less = patch(world.lead, path, b"", 100, **{"Upload-Length": "99"})
    assert (less.status_code, less.get_json()["code"]) == (400, "upload_header_invalid")
    assert length_of(world, path) == (None, "1")


def test_a_piece_at_the_wrong_place_sets_no_length(world: World):
    data = photo()
    path = begin_later(world.lead, data)
    answer = patch(world.lead, path, data[5:], 5, **{"Upload-Length": str(len(data))})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "offset_mismatch")
    assert length_of(world, path) == (None, "1")


def test_a_length_told_later_is_at_most_the_largest_and_not_a_byte_more(world: World):
    most = world.parts.settings.max_photo_bytes
    path = begin_later(world.lead, photo())
    more = patch(world.lead, path, b"x", 0, **{"Upload-Length": str(most + 1)})
    assert (more.status_code, more.get_json()["code"]) == (413, "file_too_large")
    assert length_of(world, path) == (None, "1")
    assert patch(world.lead, path, b"x", 0, **{"Upload-Length": str(most)}).status_code == 204


def test_no_more_arrives_than_a_photo_may_have_though_no_length_is_told(world: World):
    most = world.parts.settings.max_photo_bytes
    path = begin_later(world.lead, photo())
    upload_id = path.rpartition("/")[2]
    file = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
    with file.open("r+b") as sparse:
        sparse.truncate(most - 10)
    more = patch(world.lead, path, bytes(11), most - 10)
    assert (more.status_code, more.get_json()["code"]) == (413, "upload_too_large")
    assert patch(world.lead, path, bytes(10), most - 10).headers["Upload-Offset"] == str(most)
    assert delete(world.lead, path).status_code == 204


def test_more_than_the_length_told_with_a_piece_is_refused(world: World):
    data = photo()
    path = begin_later(world.lead, data)
    answer = patch(world.lead, path, data, 0, **{"Upload-Length": str(len(data) - 1)})
    assert (answer.status_code, answer.get_json()["code"]) == (413, "upload_too_large")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_the_first_bytes_may_come_along_and_a_checksum_with_any(world: World):
    data = photo()
    said = {"Upload-Defer-Length": "1", "Upload-Metadata": metadata_of(data, new_photo_id())}
    answer = post(world.lead, {**said, **PIECE, **checksum(data[:900])}, data=data[:900])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "900")
    path = answer.headers["Location"].removeprefix("/api/v1")
    total = {"Upload-Length": str(len(data))}
    wrong = patch(world.lead, path, data[900:], 900, **total, **checksum(b"else"))
    assert wrong.status_code == 460
    right = patch(world.lead, path, data[900:], 900, **total, **checksum(data[900:]))
    assert right.status_code == 204
    assert world.parts.media.originals.exists(digest(data))


@pytest.mark.parametrize("said", ["0", "2", "true", "", "01"])
def test_deferring_is_said_with_a_one_and_nothing_else(world: World, said: str):
    announced = {"Upload-Metadata": metadata_of(photo(), new_photo_id())}
    answer = post(world.lead, {"Upload-Defer-Length": said, **announced})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_header_invalid")
    assert answer.get_json()["details"] == {"header": "Upload-Defer-Length"}


def test_a_length_is_either_told_or_deferred(world: World):
    announced = {"Upload-Metadata": metadata_of(photo(), new_photo_id()), "Upload-Length": "10"}
    answer = post(world.lead, {"Upload-Defer-Length": "1", **announced})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_header_invalid")


def test_of_an_unfinished_one_nothing_is_left_when_it_is_given_up_or_expires(world: World):
    data = photo()
    given_up, expired = begin_later(world.lead, data), begin_later(world.lead, data)
    assert delete(world.lead, given_up).status_code == 204  # of no bytes, but not complete
    patch(world.lead, expired, data, 0)  # all bytes, but nobody said so
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=now()))
    assert head(world.lead, expired).status_code == 410
    world.parts.jobs.run_now("sweep_uploads")
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []
    uploads = world.parts.settings.data_dir / "uploads"
    assert [path for path in uploads.rglob("*") if path.is_file()] == []


def test_other_bytes_than_were_stated_are_kept_aside(world: World):
    path = begin_later(world.lead, photo(1))
    other = photo(2)
    answer = patch(world.lead, path, other, 0, **{"Upload-Length": str(len(other))})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "sha256_mismatch")
    assert world.parts.media.quarantine.exists(digest(other))
