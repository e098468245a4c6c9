"""Rule 1: tombstones are kept for a time, then go, and whoever missed them must resync."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from server.clock import now
from server.services.sync import compaction
from server.services.sync.compaction import compact, count_due
from server.services.tasks.handover import release_due
from tests.server.sync.ops import by_id, new_finding, op

DAYS = 90


def sweep(world, *, later=timedelta(0), days=DAYS):
    """One sweep, as the job makes it; gives how many tombstones went."""
    return sum(compact(world.parts.database, now=now() + later, tombstone_days=days))


def ask(caller, cursor, **query):
    return caller.get("/sync/changes", query_string={"cursor": cursor, **query})


def delete(caller, id_):
    [result] = caller.push(op("finding", id_, action="delete", base_rev=1))
    assert result["status"] == "applied"


def entries(world, officer="o-lead"):
    with world.parts.database.read() as session:
        rows = session.execute(
            text("SELECT id, op FROM feed_entries WHERE officer_id = :o ORDER BY seq"),
            {"o": officer},
        )
        return [tuple(row) for row in rows]


@pytest.fixture
def deleted(world):
    """A task with a finding that stays and one that was deleted; gives the cursor between."""
    task = world.task()
    world.lead.push(new_finding("stays", task), new_finding("goes", task))
    cursor = world.lead.pull()["cursor"]
    delete(world.assistant, "goes")
    return cursor


def test_a_tombstone_stays_for_its_days_since_the_sweep_that_saw_it_and_then_goes(world, deleted):
    assert sweep(world) == 0
    first = now()
    assert sweep(world, later=timedelta(days=DAYS) - timedelta(minutes=5)) == 0
    assert ("goes", "delete") in entries(world)
    with world.parts.database.read() as session:
        moment = first + timedelta(days=DAYS, minutes=5)
        assert count_due(session, now=moment, tombstone_days=DAYS) == 2  # one in each feed
    assert sweep(world, later=timedelta(days=DAYS, minutes=5)) == 2
    assert "goes" not in dict(entries(world))
    assert dict(entries(world))["stays"] == "upsert"
    assert sweep(world, later=timedelta(days=3 * DAYS)) == 0


def test_a_cursor_below_the_floor_is_410_and_one_at_it_goes_on(world, deleted):
    """n and n + 1: the tombstone is the last entry, so that its seq becomes the floor."""
    at_floor = world.lead.pull(deleted)["cursor"]
    sweep(world, days=0)
    refused = ask(world.lead, deleted)
    assert (refused.status_code, refused.get_json()["code"]) == (410, "resync_required")
    assert refused.get_json()["details"] == {"action": "resync_keep_pending"}
    assert ask(world.lead, at_floor).status_code == 200


def test_a_device_up_to_date_before_compaction_is_told_nothing(world, deleted):
    cursor = world.lead.pull(deleted)["cursor"]
    sweep(world, days=0)
    page = world.lead.pull(cursor)
    assert (page["changes"], page["cursor"]) == ([], cursor)


def test_a_fresh_device_walks_up_from_below_the_floor_page_by_page(world, deleted):
    sweep(world, days=0)
    cursor, seen, more = None, {}, True
    while more:
        page = world.assistant.pull(cursor, limit=1)
        seen |= by_id(page)
        cursor, more = page["cursor"], page["has_more"]
    assert ("finding", "stays") in seen
    assert ("finding", "goes") not in seen


def test_a_fresh_device_overtaken_by_compaction_on_its_way_must_begin_anew(world):
    """It holds the finding already; the tombstone that it needs goes before it comes to it."""
    task = world.task()
    world.lead.push(new_finding("goes", task))
    held = len(world.lead.pull()["changes"])
    page = world.lead.pull(limit=held)
    assert ("finding", "goes") in by_id(page)
    world.lead.push(*(new_finding(f"more-{i}", task) for i in range(3)))
    delete(world.assistant, "goes")
    world.lead.push(new_finding("last", task))
    sweep(world, days=0)
    assert ask(world.lead, page["cursor"], limit=1).status_code == 410


def test_what_comes_back_after_its_tombstone_was_removed_is_told_like_anything_new(world, deleted):
    cursor = world.lead.pull(deleted)["cursor"]
    sweep(world, days=0)
    world.lead.push(op("finding", "goes", {"title": "还在"}, base_rev=1))
    changes = by_id(world.lead.pull(cursor))
    assert changes["finding", "goes"]["op"] == "upsert"


def test_a_revoke_is_no_tombstone_until_it_becomes_a_purge(world):
    task, stranger = world.task(), world.officer("stranger")
    posts = [
        {"officer_id": officer, "role": role}
        for officer, role in ((stranger.officer_id, "lead"), ("o-assistant", "assistant"))
    ]
    body = {"assignments": posts, "reason": "调离"}
    answer = world.supervisor.call("PUT", f"/tasks/{task}/assignments", json=body)
    assert answer.status_code == 200, answer.text
    assert set(dict(entries(world)).values()) == {"revoke"}
    assert sweep(world, days=0) == 0
    with world.parts.database.write() as session:
        released = release_due(session, now=now() + timedelta(days=2), salvage_days=1)
    assert sweep(world, days=0) == released > 0
    assert entries(world) == []


def test_history_receipts_and_audit_are_never_compacted(world, deleted):
    counts = "SELECT (SELECT count(*) FROM history), (SELECT count(*) FROM receipts)"
    with world.parts.database.read() as session:
        before = session.execute(text(counts)).one()
    sweep(world, days=0)
    with world.parts.database.read() as session:
        assert session.execute(text(counts)).one() == before
        acts = session.execute(
            text("SELECT count(*) FROM audit WHERE action = 'feeds.compacted'")
        ).scalar_one()
    assert acts == 1


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_batches_of_any_size_leave_the_same(world, batch, monkeypatch):
    """Three tombstones in each of two feeds; the limits are tried below, at and above them."""
    task = world.task()
    world.lead.push(*(new_finding(f"f{i}", task) for i in range(3)))
    cursor = world.lead.pull()["cursor"]
    for i in range(3):
        delete(world.lead, f"f{i}")
    newest = world.lead.pull()["cursor"]
    for limit in ("FEEDS", "TOMBSTONES", "MARKS"):
        monkeypatch.setattr(compaction, limit, batch)
    assert sweep(world, days=0) == 6
    assert ask(world.lead, cursor).status_code == 410
    assert ask(world.lead, newest).status_code == 200
    with world.parts.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM feed_marks")).scalar_one() == 0
        floors = session.execute(text("SELECT seq, floor FROM feed_heads WHERE floor > 0")).all()
    assert len(floors) == 2
    assert all(seq == floor for seq, floor in floors)


def test_the_command_tells_first_and_then_does(app, world, deleted):
    run = app.test_cli_runner().invoke
    assert "dropped 0 tombstones" in run(args=["sync", "compact"]).output
    with world.parts.database.write() as session:
        session.execute(text("UPDATE feed_marks SET at_ms = 1"))
    assert "2 tombstones are older" in run(args=["sync", "compact", "--dry-run"]).output
    assert ("goes", "delete") in entries(world)
    assert "dropped 2 tombstones" in run(args=["sync", "compact"]).output
    assert "goes" not in dict(entries(world))
    assert "--dry-run" in run(args=["sync", "compact", "--help"]).output


def test_tombstone_days_are_told(world):
    assert world.lead.get("/sync/capabilities").get_json()["tombstone_days"] == DAYS
