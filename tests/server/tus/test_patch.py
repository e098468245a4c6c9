import io

import pytest
from sqlalchemy import update

from server.clock import now
from server.models import Upload
from tests.server.tus.speaker import (
    PIECE,
    RESUMABLE,
    begin,
    checksum,
    digest,
    head,
    patch,
    photo,
)
from tests.world import World


def test_pieces_follow_one_another_until_the_photo_is_whole(world: World):
    data = photo()
    path = begin(world.lead, data)
    reached = 0
    while reached < len(data):
        answer = patch(world.lead, path, data[reached : reached + 5000], reached)
        assert answer.status_code == 204
        assert "Upload-Expires" in answer.headers
        reached = int(answer.headers["Upload-Offset"])
    assert reached == len(data)
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data


def test_a_piece_from_a_wrong_offset_changes_nothing_and_says_where_to_go_on(world: World):
    data = photo()
    path = begin(world.lead, data)
    patch(world.lead, path, data[:100], 0)
    for wrong in (0, 99, 101):
        answer = patch(world.lead, path, data[wrong : wrong + 50], wrong)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "offset_mismatch")
        assert answer.get_json()["details"] == {"offset": 100}
    assert head(world.lead, path).headers["Upload-Offset"] == "100"


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "9" * 19])
def test_an_offset_must_be_a_number(world: World, offset: str):
    path = begin(world.lead, photo())
    answer = patch(world.lead, path, b"x", 0, **{"Upload-Offset": offset})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_header_invalid")
    assert answer.get_json()["details"] == {"header": "Upload-Offset"}


def test_another_content_type_is_refused(world: World):
    path = begin(world.lead, photo())
    answer = patch(world.lead, path, b"x", 0, **{"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media_type")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_more_bytes_than_announced_are_refused_and_not_kept(world: World):
    data = photo()
    path = begin(world.lead, data)
    answer = patch(world.lead, path, data + b"x", 0)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "upload_too_large")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_more_bytes_than_announced_are_cut_back_when_nothing_said_how_many_come(world: World):
    data = photo()
    path = begin(world.lead, data)
    headers = {**RESUMABLE, **PIECE, "Upload-Offset": "0", "Transfer-Encoding": "chunked"}
    answer = world.lead.call(
        "PATCH", path, headers=headers, input_stream=io.BytesIO(data + b"x"),
        environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip
    assert (answer.status_code, answer.get_json()["code"]) == (413, "upload_too_large")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_its_checksum_is_kept(world: World, algorithm: str):
    data = photo()
    path = begin(world.lead, data)
    answer = patch(world.lead, path, data, 0, **checksum(data, algorithm))
    assert answer.status_code == 204


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_fails_its_checksum_is_discarded(world: World, algorithm: str):
    data = photo()
    path = begin(world.lead, data)
    patch(world.lead, path, data[:100], 0)
    answer = patch(world.lead, path, data[100:], 100, **checksum(data[100:-1] + b"x", algorithm))
    assert answer.status == "460 Checksum Mismatch"
    assert answer.get_json()["code"] == "checksum_mismatch"
    assert head(world.lead, path).headers["Upload-Offset"] == "100"
    assert patch(world.lead, path, data[100:], 100).status_code == 204


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("md5 1B2M2Y8AsgTpgAmY7PhCfg==", "checksum_algorithm_unknown"),
        ("sha1", "checksum_malformed"),
        ("sha1 !!!", "checksum_malformed"),
        ("sha1 YQ==", "checksum_malformed"),
    ],
)
def test_a_checksum_that_cannot_be_checked_is_refused(world: World, header: str, code: str):
    path = begin(world.lead, photo())
    answer = patch(world.lead, path, b"x", 0, **{"Upload-Checksum": header})
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_an_upload_that_someone_is_writing_is_locked(world: World):
    data = photo()
    path = begin(world.lead, data)
    with world.parts.media.uploads.locked(path.rpartition("/")[2]):
        answer = patch(world.lead, path, data, 0)
    assert (answer.status_code, answer.get_json()["code"]) == (423, "upload_locked")
    assert patch(world.lead, path, data, 0).status_code == 204


def test_an_answer_that_was_lost_may_be_asked_for_again(world: World):
    data = photo()
    path = begin(world.lead, data)
    for _ in range(2):
        patch(world.lead, path, data, 0)
    answer = patch(world.lead, path, b"", len(data))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(data)))
    late = patch(world.lead, path, data, 0)
    assert (late.status_code, late.get_json()["details"]) == (409, {"offset": len(data)})


def test_anothers_upload_is_not_found(world: World):
    data = photo()
    path = begin(world.lead, data)
    answer = patch(world.assistant, path, data, 0)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "upload_not_found")
    assert head(world.lead, path).headers["Upload-Offset"] == "0"


def test_an_expired_upload_takes_nothing_more(world: World):
    data = photo()
    path = begin(world.lead, data)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=now()))
    answer = patch(world.lead, path, data, 0)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "upload_expired")


def test_a_file_larger_than_any_json_goes_through(world: World):
    length = world.parts.settings.max_request_bytes + 1
    path = begin(world.lead, photo(), length=length + 1)
    answer = patch(world.lead, path, bytes(length), 0)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(length))
