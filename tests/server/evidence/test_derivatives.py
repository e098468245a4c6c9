"""Thumbnails are made apart from any request; a failure is noted and holds up nobody."""

from sqlalchemy import select

from server.clock import now
from server.models import EvidenceFile
from server.services.evidence.derivatives import MAX_ATTEMPTS, make_derivatives
from tests.server.tus.speaker import digest, photo, upload
from tests.world import World


def make(world: World) -> int:
    return make_derivatives(world.parts.database, world.parts.media, now=now())


def files(world: World) -> dict[str, EvidenceFile]:
    with world.parts.database.read() as session:
        return {file.sha256: file for file in session.scalars(select(EvidenceFile))}


def test_each_picture_gets_one_once(world: World):
    for seed in range(3):
        upload(world.lead, photo(seed))
    assert (make(world), make(world)) == (3, 0)
    assert all(file.thumbnail_at is not None for file in files(world).values())
    assert world.parts.media.thumbnails.open(digest(photo(1))) is not None


def test_a_failure_is_noted_tried_again_and_in_the_end_left_alone(world: World):
    lost, fine = digest(photo(1)), digest(photo(2))
    upload(world.lead, photo(1))
    upload(world.lead, photo(2))
    world.parts.media.originals.delete(lost)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert make(world) == (2 if attempt == 1 else 1)
        file = files(world)[lost]
        assert (file.thumbnail_attempts, file.thumbnail_at) == (attempt, None)
        assert "original_missing" in file.thumbnail_error
        assert files(world)[fine].thumbnail_at is not None
    assert make(world) == 0


def test_one_that_failed_for_a_while_is_made_in_the_end(world: World):
    data = photo()
    upload(world.lead, data)
    store = world.parts.media.originals
    with store.open(digest(data)) as stored:
        kept = stored.read()
    store.delete(digest(data))
    make(world)
    restored = world.parts.settings.data_dir / "restored"
    restored.write_bytes(kept)
    store.put(restored, digest(data))
    make(world)
    file = files(world)[digest(data)]
    assert file.thumbnail_at is not None
    assert file.thumbnail_error is None


def test_a_photo_that_arrives_nudges_the_job(world: World):
    upload(world.lead, photo())
    world.parts.jobs.run_now("make_derivatives")
    assert files(world)[digest(photo())].thumbnail_at is not None
