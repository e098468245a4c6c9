"""The verdict of `make chaos` can fail: each check names the damage that it is there to find."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.chaos import verdict
from tests.chaos.verdict import Typed, Witness
from tests.server.inspections import new_photo
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import digest, photo, upload

DATA = photo()


def ops_of(task):
    return [
        op("record", task, {"unit_name": "小吃店"}),
        new_finding("f1", task, title="灭火器失效"),
        op("finding", "f1", {"title": "灭火器过期"}, base_rev=1),
        op("answer", f"{task}.9.9", {"value": "pass"}),
        op("finding", "f9", {"title": "早到"}, depends_on=["never-sent"]),
        new_photo("p1", task, sha256=digest(DATA), size_bytes=len(DATA)),
    ]


def state(caller):
    page = caller.pull()
    changes = [change for change in page["changes"] if change["op"] == "upsert"]
    return {(c["type"], c["id"]): (c["rev"], c["data"]) for c in changes}


@pytest.fixture
def device(world):
    """A device that did a little of everything, and holds what it should."""
    ops = ops_of(world.task())
    results = world.lead.push(*ops)
    statuses = [result["status"] for result in results]
    assert statuses == ["applied", "applied", "applied", "rejected", "deferred", "applied"]
    assert upload(world.lead, DATA, "p1").status_code == 204
    page = world.lead.pull()
    seqs = [change["seq"] for change in page["changes"]]
    typed = [
        Typed("d-lead", each["op_id"], each["type"], each["id"], each["action"], each["patch"])
        for each in ops
    ]
    heard = {each["op_id"]: [result] for each, result in zip(ops, results, strict=True)}
    return Witness(
        "the device", "d-lead", "o-lead", typed, heard, [(None, seqs, page["cursor"])],
        state(world.lead), [],
    )  # fmt: skip


def unguard(world, table):
    """Let rows be changed that are only ever added."""
    with world.parts.database.write() as session:
        if not world.parts.database.is_sqlite:
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            return
        guards = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"),
            {"table": table},
        )
        for name in guards.scalars().all():
            session.execute(text(f"DROP TRIGGER {name}"))


def stored_files(world):
    folder = world.parts.settings.data_dir / "originals"
    return [path for path in folder.rglob("*") if path.is_file()]


def judge(world, *devices):
    """All that is wrong, in one text; the words of the check that found it before each."""
    held = {"o-lead": state(world.lead)}
    originals = world.parts.media.originals
    with world.parts.database.write() as session:
        found = {
            "receipts": verdict.wrong_receipts(session, devices),
            "words": verdict.lost_words(session, devices),
            "history": verdict.wrong_history(session),
            "mirrors": verdict.wrong_mirrors(devices, held),
            "feeds": verdict.wrong_feeds(session, devices),
            "photos": verdict.wrong_photos(session, devices, originals),
            "deletions": verdict.wrong_deletions(session, originals),
            "files": verdict.unknown_files(session, [path.name for path in stored_files(world)]),
            "chain": verdict.broken_chain(session),
        }
        return {name: sentences for name, lines in found.items() if (sentences := list(lines))}


def test_nothing_is_wrong_where_nothing_went_wrong(world, device):
    assert judge(world, device) == {}


DAMAGES = {
    "a receipt is missing": ("receipts", "DELETE FROM receipts WHERE entity_id = 'f1'"),
    "a receipt says something else than the device heard": (
        "receipts", "UPDATE receipts SET result = '{\"status\": \"merged\"}' WHERE type = 'record'",
    ),
    "an op is held without a reason": (
        "receipts", "UPDATE receipts SET result = '{\"status\": \"deferred\"}' "
        "WHERE status = 'deferred'",
    ),
    "a refused op is not kept": ("words", "UPDATE receipts SET body = NULL WHERE body IS NOT NULL"),
    "a version is missing": ("words", "DELETE FROM history WHERE entity_id = 'f1' AND rev = 2"),
    "a version holds another value than was typed": (
        "words", "UPDATE history SET patch = '{\"title\": \"别的\"}' WHERE rev = 2",
    ),
    "an op was done twice": (
        "history", "UPDATE history SET rev = 3 WHERE entity_id = 'f1' AND rev = 2"
    ),
    "a document is older than its history": (
        "history", "UPDATE documents SET rev = 1 WHERE id = 'f1'"
    ),
    "a feed lacks a row that a device has": (
        "mirrors", "DELETE FROM feed_entries WHERE type = 'finding' AND officer_id = 'o-lead'"
    ),
    "a feed's head is behind its entries": (
        "feeds", "UPDATE feed_heads SET seq = 1 WHERE officer_id = 'o-assistant'"
    ),
    "a photo is half deleted": ("deletions", "UPDATE photos SET state = 'deleting'"),
    "a deleted photo's bytes lie there": ("deletions", "UPDATE photos SET state = 'deleted'"),
    "a photo is not verified": ("photos", {"state": "declared"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_verdict_finds_that(world, device, damage):
    check, how = DAMAGES[damage]
    unguard(world, "history")
    with world.parts.database.write() as session:
        if isinstance(how, dict):
            data = session.execute(text("SELECT data FROM documents WHERE id = 'p1'")).scalar_one()
            plain = {**(json.loads(data) if isinstance(data, str) else data), **how}
            session.execute(
                text("UPDATE documents SET data = :data WHERE id = 'p1'"),
                {"data": json.dumps(plain)},
            )
        else:
            session.execute(text(how.replace(":", "\\:")))
    assert check in judge(world, device)


def test_the_verdict_finds_a_device_that_was_never_told_of_a_row(world, device):
    mirror = dict(device.mirror)
    del mirror["finding", "f1"]
    [sentence] = judge(world, replace(device, mirror=mirror))["mirrors"]
    assert "('finding', 'f1')" in sentence


def test_the_verdict_finds_a_device_that_still_has_something_to_send(world, device):
    assert "mirrors" in judge(world, replace(device, still_waiting=["op 1 waiting"]))


def test_the_verdict_finds_a_page_that_goes_back(world, device):
    [(cursor, seqs, after)] = device.pages
    again = [*device.pages, (after, seqs[-1:], "later")]
    assert "feeds" in judge(world, replace(device, pages=again))
    assert (cursor, after) == (None, device.pages[0][2])


def test_the_verdict_finds_an_op_whose_result_was_never_heard(world, device):
    assert "receipts" in judge(world, replace(device, heard={}))


def test_the_verdict_finds_bytes_that_changed_on_the_disk(world, device):
    [stored] = stored_files(world)
    stored.chmod(0o600)
    stored.write_bytes(DATA[:-1] + b"\0")
    [sentence] = judge(world, device)["photos"]
    assert "are others" in sentence


def test_the_verdict_finds_an_original_of_which_no_row_knows(world, device):
    [stored] = stored_files(world)
    stored.with_name("0" * 64).write_bytes(b"-")
    assert list(judge(world, device)) == ["files"]


def test_the_verdict_finds_an_audit_entry_that_was_changed_after_it_was_sealed(world, device):
    assert judge(world, device) == {}
    unguard(world, "audit")
    with world.parts.database.write() as session:
        session.execute(text("UPDATE audit SET action = 'nothing' WHERE id = 1"))
    assert list(judge(world, device)) == ["chain"]


def test_the_verdict_finds_an_event_of_a_photo_that_was_changed_after_it_was_sealed(world, device):
    assert judge(world, device) == {}
    unguard(world, "custody_events")
    with world.parts.database.write() as session:
        session.execute(text("UPDATE custody_events SET user_id = 'x' WHERE kind = 'declared'"))
    [sentence] = judge(world, device)["chain"]
    assert "event-changed" in sentence
