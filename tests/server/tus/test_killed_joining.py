"""Joining that breaks off at any step is made good: asked again, looked at, or swept."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select, update

from media.partial import UnverifiedMark
from server import failpoints
from server.clock import now
from server.config import Settings
from server.models import Upload
from tests.server.tus.speaker import (
    RESUMABLE,
    begin_later,
    begin_part,
    big_photo,
    declare,
    delete,
    digest,
    head,
    join,
    metadata_of,
    new_photo_id,
    patch,
    photo,
    send_parts,
    state_of,
)
from tests.server_process import serving
from tests.world import World

STEPS = [
    "upload.file_made", "upload.begun", "upload.part_copied", "upload.joined",
    "upload.parts_removed", "upload.judged", "upload.stored", "upload.noted",
]  # fmt: skip


class Struck(BaseException):
    """What a step raises: passes every handler as a kill would, and is seen by the test alone."""


@pytest.fixture
def strike(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Have one point break off, once."""
    wanted: list[str] = []

    def act(point: str) -> None:
        if wanted == [point]:
            wanted.clear()
            raise Struck

    monkeypatch.setattr(failpoints, "_acts", [act])
    yield wanted.append
    assert wanted == [], "nobody came by"


def final_id(world: World) -> str:
    with world.parts.database.read() as session:
        return session.scalars(select(Upload.id).where(Upload.concat.like("final;%"))).one()


def sweep_later(world: World) -> None:
    """When the time of all uploads is over."""
    long_ago = now() - timedelta(days=1)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=long_ago, created_at=long_ago))
    world.parts.jobs.run_now("sweep_uploads")


def assert_whole(world: World, data: bytes, photo_id: str) -> None:
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data
    assert state_of(world.lead, photo_id)["state"] == "verified"
    with world.parts.database.read() as session:
        states = sorted(session.scalars(select(Upload.state)))
    assert states == ["done", "used", "used"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("by", ["asking again", "looking", "sweeping"])
def test_what_broke_off_is_made_good(
    world: World, strike: Callable[[str], None], step: str, by: str
):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.lead, data, 1000)
    strike(step)
    with pytest.raises(Struck):
        join(world.lead, paths, data, photo_id)
    if by == "asking again" or step == "upload.file_made":  # nobody was told anything
        assert join(world.lead, paths, data, photo_id).status_code == 201
    elif by == "looking":
        answer = head(world.lead, f"/files/{final_id(world)}")
        assert answer.headers["Upload-Offset"] == str(len(data))
    else:
        world.parts.jobs.run_now("sweep_uploads")  # too early: somebody may be at it
        sweep_later(world)  # what is whole is never removed
        assert world.parts.media.originals.exists(digest(data))
        assert state_of(world.lead, photo_id)["state"] == "verified"
        return
    assert_whole(world, data, photo_id)


def test_a_process_that_died_while_copying_left_a_mark_and_copying_begins_anew(
    world: World, strike: Callable[[str], None]
):
    data, photo_id = big_photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.lead, data, 300_000)
    strike("upload.begun")
    with pytest.raises(Struck):
        join(world.lead, paths, data, photo_id)
    upload_id = final_id(world)
    file = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
    file.write_bytes(bytes(len(data)))  # as long as it will be, but not what was copied
    UnverifiedMark(file).set(0)
    assert join(world.lead, paths, data, photo_id).status_code == 201
    assert_whole(world, data, photo_id)


def test_parts_that_are_being_joined_only_lose_their_address(
    world: World, strike: Callable[[str], None]
):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.lead, data, 1000)
    strike("upload.begun")
    with pytest.raises(Struck):
        join(world.lead, paths, data, photo_id)
    assert delete(world.lead, paths[0]).status_code == 204
    assert patch(world.lead, paths[1], b"x", len(data) - 1000).status_code == 413
    assert head(world.lead, f"/files/{final_id(world)}").status_code == 200
    assert_whole(world, data, photo_id)


@pytest.mark.parametrize("left", [0, 999, None])
def test_what_lost_a_part_is_told_and_ends_with_its_time(
    world: World, strike: Callable[[str], None], left: int | None
):
    data = photo()
    paths = send_parts(world.lead, data, 1000)
    strike("upload.begun")
    with pytest.raises(Struck):
        join(world.lead, paths, data)
    upload_id = paths[0].rpartition("/")[2]
    file = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
    file.unlink() if left is None else os.truncate(file, left)
    answer = head(world.lead, f"/files/{final_id(world)}")
    assert answer.status_code == (404 if left is None else 409)
    world.parts.jobs.run_now("sweep_uploads")
    assert head(world.lead, f"/files/{final_id(world)}").status_code == answer.status_code
    sweep_later(world)
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []


def test_what_is_being_joined_by_another_request_is_locked(
    world: World, strike: Callable[[str], None]
):
    data, photo_id = photo(), new_photo_id()
    paths = send_parts(world.lead, data, 1000)
    strike("upload.begun")
    with pytest.raises(Struck):
        join(world.lead, paths, data, photo_id)
    with world.parts.media.uploads.locked(final_id(world)):
        answer = join(world.lead, paths, data, photo_id)
        assert (answer.status_code, answer.get_json()["code"]) == (423, "upload_locked")
    assert join(world.lead, paths, data, photo_id).status_code == 201


def test_a_part_whose_bytes_are_gone_is_told_and_ends_with_its_time(world: World):
    data = photo()
    path = begin_part(world.lead, len(data))
    world.parts.media.uploads.remove(path.rpartition("/")[2])
    assert head(world.lead, path).status_code == 404
    assert join(world.lead, [path], data).status_code == 404
    sweep_later(world)
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []


def test_a_length_that_was_told_before_the_piece_broke_off_stands(
    world: World, strike: Callable[[str], None]
):
    data = photo()
    path = begin_later(world.lead, data)
    strike("upload.length_set")
    with pytest.raises(Struck):
        patch(world.lead, path, data, 0, **{"Upload-Length": str(len(data))})
    told = head(world.lead, path).headers
    assert (told["Upload-Length"], told["Upload-Offset"]) == (str(len(data)), "0")
    assert patch(world.lead, path, data, 0).status_code == 204
    assert world.parts.media.originals.exists(digest(data))


@pytest.mark.parametrize("step", ["upload.part_copied", "upload.parts_removed"])
def test_a_server_killed_while_it_joins_loses_nothing(
    world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    data, photo_id = big_photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.lead, data, 600_000)
    said = {
        "Authorization": f"Bearer {world.lead.token}", **RESUMABLE,
        "Upload-Metadata": metadata_of(data, photo_id),
        "Upload-Concat": "final;" + " ".join(f"http://localhost/api/v1{path}" for path in paths),
    }  # fmt: skip
    monkeypatch.setenv("DIES_AT", step)
    with serving(settings, folder=tmp_path, target=("tests.server.tus.deadly:app",)) as deadly:
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{deadly.api}/files", headers=said)
        deadly.kill()
    marks = list((settings.data_dir / "uploads").rglob("*.unverified"))
    assert len(marks) == (step == "upload.part_copied")
    assert join(world.lead, paths, data, photo_id).status_code == 201
    assert_whole(world, data, photo_id)
