from sqlalchemy import select, update

from server.clock import now
from server.models import Upload
from tests.server.tus.speaker import (
    begin,
    declare,
    delete,
    digest,
    head,
    new_photo_id,
    patch,
    photo,
    state_of,
    upload,
)
from tests.world import World


def test_an_upload_given_up_is_gone_with_its_bytes(world: World):
    data = photo()
    path = begin(world.lead, data)
    patch(world.lead, path, data[:500], 0)
    answer = delete(world.lead, path)
    assert answer.status_code == 204
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert head(world.lead, path).status_code == 404
    assert patch(world.lead, path, data[500:], 500).status_code == 404
    assert delete(world.lead, path).status_code == 404
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []
    left = [p for p in (world.parts.settings.data_dir / "uploads").rglob("*") if p.is_file()]
    assert left == []


def test_a_complete_upload_loses_its_address_but_the_evidence_stays(world: World):
    data, photo_id = photo(), new_photo_id()
    path = begin(world.lead, data, photo_id)
    patch(world.lead, path, data, 0)
    assert delete(world.lead, path).status_code == 204
    assert head(world.lead, path).status_code == 404
    assert world.parts.media.originals.exists(digest(data))
    declare(world.lead, world.task(), photo_id, data)
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_anothers_upload_is_not_found_and_stays(world: World):
    path = begin(world.lead, photo())
    assert delete(world.assistant, path).status_code == 404
    assert head(world.lead, path).status_code == 200


def test_an_upload_that_someone_is_writing_is_locked(world: World):
    path = begin(world.lead, photo())
    with world.parts.media.uploads.locked(path.rpartition("/")[2]):
        answer = delete(world.lead, path)
    assert (answer.status_code, answer.get_json()["code"]) == (423, "upload_locked")
    assert head(world.lead, path).status_code == 200


def test_a_quarantined_upload_can_be_given_up_too(world: World):
    data = b"%PDF-1.7 no photo"
    assert upload(world.lead, data).status_code == 415
    with world.parts.database.read() as session:
        upload_id = session.scalars(select(Upload.id)).one()
    assert delete(world.lead, f"/files/{upload_id}").status_code == 204
    assert head(world.lead, f"/files/{upload_id}").status_code == 404
    assert world.parts.media.quarantine.exists(digest(data))


def test_an_expired_upload_is_gone(world: World):
    path = begin(world.lead, photo())
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=now()))
    answer = delete(world.lead, path)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "upload_expired")
