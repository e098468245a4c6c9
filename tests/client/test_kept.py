"""A server restored from a backup has forgotten; the device has not."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from client import Device, Offline
from client.store import FIRST_SCHEMA
from tests.client.conftest import FakeClock
from tests.client.standin import LOSE, Partner

KEEP_DAYS = 14


def restore(partner: Partner, *forgotten: str) -> None:
    """A backup is restored in which these entities were not yet; a new epoch begins."""
    partner.epoch += 1
    partner.capabilities["epoch"] = str(partner.epoch)
    for key in [key for key in partner.entities if key[1] in forgotten]:
        del partner.entities[key]
    for feed in partner.feeds.values():
        feed[:] = [change for change in feed if change["id"] not in forgotten]
    known = {op["op_id"]: op for push in partner.pushes for op in push["ops"]}
    for op_id, op in known.items():
        if op["id"] in forgotten:
            partner.receipts.pop(op_id, None)
    partner.pushes.clear()


def sent(partner: Partner) -> list[str]:
    return [op["op_id"] for push in partner.pushes for op in push["ops"]]


def test_what_was_forgotten_is_sent_again_unchanged_before_what_was_never_sent(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    device.answer("t1", "A2", "pass")
    device.sync()
    first = [op for push in partner.pushes for op in push["ops"]]
    restore(partner, "t1.A2")
    device.answer("t1", "A2", "fail")
    report = device.sync()
    again, fresh = [op for push in partner.pushes for op in push["ops"]]
    assert again == first[1]  # and not the one that the backup has
    assert fresh["patch"]["value"] == "fail"
    assert report.resynced
    assert not device.pending()
    assert partner.entities["answer", "t1.A2"]["data"]["value"] == "fail"
    assert device.get("answer", "t1.A1").data["value"] == "fail"


def test_in_the_same_epoch_nothing_is_asked_or_sent_again(device: Device, partner: Partner) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    partner.pushes.clear()
    asked = partner.count("GET", "/sync/receipts")
    assert not device.sync().resynced
    assert partner.count("GET", "/sync/receipts") == asked
    assert partner.pushes == []


@pytest.mark.parametrize(("seconds_more", "comes_back"), [(-1, True), (0, False)])
def test_what_was_sent_is_kept_for_the_days_that_the_server_names(
    device: Device, partner: Partner, clock: FakeClock, seconds_more: int, comes_back: bool
) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    clock.move(days=KEEP_DAYS, seconds=seconds_more)
    device.sync()
    restore(partner, "t1.A1")
    device.sync()
    assert (("answer", "t1.A1") in partner.entities) is comes_back


def test_an_answer_that_is_lost_while_asking_loses_nothing(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    restore(partner, "t1.A1")
    for _ in range(4):
        partner.fail("GET", "/sync/receipts", LOSE)
    with pytest.raises(Offline):
        device.sync()
    assert partner.pushes == []
    device.sync()
    assert partner.entities["answer", "t1.A1"]["data"]["value"] == "fail"
    assert not device.pending()


def test_a_refusal_that_was_forgotten_is_asked_for_again(device: Device, partner: Partner) -> None:
    partner.verdict("answer", "t1.A1", "rejected", error={"code": "field_invalid"})
    device.answer("t1", "A1", "fail")
    device.sync()
    assert len(device.pending().refused) == 1
    restore(partner, "t1.A1")
    device.sync()
    assert not device.pending()
    assert partner.entities["answer", "t1.A1"]["data"]["value"] == "fail"


def test_a_photo_that_was_verified_is_offered_again_and_sent_where_its_bytes_are_missing(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    photo_id = device.attach_photo(jpeg, of=("record", "t1"))
    device.sync()
    restore(partner, photo_id, "t1")
    assert device.sync().photos_sent == 1
    assert len(partner.uploads) == 1  # the bytes were never lost
    partner.blobs.clear()
    restore(partner, photo_id)
    device.sync()
    assert len(partner.uploads) == 2
    assert partner.entities["photo", photo_id]["data"]["state"] == "verified"


def new_device_id(device: Device, partner: Partner) -> None:
    """The server no longer knows the installation, and calls it otherwise at the next login."""
    partner.device_ids["zhang"] = "another-id"
    device.login("zhang", "pass-zhang")


def test_under_a_new_device_id_what_was_answered_is_not_sent_as_if_it_were_new(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    new_device_id(device, partner)
    device.sync()
    partner.receipts.clear()  # they stand under the old name
    restore(partner)
    device.sync()
    assert sent(partner) == []


def test_a_backup_older_than_the_device_gets_all_that_it_ever_sent(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    device.sync()
    restore(partner, "t1.A1")
    new_device_id(device, partner)
    device.sync()
    assert len(sent(partner)) == 1


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as db:
        db.executescript(FIRST_SCHEMA)
        db.execute("INSERT INTO meta VALUES ('server', 'http://somewhere')")
        db.execute("PRAGMA user_version = 1")
    for _ in range(2):
        with Device(path) as device:
            assert device.store.db.execute("SELECT count(*) FROM kept_ops").fetchone()[0] == 0


def test_who_shares_the_tablet_keeps_what_is_theirs(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    device = make_device()
    partner.say("task", "t2", by="li", number="检2026-2")
    for name, task in (("zhang", "t1"), ("li", "t2")):
        device.login(name, f"pass-{name}")
        device.sync()
        device.answer(task, "A1", "fail")
        device.sync()
    restore(partner, "t1.A1", "t2.A1")
    device.sync()
    assert {partner.pushed_by[op_id] for op_id in sent(partner)} == {"li"}
    device.login("zhang", "pass-zhang")
    device.sync()
    assert {("answer", "t1.A1"), ("answer", "t2.A1")} <= partner.entities.keys()
