"""Once a day the heads are written outside the database, whatever happened before."""

import hashlib
import json
import os
import stat

import pytest
from sqlalchemy import select

from custody.tree import Tree
from custody.verify import head_line
from server.models import AuditSeal, CustodyAnchor, CustodySeal
from tests.server.services.custody.evidence import (
    YESTERDAY,
    anchor,
    anchored_day,
    faults_of,
    folder_of,
    harm,
    look_at,
    names_of,
    verified_photo,
)


def said(world, day=0):
    return json.loads(folder_of(world).read(anchored_day(day)))


def heads(world, day=0):
    return [json.loads(line) for line in folder_of(world).heads(anchored_day(day))]


def test_the_anchor_names_every_head_and_where_the_audit_stands(world, photo_id):
    assert anchor(world) == (anchored_day(), 1, 0)
    with world.parts.database.read() as session:
        newest = session.scalars(select(CustodySeal).order_by(CustodySeal.number.desc())).first()
        audit = session.scalars(select(AuditSeal).order_by(AuditSeal.position.desc())).first()
    written = said(world)
    line = head_line(photo_id, newest.position, newest.digest)
    tree = Tree()
    tree.add(line)
    assert heads(world) == [json.loads(line)]
    assert written["heads"] == {
        "count": 1, "root": tree.close().hex(), "sha256": hashlib.sha256(line + b"\n").hexdigest(),
    }  # fmt: skip
    assert written["audit"] == {"position": audit.position, "digest": audit.digest}
    assert (written["previous"], written["seals"]) == (None, newest.number)
    assert faults_of(world) == []


def test_the_next_names_what_moved_since_and_the_file_before(world, photo_id, task_id):
    anchor(world)
    other = verified_photo(world, task_id, 2)
    assert anchor(world, day=1) == (anchored_day(1), 1, 0)
    assert [head["photo_id"] for head in heads(world, 1)] == [other]
    before = folder_of(world).read(anchored_day())
    assert said(world, 1)["previous"] == {
        "day": anchored_day().isoformat(), "sha256": hashlib.sha256(before).hexdigest(),
    }  # fmt: skip
    look_at(world, photo_id)
    anchor(world, day=2)
    assert [head["photo_id"] for head in heads(world, 2)] == [photo_id]
    assert faults_of(world) == []


def test_a_day_has_one_anchor_however_often_the_job_comes(world, photo_id):
    anchor(world)
    before = folder_of(world).read(anchored_day())
    look_at(world, photo_id)
    assert anchor(world) is None
    assert folder_of(world).read(anchored_day()) == before


def test_a_day_without_events_has_its_anchor_too(world, photo_id):
    anchor(world)
    assert anchor(world, day=1) == (anchored_day(1), 0, 0)
    assert said(world, 1)["heads"]["root"] == hashlib.sha256().hexdigest()
    assert faults_of(world) == []


def test_missed_days_are_caught_up_by_one_file_that_says_so(world, photo_id):
    anchor(world)
    look_at(world, photo_id)
    assert anchor(world, day=4) == (anchored_day(4), 1, 3)
    missed = [anchored_day(day).isoformat() for day in (1, 2, 3)]
    assert said(world, 4)["missed_days"] == missed
    assert faults_of(world) == []


def test_heads_stand_in_the_order_of_the_ids_as_bytes(world, task_id):
    for seed, photo_id in enumerate(("b", "A", "a", "_", "-", "Z9", "10", "9")):
        harm(
            world,
            "INSERT INTO custody_events (id, photo_id, kind, at, details) VALUES "
            f"('e{seed}', '{photo_id}', 'viewed', '2026-11-01 00:00:00.000000', '{{}}')",
        )
    anchor(world)
    ids = [head["photo_id"] for head in heads(world)]
    assert ids == sorted(ids, key=str.encode)
    assert len(ids) == 8


def test_the_files_can_be_read_and_not_be_written(world, photo_id):
    anchor(world)
    for path in (
        folder_of(world).path(anchored_day()),
        folder_of(world).heads_path(anchored_day()),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert len(list(folder_of(world).folder.iterdir())) == 2


def test_killed_before_the_anchor_was_written_its_heads_are_written_anew(world, photo_id):
    folder_of(world).keep_heads(anchored_day(), [b"left behind"])
    anchor(world)
    assert [head["photo_id"] for head in heads(world)] == [photo_id]
    assert faults_of(world) == []


def test_killed_before_the_row_was_written_the_file_counts(world, photo_id):
    anchor(world)
    before = folder_of(world).read(anchored_day())
    harm(world, "DELETE FROM custody_anchors")
    assert faults_of(world) == []
    assert anchor(world) is None
    assert folder_of(world).read(anchored_day()) == before
    with world.parts.database.read() as session:
        (row,) = session.scalars(select(CustodyAnchor))
    assert (row.seals, row.sha256) == (0, hashlib.sha256(before).hexdigest())


def test_a_database_set_back_does_not_hide_what_it_lost_and_goes_on(world, photo_id, task_id):
    anchor(world)
    look_at(world, photo_id)
    anchor(world, day=1)
    harm(
        world,
        "DELETE FROM custody_seals WHERE number = (SELECT max(number) FROM custody_seals)",
        "DELETE FROM custody_events WHERE kind = 'viewed'",
        f"DELETE FROM custody_anchors WHERE day = '{anchored_day(1)}'",
    )
    other = verified_photo(world, task_id, 2)
    anchor(world, day=1)
    assert anchor(world, day=2).heads == 2, "all of them: it is not known which were anchored"
    assert {head["photo_id"] for head in heads(world, 2)} == {photo_id, other}
    assert names_of(faults_of(world)) == ["chain-short"]


def test_a_file_that_only_looks_like_an_anchor_stops_none(world, photo_id):
    """Days can be written in more ways than ours."""
    anchor(world)
    same_day = anchored_day().strftime("%Y%m%d")
    for name in (f"{same_day}.json", "20261125.json", "2026-W48-3.json", "notes.json"):
        (folder_of(world).folder / name).write_text("{}")
    assert folder_of(world).days() == [anchored_day()]
    assert anchor(world, day=1) == (anchored_day(1), 0, 0)


def test_an_anchor_is_never_replaced(world, photo_id):
    folder = folder_of(world)
    folder.keep(anchored_day(), b"{}")
    with pytest.raises(FileExistsError):
        folder.keep(anchored_day(), b"{}")
    assert folder.read(anchored_day()) == b"{}"
    assert [path.name for path in folder.folder.iterdir()] == [f"{anchored_day()}.json"]


def test_the_job_seals_first_and_anchors_below_the_data_folder_unless_told_otherwise(
    world, photo_id
):
    world.parts.jobs.run_now("anchor_custody")
    assert os.listdir(world.parts.settings.data_dir / "anchors")
    assert [head["photo_id"] for head in heads(world, YESTERDAY)] == [photo_id]
    assert names_of(faults_of(world)) == []
