from sqlalchemy import update

from server.clock import now
from server.models import Upload
from tests.server.tus.speaker import (
    begin,
    digest,
    head,
    metadata_of,
    new_photo_id,
    patch,
    photo,
)
from tests.world import World


def test_it_says_where_an_upload_stands_from_the_first_byte_to_the_last(world: World):
    data, photo_id = photo(), new_photo_id()
    path = begin(world.lead, data, photo_id)
    for reached, end in ((0, 700), (700, len(data)), (len(data), len(data))):
        answer = head(world.lead, path)
        assert answer.status_code == 200
        assert answer.headers["Upload-Offset"] == str(reached)
        assert answer.headers["Upload-Length"] == str(len(data))
        assert answer.headers["Upload-Metadata"] == metadata_of(data, photo_id)
        assert answer.headers["Cache-Control"] == "no-store"
        patch(world.lead, path, data[reached:end], reached)


def test_an_unknown_upload_is_not_found_and_has_no_offset(world: World):
    for upload_id in ("0" * 32, "..", "..%2f..%2fetc", "a" * 200):
        answer = head(world.lead, f"/files/{upload_id}")
        assert answer.status_code == 404
        assert "Upload-Offset" not in answer.headers
        assert answer.data == b""
        assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_anothers_upload_is_not_found(world: World):
    path = begin(world.lead, photo())
    assert head(world.assistant, path).status_code == 404


def test_an_expired_upload_is_gone(world: World):
    path = begin(world.lead, photo())
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=now()))
    answer = head(world.lead, path)
    assert answer.status_code == 410
    assert "Upload-Offset" not in answer.headers


def test_a_quarantined_upload_says_again_what_was_wrong(world: World):
    path = begin(world.lead, photo(1))
    first = patch(world.lead, path, b"%PDF-1.7" + bytes(len(photo(1)) - 8), 0)
    assert first.status_code == 422
    answer = head(world.lead, path)
    assert answer.status_code == 422
    assert "Upload-Offset" not in answer.headers


def test_a_whole_file_that_a_kill_left_without_its_row_is_completed_when_asked_for(world: World):
    data = photo()
    path = begin(world.lead, data)
    media = world.parts.media
    upload_id = path.rpartition("/")[2]
    with media.uploads.locked(upload_id) as partial:  # all bytes arrived, and then nothing more
        (world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id).write_bytes(data)
        assert partial.offset == len(data)
    assert head(world.lead, path).headers["Upload-Offset"] == str(len(data))
    assert media.originals.exists(digest(data))
