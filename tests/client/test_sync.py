"""The sync against faults that a healthy server does not have: lost answers, 410, 426, expiry."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from client import ApiError, Device, DeviceWiped, Moved, Offline, SignInNeeded, UpgradeRequired
from client.wire import PACK_FROM_BYTES, packed
from tests.client.conftest import FakeClock
from tests.client.standin import DROP, LOSE, Partner


def test_a_day_goes_up_and_its_outbox_is_empty_afterwards(device: Device, partner: Partner) -> None:
    device.start_task("t1")
    device.answer("t1", "A1", "pass")
    device.add_finding("t1", title="通道被占用")
    device.submit("t1")
    report = device.sync()

    assert report.receipts == {"applied": 4}
    assert report.clean
    assert not device.pending()
    assert device.get("task", "t1").data["status"] == "submitted"
    assert [op["type"] for op in partner.pushes[0]["ops"]] == ["task", "answer", "finding", "task"]


def test_a_push_whose_answer_was_lost_is_repeated_with_the_same_ops(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail", "一处")
    partner.fail("POST", "/sync/push", LOSE)
    device.sync()

    assert len(partner.pushes) == 2
    assert partner.pushes[0]["ops"] == partner.pushes[1]["ops"]
    assert len(device.get("answer", "t1.A1").data["notes"]) == 1


def test_ops_whose_answers_are_all_lost_wait_for_the_next_run(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.answer("t1", "A1", "fail")
    partner.fail("POST", "/sync/push", LOSE)
    with pytest.raises(Offline):
        device.sync()
    assert len(device.pending().ops) == 1

    device.sync()
    assert not device.pending()
    assert partner.entities[("answer", "t1.A1")]["rev"] == 1


def test_batches_keep_to_the_preferred_count_and_the_largest_request(
    device: Device, partner: Partner
) -> None:
    partner.capabilities["preferred_batch"] = 3
    for number in range(7):
        device.add_finding("t1", title=f"问题{number}")
    device.sync()
    assert [len(push["ops"]) for push in partner.pushes] == [3, 3, 1]

    partner.pushes.clear()
    partner.capabilities |= {"preferred_batch": 50, "max_request_bytes": 3000}
    for _ in range(6):
        device.add_finding("t1", description="x" * 700)
    device.sync()
    assert [len(push["ops"]) for push in partner.pushes] == [2, 2, 2]


def test_an_op_that_the_server_cannot_take_does_not_stop_the_others(
    device: Device, partner: Partner
) -> None:
    for number in range(4):
        device.add_finding("t1", title=f"问题{number}")
    for _ in range(3):  # all four, then the first two, then the first
        partner.fail("POST", "/sync/push", 413, body={"code": "request_too_large"})
    report = device.sync()

    assert report.receipts == {"applied": 3, "rejected": 1}
    (refused,) = device.pending().refused
    assert refused.patch["title"] == "问题0"
    assert refused.reason is not None
    assert refused.reason["code"] == "request_too_large"


@pytest.mark.parametrize("status", ["rejected", "salvaged"])
def test_what_was_not_taken_is_kept_with_its_reason(
    device: Device, partner: Partner, status: str
) -> None:
    device.answer("t1", "A1", "pass")
    partner.verdict("answer", "t1.A1", status, error={"code": "why", "message": "因为"})
    report = device.sync()

    assert not report.clean
    (op,) = device.pending().refused
    assert (op.state, op.reason) == (status, {"code": "why", "message": "因为"})
    assert device.get("answer", "t1.A1").refused == (op,)
    device.sync()
    assert device.pending().refused == (op,)
    assert len(partner.pushes) == 1


def test_a_status_this_client_does_not_know_is_kept_for_a_person(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "pass")
    partner.verdict("answer", "t1.A1", "from_the_future")
    device.sync()
    (op,) = device.pending().refused
    assert op.reason == {"code": "unknown_status_from_the_future"}


def test_a_mended_op_goes_up_anew_and_its_followers_follow_it(
    device: Device, partner: Partner
) -> None:
    finding_id = device.add_finding("t1", title="很长", severity="minor")
    partner.verdict("finding", finding_id, "rejected", error={"code": "too_long"})
    device.sync()
    refused = device.pending().refused[0]
    device.edit("finding", finding_id, severity="serious")

    mended = device.mend(refused.op_id, title="短")
    assert mended.op_id != refused.op_id
    assert mended.action == "create"
    assert device.pending().refused == ()
    assert device.pending().ops[0].depends_on == (mended.op_id,)
    device.sync()
    data = partner.entities[("finding", finding_id)]["data"]
    assert data["title"] == "短"


def test_what_was_refused_with_its_parent_is_mended_with_it(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    finding_id = device.add_finding("t1", title="很长")
    photo_id = device.attach_photo(jpeg, of=("finding", finding_id))
    parent_refused = {"code": "dependency_rejected"}
    partner.verdict("finding", finding_id, "rejected", error={"code": "too_long"})
    partner.verdict("photo", photo_id, "rejected", error=parent_refused)
    partner.verdict("finding", finding_id, "rejected", error=parent_refused)
    device.sync()
    assert len(device.pending().refused) == 3
    assert device.get("finding", finding_id).data["title"] == "很长"

    mended = device.mend(device.pending().refused[0].op_id, title="短")
    create, photo, link = device.pending().ops
    assert create == mended
    assert photo.depends_on == (mended.op_id,)
    assert link.depends_on == (mended.op_id, photo.op_id)
    device.sync()
    assert not device.pending()
    assert partner.entities[("finding", finding_id)]["data"]["photos"] == [photo_id]


def test_a_dismissed_op_is_gone_and_the_servers_data_is_shown(
    device: Device, partner: Partner
) -> None:
    partner.say("record", "t1", storeys=2)
    device.sync()
    device.fill_record("t1", storeys=99)
    partner.verdict("record", "t1", "rejected", error={"code": "implausible"})
    device.sync()
    assert device.get("record", "t1").data["storeys"] == 2

    device.dismiss(device.pending().refused[0].op_id)
    assert not device.pending()


def test_a_deferred_op_is_asked_about_until_it_is_settled(device: Device, partner: Partner) -> None:
    device.answer("t1", "A1", "pass")
    op_id = device.pending().ops[0].op_id
    partner.verdict("answer", "t1.A1", "deferred")
    device.sync()
    assert device.pending().ops[0].state == "deferred"
    assert device.get("answer", "t1.A1").data["value"] == "pass"

    body, _ = partner.receipts[op_id]
    settled = {"op_id": op_id, "status": "applied", "rev": 1, "data": {"value": "pass"}}
    partner.receipts[op_id] = (body, settled)
    report = device.sync()
    assert report.receipts == {"applied": 1}
    assert not device.pending()
    assert len(partner.pushes) == 1


def test_a_deferred_op_that_a_restored_server_does_not_know_is_sent_again(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "pass")
    op_id = device.pending().ops[0].op_id
    partner.verdict("answer", "t1.A1", "deferred")
    device.sync()
    partner.receipts.clear()
    device.sync()
    assert [op["op_id"] for push in partner.pushes for op in push["ops"]] == [op_id, op_id]
    assert not device.pending()


def test_a_conflict_settles_the_op_and_comes_down_as_an_entity(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "pass")
    standing = {"task_id": "t1", "item_code": "A1", "value": "fail"}
    partner.verdict("answer", "t1.A1", "conflict", rev=1, data=standing, conflict_ids=["x1"])
    partner.say("answer", "t1.A1", **standing)
    partner.say("conflict", "x1", task_id="t1", of_id="t1.A1", state="open", candidates=[])
    report = device.sync()

    assert report.conflict_ids == ["x1"]
    assert not device.pending()
    assert device.get("answer", "t1.A1").data["value"] == "fail"
    assert [each.id for each in device.conflicts()] == ["x1"]


def test_resolving_names_the_version_that_was_seen(device: Device, partner: Partner) -> None:
    partner.say("conflict", "x1", task_id="t1", state="open")
    partner.say("conflict", "x1", task_id="t1", state="open")
    device.sync()
    partner.fail("POST", "/conflicts/x1/resolve", 412, body={"code": "precondition_failed"})
    with pytest.raises(Moved):
        device.resolve("x1", candidate="a")
    device.resolve("x1", candidate="a")
    assert partner.if_match == ['"2"']


def test_what_was_settled_stays_on_top_until_the_feed_has_brought_it(
    device: Device, partner: Partner
) -> None:
    partner.say("record", "t1", storeys=2, notes=[])
    device.sync()
    device.fill_record("t1", storeys=3, notes="现场已告知")
    partner.fail("GET", "/sync/changes", 400)
    device.sync()
    shown = device.get("record", "t1")
    assert (shown.rev, shown.data["storeys"], shown.pending) == (1, 3, ())
    assert not device.pending()

    device.sync()
    shown = device.get("record", "t1")
    assert (shown.rev, shown.data["storeys"], shown.ops) == (2, 3, ())
    assert len(shown.data["notes"]) == 1


def test_a_repeated_old_receipt_does_not_bring_back_old_data(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.fill_record("t1", storeys=3)
    partner.fail("POST", "/sync/push", LOSE)
    with pytest.raises(Offline):
        device.sync()
    partner.say("record", "t1", storeys=8)
    partner.fail("POST", "/sync/push", 400)
    device.sync()
    device.sync()
    assert device.get("record", "t1").data["storeys"] == 8


def test_a_feed_of_many_pages_is_read_to_its_end(device: Device, partner: Partner) -> None:
    partner.page = 4
    for number in range(10):
        partner.say("finding", f"f{number}", task_id="t1", title=str(number))
    assert device.sync().pulled == 10
    assert len(device.all("finding", "t1")) == 10


def test_a_page_that_breaks_off_is_asked_for_again_from_the_last_whole_one(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    partner.page = 2
    partner.fail("GET", "/sync/changes", LOSE, after=1)
    with pytest.raises(Offline):
        device.sync()
    assert len(device.all("task")) + len(device.all("object")) == 2
    assert device.sync().pulled == 1


def test_nothing_new_is_a_304(device: Device, partner: Partner) -> None:
    assert device.sync().pulled == 0
    assert partner.count("GET", "/sync/changes") == 2


def test_a_revoked_entity_leaves_only_after_our_own_work_was_sent(
    device: Device, partner: Partner
) -> None:
    device.fill_record("t1", storeys=3)
    device.add_finding("t1", title="通道被占用")
    partner.say("record", "t1", op="revoke")
    partner.fail("POST", "/sync/push", 400)
    device.sync()

    leaving = device.get("record", "t1")
    assert leaving.leaving
    assert leaving.data["storeys"] == 3
    partner.verdict("record", "t1", "salvaged", error={"code": "task_moved_on"})
    device.sync()
    assert device.find("record", "t1") is None
    assert [op.state for op in device.pending().refused] == ["salvaged"]


def test_a_revoke_with_nothing_of_ours_drops_at_once(device: Device, partner: Partner) -> None:
    partner.say("object", "o1", op="revoke")
    device.sync()
    assert device.find("object", "o1") is None


def test_a_revoked_entity_that_comes_back_stays(device: Device, partner: Partner) -> None:
    device.fill_record("t1", storeys=3)
    partner.say("record", "t1", op="revoke")
    partner.fail("POST", "/sync/push", 400)
    device.sync()
    partner.say("record", "t1", area_m2=5)
    device.sync()
    assert not device.get("record", "t1").leaving


def test_a_purge_drops_the_data_but_never_the_ops(device: Device, partner: Partner) -> None:
    device.fill_record("t1", storeys=3)
    partner.say("record", "t1", op="purge")
    partner.fail("POST", "/sync/push", 400)
    device.sync()
    assert device.find("record", "t1") is None
    assert len(device.pending().ops) == 1
    partner.verdict("record", "t1", "salvaged", error={"code": "task_moved_on"})
    device.sync()
    assert device.find("record", "t1") is None
    assert len(device.pending().refused) == 1


def test_resync_keep_pending_rebuilds_the_mirror_and_keeps_the_outbox(
    device: Device, partner: Partner
) -> None:
    partner.say("finding", "gone", task_id="t1")
    device.sync()
    partner.feeds["zhang"] = [each for each in partner.feeds["zhang"] if each["id"] != "gone"]
    partner.epoch = 2
    device.answer("t1", "A1", "fail")
    partner.fail("POST", "/sync/push", 400)
    report = device.sync()

    assert report.resynced
    assert device.find("finding", "gone") is None
    assert device.get("task", "t1").data["number"] == "检2026-1"
    assert device.get("answer", "t1.A1").data["value"] == "fail"
    assert len(device.pending().ops) == 1
    device.sync()
    assert partner.entities[("answer", "t1.A1")]["data"]["value"] == "fail"


def test_a_bad_cursor_is_shown_and_only_a_person_starts_over(
    device: Device, partner: Partner
) -> None:
    partner.fail("GET", "/sync/changes", 400, body={"code": "invalid_cursor"})
    report = device.sync()
    assert [trouble.code for trouble in report.troubles] == ["invalid_cursor"]
    assert not report.resynced
    assert device.sync(from_start=True).pulled == 3


@pytest.mark.parametrize("where", ["capabilities", "changes", "push"])
def test_an_old_client_keeps_what_waits(device: Device, partner: Partner, where: str) -> None:
    device.answer("t1", "A1", "fail")
    method = "POST" if where == "push" else "GET"
    partner.fail(method, f"/sync/{where}", 426, body={"code": "client_too_old"})
    if where == "changes":
        partner.verdict("answer", "t1.A1", "deferred")
    with pytest.raises(UpgradeRequired):
        device.sync()
    assert len(device.pending().ops) == 1


def test_a_server_that_has_left_our_version_behind_is_noticed_before_the_push(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    partner.capabilities["min_schema_version"] = 2
    with pytest.raises(UpgradeRequired):
        device.sync()
    assert partner.pushes == []


def test_an_expired_token_is_renewed_in_passing(device: Device, partner: Partner) -> None:
    device.answer("t1", "A1", "fail")
    partner.expire_tokens()
    device.sync()
    assert not device.pending()
    assert partner.count("POST", "/auth/refresh") == 1


def test_a_lost_answer_to_refresh_locks_nobody_out(
    make_device: Callable[..., Device], partner: Partner
) -> None:
    """Also over the end of the program: the spent token is all that the device has."""
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    partner.expire_tokens()
    partner.fail("POST", "/auth/refresh", LOSE)
    with pytest.raises(Offline):
        device.sync()
    device.close()

    device = make_device()
    device.sync()
    assert len(device.tasks()) == 1
    assert partner.families_revoked == set()


def test_a_lost_answer_to_refresh_is_asked_for_again_at_once(
    device: Device, partner: Partner
) -> None:
    partner.expire_tokens()
    partner.fail("POST", "/auth/refresh", LOSE)
    device.sync()
    assert partner.count("POST", "/auth/refresh") == 2
    assert partner.families_revoked == set()


def test_after_a_refused_refresh_the_person_signs_in_and_the_queue_goes_on(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    partner.expire_tokens()
    partner.refresh.clear()
    with pytest.raises(SignInNeeded):
        device.sync()
    device.answer("t1", "A2", "pass")
    with pytest.raises(SignInNeeded, match="请重新登录"):
        device.sync()
    device.login("zhang", "pass-zhang")
    assert device.sync().receipts == {"applied": 2}


def test_a_wrong_password_changes_nothing(device: Device) -> None:
    with pytest.raises(SignInNeeded, match="credentials_wrong"):
        device.login("li", "wrong")
    assert device.account.username == "zhang"


def test_the_queue_on_a_shared_tablet_is_sent_only_by_its_writer(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    zhangs_op = device.pending().ops[0]
    partner.say("task", "t2", by="li", number="检2026-2")
    device.login("li", "pass-li")
    device.sync()

    assert [task.id for task in device.tasks()] == ["t2"]
    assert not device.pending()
    assert device.pending().of_others == 1
    assert partner.pushes == []
    device.start_task("t2")
    device.sync()
    device.login("zhang", "pass-zhang")
    device.sync()
    assert partner.pushed_by[zhangs_op.op_id] == "zhang"
    assert set(partner.pushed_by.values()) == {"zhang", "li"}


def test_each_person_is_one_device_and_gives_its_id_when_returning(
    device: Device, partner: Partner
) -> None:
    first = device.account.device_id
    device.login("li", "pass-li")
    assert device.account.device_id != first
    assert device.login("zhang", "pass-zhang").device_id == first


def test_logging_out_without_network_forgets_the_tokens_and_keeps_the_queue(
    device: Device, partner: Partner
) -> None:
    device.answer("t1", "A1", "fail")
    for _ in range(4):
        partner.fail("POST", "/auth/logout", DROP)
    device.logout()
    with pytest.raises(SignInNeeded):
        device.tasks()
    device.login("zhang", "pass-zhang")
    assert len(device.pending().ops) == 1


def test_a_device_declared_lost_erases_itself_at_its_next_contact(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    device.attach_photo(jpeg, of=("record", "t1"))
    partner.fail("GET", "/sync/capabilities", 403, body={"code": "device_wipe"})
    with pytest.raises(DeviceWiped):
        device.sync()
    assert list(device.store.photos.folder.glob("*")) == []
    for table in ("accounts", "mirror", "outbox", "photos", "meta"):
        assert device.store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_retry_after_and_backoff_are_honoured(
    device: Device, partner: Partner, pauses: list[float]
) -> None:
    partner.fail("GET", "/sync/capabilities", 503, headers={"Retry-After": "7"})
    partner.fail("GET", "/sync/changes", "backoff", headers={"Backoff": "11"})
    device.sync()
    assert pauses == [7]
    device.sync()
    assert pauses[0] == 7
    assert pauses[1] == pytest.approx(11, abs=1)


def test_retry_after_is_heard_on_a_success_too(
    device: Device, partner: Partner, pauses: list[float]
) -> None:
    partner.fail("GET", "/sync/changes", "backoff", headers={"Retry-After": "5", "Backoff": "3"})
    device.sync()
    device.sync()
    assert pauses == [pytest.approx(5, abs=1)]


def test_a_body_of_some_size_goes_up_packed(device: Device, partner: Partner) -> None:
    device.answer("t1", "A1", "fail", "堵" * PACK_FROM_BYTES)
    device.sync()
    device.answer("t1", "A2", "pass")
    device.sync()
    assert partner.packed == ["/sync/push"]
    assert partner.pushes[0]["ops"][0]["patch"]["notes"] == "堵" * PACK_FROM_BYTES


def test_bodies_are_packed_from_one_kibibyte_on() -> None:
    body = b"x" * PACK_FROM_BYTES
    assert packed(body[1:]) == (body[1:], {})
    travelling, headers = packed(body)
    assert gzip.decompress(travelling) == body
    assert headers == {"Content-Encoding": "gzip"}


def test_a_wait_longer_than_our_patience_is_left_to_the_caller(
    device: Device, partner: Partner, pauses: list[float]
) -> None:
    partner.fail("GET", "/sync/capabilities", 503, headers={"Retry-After": "3600"})
    with pytest.raises(ApiError, match="503") as caught:
        device.sync()
    assert caught.value.retry_after_seconds == 3600
    assert pauses == []


def test_a_date_in_retry_after_is_read_by_the_servers_own_clock(
    device: Device, partner: Partner, pauses: list[float]
) -> None:
    headers = {
        "Date": "Mon, 23 Nov 2026 12:00:00 GMT",
        "Retry-After": "Mon, 23 Nov 2026 12:00:09 GMT",
    }
    partner.fail("GET", "/sync/capabilities", 503, headers=headers)
    device.sync()
    assert pauses == [9]


def test_device_time_is_the_clock_at_the_moment_of_sending(
    device: Device, partner: Partner, clock: FakeClock
) -> None:
    device.answer("t1", "A1", "fail")
    clock.move(hours=3)
    device.sync()
    assert partner.pushes[0]["device_time"] == "2026-11-23T11:00:00.000Z"
    assert partner.pushes[0]["schema_version"] == 1
