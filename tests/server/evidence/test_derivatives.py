"""Small pictures are made apart from any request; a failure is noted and holds up nobody."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import delete, insert, select

from media.darkroom import Darkroom, Develop
from server.clock import now
from server.models import Derivative, EvidenceFile
from server.services.evidence.derivatives import (
    MAX_ATTEMPTS,
    WAITS,
    make_derivatives,
)
from tests.media.pictures import clip
from tests.server.evidence.fates import DEADLY, ask_for_too_much, die_of_one
from tests.server.tus.speaker import digest, photo, upload
from tests.world import World

KINDS = ["screen", "thumbnail"]


@pytest.fixture(scope="module")
def darkroom() -> Iterator[Darkroom]:
    with closing(Darkroom()) as one:
        yield one


def make(world: World, darkroom: Darkroom, *, later: timedelta = timedelta()) -> int:
    parts = world.parts
    return make_derivatives(parts.database, parts.media, now=now() + later, darkroom=darkroom)


def rows(world: World, sha256: str) -> list[Derivative]:
    with world.parts.database.read() as session:
        own = select(Derivative).where(Derivative.sha256 == sha256).order_by(Derivative.kind)
        return list(session.scalars(own))


def kept(world: World, kind: str, sha256: str) -> bytes:
    with world.parts.media.derivatives[kind].open(sha256) as stream:
        return stream.read()


def test_each_picture_gets_one_of_each_size_once(world: World, darkroom: Darkroom):
    for seed in range(3):
        upload(world.lead, photo(seed))
    assert (make(world, darkroom), make(world, darkroom)) == (3, 0)
    for seed in range(3):
        sha256 = digest(photo(seed))
        made = rows(world, sha256)
        assert [row.kind for row in made] == KINDS
        for row in made:
            content = kept(world, row.kind, sha256)
            assert row.made_sha256 == hashlib.sha256(content).hexdigest()
            assert row.size_bytes == len(content)
            assert (row.attempts, row.error) == (1, None)


def test_both_sizes_show_the_whole_picture(world: World, darkroom: Darkroom):
    data = photo(width_px=2000, height_px=1500)
    upload(world.lead, data)
    make(world, darkroom)
    sizes = [Image.open(io.BytesIO(kept(world, kind, digest(data)))).size for kind in KINDS]
    assert sizes == [(1600, 1200), (320, 240)]


def test_a_failure_is_noted_tried_again_and_in_the_end_left_alone(world: World, darkroom: Darkroom):
    lost, fine = digest(photo(1)), digest(photo(2))
    upload(world.lead, photo(1))
    upload(world.lead, photo(2))
    world.parts.media.originals.delete(lost)
    waited = timedelta()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert make(world, darkroom, later=waited) == (2 if attempt == 1 else 1)
        assert make(world, darkroom, later=waited) == 0  # it has to wait for its turn
        for row in rows(world, lost):
            assert (row.attempts, row.made_at) == (attempt, None)
            assert "original_missing" in row.error
        assert all(row.made_at is not None for row in rows(world, fine))
        waited += WAITS[attempt - 1] + timedelta(seconds=5)
    assert make(world, darkroom, later=timedelta(days=365)) == 0


def test_one_that_failed_for_a_while_is_made_in_the_end(world: World, darkroom: Darkroom):
    data = photo()
    upload(world.lead, data)
    store = world.parts.media.originals
    with store.open(digest(data)) as stored:
        content = stored.read()
    store.delete(digest(data))
    make(world, darkroom)
    restored = world.parts.settings.data_dir / "restored"
    restored.write_bytes(content)
    store.put(restored, digest(data))
    make(world, darkroom, later=WAITS[0] + timedelta(seconds=1))
    for row in rows(world, digest(data)):
        assert row.made_at is not None
        assert (row.attempts, row.error) == (2, None)


def test_a_photo_that_arrives_is_due_and_the_job_makes_its_pictures(world: World):
    upload(world.lead, photo())
    world.parts.jobs.run_now("make_derivatives")
    assert [row.made_at is None for row in rows(world, digest(photo()))] == [False, False]


@pytest.mark.parametrize(
    ("fate", "said"),
    [(die_of_one, "process that tried it died"), (ask_for_too_much, "MemoryError")],
)
def test_a_picture_that_kills_who_tries_it_holds_up_nobody_and_is_not_tried_for_ever(
    world: World, fate: Develop, said: str
):
    deadly = photo(9) + DEADLY
    for data in (photo(1), deadly, photo(2)):
        upload(world.lead, data)
    with closing(Darkroom(fate)) as darkroom:
        assert make(world, darkroom) == 3
        for day in range(1, MAX_ATTEMPTS + 3):
            make(world, darkroom, later=timedelta(days=day))
    for data in (photo(1), photo(2)):
        assert all(row.made_at is not None for row in rows(world, digest(data)))
    for row in rows(world, digest(deadly)):
        assert (row.attempts, row.made_at) == (MAX_ATTEMPTS, None)
        assert said in row.error


class Killed(BaseException):
    """The whole process is gone: nothing is caught, nothing noted."""


class DyingDarkroom(Darkroom):
    def pictures(self, original: bytes) -> dict[str, bytes]:
        raise Killed


def test_an_attempt_counts_even_if_nobody_lives_to_note_how_it_ended(world: World):
    upload(world.lead, photo())
    for attempt in range(MAX_ATTEMPTS):
        with pytest.raises(Killed):
            make(world, DyingDarkroom(), later=timedelta(days=attempt))
        assert {row.attempts for row in rows(world, digest(photo()))} == {attempt + 1}
    assert make(world, DyingDarkroom(), later=timedelta(days=99)) == 0


def test_a_clip_has_none(world: World, darkroom: Darkroom):
    upload(world.lead, clip())
    assert make(world, darkroom) == 0
    assert rows(world, digest(clip())) == []


def test_what_the_version_before_took_in_is_adopted(world: World, darkroom: Darkroom):
    data = photo()
    upload(world.lead, data)
    with world.parts.database.write() as session:
        session.execute(delete(Derivative))
        clip_row = {
            "sha256": "c" * 64, "size_bytes": 1, "media_type": "video/mp4", "facts": {},
            "stored_at": now(), "thumbnail_attempts": 0,
        }  # fmt: skip
        session.execute(insert(EvidenceFile).values(clip_row))
    assert make(world, darkroom) == 0
    world.parts.jobs.run_now("adopt_pictures")
    assert rows(world, "c" * 64) == []
    assert make(world, darkroom, later=timedelta(seconds=1)) == 1
    assert all(row.made_at is not None for row in rows(world, digest(data)))
