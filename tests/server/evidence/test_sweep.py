"""The sweep finishes what a kill left undone, and removes what nobody will finish."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from media.errors import OriginalDamaged
from server.clock import now
from server.models import EvidenceFile, Photo, Upload
from server.services.evidence.sweep import sweep_uploads
from tests.server.tus.speaker import (
    begin,
    declare,
    digest,
    head,
    new_photo_id,
    patch,
    photo,
    state_of,
    upload,
)
from tests.world import World


def sweep(world: World, moment: datetime | None = None) -> None:
    parts = world.parts
    sweep_uploads(parts.database, parts.media, parts.settings, now=moment or now())


def uploads(world: World) -> dict[str, str]:
    with world.parts.database.read() as session:
        return {row.id: row.state for row in session.scalars(select(Upload))}


def file_of(world: World, path: str) -> Path:
    upload_id = path.rpartition("/")[2]
    return world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id


LATER = timedelta(hours=168)


def test_an_unfinished_upload_is_removed_when_its_time_is_over_and_not_before(world: World):
    data = photo()
    path = begin(world.lead, data)
    patch(world.lead, path, data[:100], 0)
    with world.parts.database.read() as session:
        expires_at = session.scalars(select(Upload.expires_at)).one()
    sweep(world, expires_at - timedelta(milliseconds=1))
    assert head(world.lead, path).headers["Upload-Offset"] == "100"
    sweep(world, expires_at)
    assert uploads(world) == {}
    assert not file_of(world, path).exists()
    assert head(world.lead, path).status_code == 404


def test_one_that_is_being_written_is_left_alone(world: World):
    path = begin(world.lead, photo())
    with world.parts.media.uploads.locked(path.rpartition("/")[2]):
        sweep(world, now() + LATER)
    assert list(uploads(world).values()) == ["open"]


def test_all_bytes_there_but_no_row_becomes_evidence_without_anyone_asking(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    file_of(world, path).write_bytes(data)
    sweep(world)
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_bytes_in_the_store_but_no_row_become_evidence_without_anyone_asking(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    file_of(world, path).write_bytes(data)
    world.parts.media.originals.put(file_of(world, path), digest(data))
    sweep(world, now() + LATER)
    assert state_of(world.lead, photo_id)["state"] == "verified"
    with world.parts.database.read() as session:
        assert session.scalars(select(EvidenceFile.sha256)).all() == [digest(data)]


def test_what_is_no_photo_is_moved_to_where_it_is_kept(world: World):
    data = b"%PDF-1.7 " + bytes(300)
    path = begin(world.lead, data)
    file_of(world, path).write_bytes(data)
    sweep(world)
    assert list(uploads(world).values()) == ["quarantined"]
    assert world.parts.media.quarantine.exists(digest(data))
    file_of(world, path).write_bytes(data)  # as if killed between saying so and moving
    world.parts.media.quarantine.delete(digest(data))
    sweep(world, now() + LATER)
    assert world.parts.media.quarantine.exists(digest(data))
    assert not file_of(world, path).exists()


def test_what_does_not_fit_what_is_stored_stays_and_holds_nobody_else_up(world: World):
    """A disk lost the end of two files, and the same bytes come again; killed before they were
    taken, the sweep finds them, and others."""
    upload(world.lead, photo(1))
    upload(world.lead, b"%PDF-1.7 " + bytes(300))
    for path in world.parts.settings.data_dir.glob("[oq]*/??/??/*"):
        path.chmod(0o640)
        path.write_bytes(b"short")
    paths = {}
    for data in (photo(1), b"%PDF-1.7 " + bytes(300), photo(2), b"%PDF-1.7 " + bytes(301)):
        paths[data] = begin(world.lead, data)
        file_of(world, paths[data]).write_bytes(data)
    for _ in range(2):
        with pytest.raises(OriginalDamaged):
            sweep(world, now() + 2 * LATER)
    stored = world.parts.media
    assert stored.originals.exists(digest(photo(2)))
    assert stored.quarantine.exists(digest(b"%PDF-1.7 " + bytes(301)))
    left = [data for data, path in paths.items() if file_of(world, path).exists()]
    assert left == list(paths)[:2]
    assert all(file_of(world, paths[data]).read_bytes() == data for data in left)


def test_a_row_whose_file_was_never_there_ends_with_its_time(world: World):
    path = begin(world.lead, photo())
    file_of(world, path).unlink()
    sweep(world)
    assert list(uploads(world).values()) == ["open"]
    sweep(world, now() + LATER)
    assert uploads(world) == {}


def test_a_file_without_a_row_is_removed_once_no_row_can_want_it(world: World):
    upload_id = "ab" + "0" * 30
    world.parts.media.uploads.create(upload_id)
    path = file_of(world, upload_id)
    sweep(world, now() + LATER)
    assert path.exists()
    os.utime(path, (0, 0))
    sweep(world)
    assert not path.exists()


def test_done_uploads_are_forgotten_when_their_photo_is_verified(world: World):
    declared, undeclared = new_photo_id(), new_photo_id()
    declare(world.lead, world.task(), declared, photo(1))
    upload(world.lead, photo(1), declared)
    upload(world.lead, photo(2), undeclared)
    sweep(world)
    assert len(uploads(world)) == 2
    sweep(world, now() + LATER)
    assert len(uploads(world)) == 1  # the other photo may yet be declared
    declare(world.lead, world.task(), undeclared, photo(2))
    assert state_of(world.lead, undeclared)["state"] == "verified"


def test_photos_whose_bytes_came_another_way_are_verified(world: World):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    upload(world.lead, data)
    declare(world.lead, task_id, photo_id, data)
    with world.parts.database.write() as session:
        session.execute(update(Photo).values(state="declared", received_sha256=None))
    sweep(world)
    with world.parts.database.read() as session:
        assert session.scalars(select(Photo.state)).one() == "verified"


def test_the_job_does_it_too(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    file_of(world, path).write_bytes(data)
    world.parts.jobs.run_now("sweep_uploads")
    assert state_of(world.lead, photo_id)["state"] == "verified"
