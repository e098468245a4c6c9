"""What a device says of its own queue, and what it does about work that was not taken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from client import ApiError, Device
from client.store import SCHEMAS, Store
from tests.client.standin import LOSE, Partner

DRAINING = {"code": "device_draining", "message": "正在停用", "details": {"action": "drain"}}


def told(partner: Partner) -> list[object]:
    return [push.get("pending") for push in partner.pushes]


def test_rule_10_each_push_tells_what_will_still_wait_once_it_is_answered(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    partner.capabilities["preferred_batch"] = 2
    finding = device.add_finding("t1", title="通道被占用")
    device.attach_photo(jpeg, of=("finding", finding))
    device.sync()
    (first, second, last) = partner.pushes
    assert first["pending"] == [{"task_id": "t1", "ops": 1, "photos": 1}]
    assert second["pending"] == [{"task_id": "t1", "ops": 0, "photos": 1}]
    assert (last["ops"], last["pending"]) == ([], [])
    device.sync()
    assert len(partner.pushes) == 3


def test_rule_10_what_could_not_be_sent_is_told_until_it_was(
    make_device: Callable[..., Device], partner: Partner, jpeg: Path
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.attach_photo(jpeg, of=("record", "t1"))
    partner.fail("POST", "/photos/check", 503)
    device.sync()
    assert told(partner) == [[{"task_id": "t1", "ops": 0, "photos": 1}]]
    device.sync()
    assert told(partner)[1:] == [[]]


def test_rule_10_a_device_with_nothing_left_says_so_when_a_colleague_has_handed_the_task_in(
    device: Device, partner: Partner
) -> None:
    partner.say("task", "t1", status="submitted")
    device.sync()
    assert [(push["ops"], push["pending"]) for push in partner.pushes] == [([], [])]
    device.sync()
    assert len(partner.pushes) == 1


def test_rule_10_who_hands_in_has_said_it_with_the_submission(
    device: Device, partner: Partner
) -> None:
    device.submit("t1")
    device.sync()
    assert told(partner) == [[]]


def test_rule_11_a_mended_op_names_the_one_that_it_stands_for(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "maybe")
    partner.verdict("answer", "t1.A1", "rejected", error={"code": "field_invalid"})
    device.sync()
    (refused,) = device.pending().refused
    device.mend(refused.op_id, value="pass")
    device.sync()
    assert partner.pushes[-1]["ops"][0]["mends"] == refused.op_id
    assert not device.pending()


def test_rule_9_what_people_decided_about_salvaged_work_is_asked_for_until_it_is_known(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    undecided = {"code": "not_assigned", "details": {"late_op_id": "l1", "state": "open"}}
    partner.verdict("answer", "t1.A1", "salvaged", error=undecided)
    device.sync()
    (op,) = device.pending().refused
    assert not device.sync().receipts  # asked, and still undecided: no news
    decided = undecided | {"details": {"state": "refused", "reason": "重复"}}
    body, result = partner.receipts[op.op_id]
    partner.receipts[op.op_id] = (body, result | {"error": decided})
    device.sync()
    assert device.pending().refused[0].reason == decided
    asked = partner.count("GET", "/sync/receipts")
    device.sync()
    assert partner.count("GET", "/sync/receipts") == asked


def test_rule_7_a_device_that_is_being_stopped_sends_what_it_holds_and_says_when_it_is_done(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    device.attach_photo(jpeg, of=("record", "t1"))
    for _ in range(2):  # before the photos and after them
        partner.fail("GET", "/sync/changes", 403, body=DRAINING)
    report = device.sync()
    assert report.draining
    assert report.clean
    assert report.photos_sent == 1
    assert (partner.pushes[-1]["ops"], told(partner)[-1]) == ([], [])
    partner.fail("GET", "/sync/capabilities", 403, body={"code": "device_revoked"})
    with pytest.raises(ApiError) as stopped:
        device.sync()
    assert stopped.value.code == "device_revoked"
    assert device.get("task", "t1")  # nothing was wiped


def test_rule_7_a_lost_last_answer_is_asked_for_again_while_draining(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    device = make_device()
    device.login("zhang", "pass-zhang")
    device.sync()
    device.answer("t1", "A1", "fail")
    partner.fail("POST", "/sync/push", LOSE)
    partner.fail("GET", "/sync/changes", 403, body=DRAINING)
    device.sync()
    assert [len(push["ops"]) for push in partner.pushes] == [1, 1, 0]
    assert not device.pending()


def test_rule_7_each_person_on_a_shared_tablet_tells_of_their_own_queue_only(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    partner.say("task", "t2", by="li", number="检2026-2")
    device.login("li", "pass-li")
    device.sync()
    device.start_task("t2")
    device.sync()
    assert told(partner) == [[]]
    device.login("zhang", "pass-zhang")
    device.sync()
    assert [op["id"] for op in partner.pushes[-1]["ops"]] == ["t1.A1"]


def test_rule_13_an_old_client_that_was_refused_goes_on_when_it_was_updated(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    partner.fail("POST", "/sync/push", 426, body={"code": "client_too_old", "message": "请先升级"})
    with pytest.raises(ApiError) as refused:
        device.sync()
    assert refused.value.message == "请先升级"
    assert len(device.pending().ops) == 1
    device.sync()
    assert not device.pending()


def test_a_store_of_the_version_before_is_brought_up_with_all_that_waits(
    device: Device, make_device: Callable[..., Device]
) -> None:
    device.answer("t1", "A1", "fail")
    before = device.pending()
    for table in ("outbox", "kept_ops"):
        device.store.db.execute(f"ALTER TABLE {table} DROP COLUMN mends")
    device.store.db.execute("PRAGMA user_version = 2")
    path = device.store.path
    device.close()
    store = Store(path)
    (version,) = store.db.execute("PRAGMA user_version").fetchone()
    store.close()
    assert version == len(SCHEMAS)
    assert make_device().pending() == before
