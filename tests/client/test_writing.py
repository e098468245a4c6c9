"""Writing on the device without any network: mirror, outbox, stamps, what a writer had seen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import ClientError, Device, NotOnDevice, Patience
from client.clock import milliseconds, next_hlc, wire_time
from client.store import Store
from tests.client.conftest import FakeClock
from tests.client.standin import Partner


def test_an_answer_is_shown_at_once_and_waits_in_the_outbox(device: Device) -> None:
    device.answer("t1", "A1", "fail", "二层堆放杂物")

    shown = device.get("answer", "t1.A1")
    assert shown.data["value"] == "fail"
    assert shown.data["item_code"] == "A1"
    assert [note["text"] for note in shown.data["notes"]] == ["二层堆放杂物"]
    assert shown.data["notes"][0]["by"] == "officer-zhang"
    (op,) = device.pending().ops
    assert (op.action, op.base_rev, op.type, op.id) == ("create", None, "answer", "t1.A1")


def test_a_patch_carries_only_what_changed_and_an_edit_of_nothing_makes_no_op(
    device: Device,
) -> None:
    finding_id = device.add_finding("t1", title="通道被占用", severity="minor")
    assert device.edit("finding", finding_id, title="通道被占用") is None

    op = device.edit("finding", finding_id, title="通道被占用", severity="serious")
    assert op is not None
    assert op.patch == {"severity": "serious"}


def test_null_clears_a_field_and_an_absent_field_stays(device: Device) -> None:
    finding_id = device.add_finding("t1", title="通道被占用", location="二层")
    op = device.edit("finding", finding_id, location=None)
    assert op is not None
    assert op.patch == {"location": None}
    assert device.get("finding", finding_id).data["title"] == "通道被占用"


def test_an_edit_of_something_unsent_depends_on_its_create(device: Device) -> None:
    finding_id = device.add_finding("t1", title="通道被占用")
    op = device.edit("finding", finding_id, severity="serious")
    assert op is not None
    assert op.depends_on == (device.pending().ops[0].op_id,)


def test_base_rev_is_the_version_the_writer_saw(device: Device, partner: Partner) -> None:
    partner.say("record", "t1", area_m2=100)
    partner.say("record", "t1", area_m2=120)
    device.sync()
    op = device.fill_record("t1", storeys=3)
    assert op is not None
    assert (op.action, op.base_rev) == ("patch", 2)


def test_a_field_hidden_by_an_own_edit_keeps_the_older_base(
    device: Device, partner: Partner
) -> None:
    """While our value hides what the server has since got there, we have not seen the latter."""
    partner.say("record", "t1", area_m2=100, storeys=2)
    device.sync()
    device.fill_record("t1", area_m2=150)
    partner.say("record", "t1", area_m2=900)
    partner.fail("POST", "/sync/push", 400)
    device.sync()

    assert device.get("record", "t1").data["area_m2"] == 150
    hidden = device.fill_record("t1", area_m2=160)
    open_to_see = device.fill_record("t1", storeys=4)
    assert hidden is not None
    assert open_to_see is not None
    assert (hidden.base_rev, open_to_see.base_rev) == (1, 2)


def test_growing_fields_show_the_others_entries_beside_ours(
    device: Device, partner: Partner
) -> None:
    partner.say("finding", "f1", task_id="t1", tags=["电气"], notes=[])
    device.sync()
    device.edit("finding", "f1", tags=["电气", "通道"], notes="现场已告知")
    partner.say("finding", "f1", tags=["电气", "消火栓"])
    partner.fail("POST", "/sync/push", 400)
    device.sync()

    shown = device.get("finding", "f1").data
    assert shown["tags"] == ["电气", "消火栓", "通道"]
    assert [note["text"] for note in shown["notes"]] == ["现场已告知"]


def test_a_deleted_finding_is_not_shown_but_its_op_waits(device: Device, partner: Partner) -> None:
    partner.say("finding", "f1", task_id="t1", title="误报")
    device.sync()
    device.delete("finding", "f1")

    assert device.find("finding", "f1") is None
    assert device.pending().ops[0].action == "delete"
    device.sync()
    assert not device.pending()
    assert device.find("finding", "f1") is None


def test_an_edit_of_something_unknown_is_refused(device: Device) -> None:
    with pytest.raises(NotOnDevice):
        device.edit("finding", "nowhere", title="x")
    assert not device.pending()


def test_a_live_op_can_be_neither_mended_nor_dismissed(device: Device) -> None:
    device.answer("t1", "A1", "pass")
    op_id = device.pending().ops[0].op_id
    with pytest.raises(ClientError):
        device.dismiss(op_id)
    with pytest.raises(ClientError):
        device.mend(op_id)


def test_an_edit_and_its_op_are_both_there_or_neither(device: Device, clock: FakeClock) -> None:
    """The power goes between the two: the store shows the state before the edit."""

    class PowerCut(Exception):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    device.store.db.create_function("cut", 0, cut)
    device.store.db.execute(
        "CREATE TEMP TRIGGER power BEFORE UPDATE OF shown ON mirror WHEN NEW.type = 'answer' "
        "BEGIN SELECT cut(); END"
    )
    with pytest.raises(Exception, match="user-defined function"):
        device.answer("t1", "A1", "pass")
    assert not device.pending()
    assert device.find("answer", "t1.A1") is None


def test_everything_is_still_there_after_the_program_ended(
    device: Device, make_device: Callable[..., Device], jpeg: Path
) -> None:
    finding_id = device.add_finding("t1", title="通道被占用")
    device.attach_photo(jpeg, of=("finding", finding_id))
    before = device.pending()
    device.close()

    assert make_device().pending() == before


def test_a_store_of_another_version_is_not_touched(tmp_path: Path) -> None:
    store = Store(tmp_path / "d.sqlite3")
    store.db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(ValueError, match="99"):
        Store(tmp_path / "d.sqlite3")


def test_what_the_checklist_still_asks_for(device: Device, jpeg: Path) -> None:
    assert {(lack.item_code, lack.what) for lack in device.missing("t1")} == {
        ("A1", "answer"),
        ("A2", "answer"),
    }
    device.answer("t1", "A1", "fail")
    device.answer("t1", "A2", "fail")
    assert {(lack.item_code, lack.what) for lack in device.missing("t1")} == {
        ("A1", "photo"),
        ("A2", "note"),
    }
    device.attach_photo(jpeg, of=("answer", "t1.A1"))
    device.answer("t1", "A2", note="压力不足")
    assert device.missing("t1") == []


def test_a_photo_declares_itself_after_its_parent_and_links_itself(
    device: Device, jpeg: Path
) -> None:
    finding_id = device.add_finding("t1", title="通道被占用")
    photo_id = device.attach_photo(jpeg, of=("finding", finding_id))
    begun, declared, linked = device.pending().ops

    assert [op.type for op in (begun, declared, linked)] == ["finding", "photo", "finding"]
    assert declared.depends_on == (begun.op_id,)
    assert linked.depends_on == (begun.op_id, declared.op_id)
    assert linked.patch == {"photos": [photo_id]}
    assert declared.patch["size_bytes"] == jpeg.stat().st_size
    assert declared.patch["media_type"] == "image/jpeg"


def test_a_photo_of_an_item_not_answered_yet_begins_the_answer(device: Device, jpeg: Path) -> None:
    photo_id = device.attach_photo(jpeg, of=("answer", "t1.A1"))
    assert [op.type for op in device.pending().ops] == ["answer", "photo", "answer"]
    assert device.get("answer", "t1.A1").data["photos"] == [photo_id]


def test_a_removal_from_a_list_is_shown_unless_somebody_changed_it_meanwhile(
    device: Device, partner: Partner
) -> None:
    partner.say("finding", "f1", task_id="t1", tags=["电气", "通道"])
    device.sync()
    device.edit("finding", "f1", tags=["通道"])
    assert device.get("finding", "f1").data["tags"] == ["通道"]
    partner.say("finding", "f1", tags=["电气", "通道", "消火栓"])
    partner.fail("POST", "/sync/push", 400)
    device.sync()
    assert "消火栓" in device.get("finding", "f1").data["tags"]


def test_a_photo_of_an_unknown_finding_is_refused(device: Device, jpeg: Path) -> None:
    with pytest.raises(NotOnDevice):
        device.attach_photo(jpeg, of=("finding", "nowhere"))
    with pytest.raises(NotOnDevice):
        device.attach_photo(jpeg, of=("task", "t1"))
    assert not device.pending()


def test_the_clock_of_the_device_stamps_what_is_written(device: Device, clock: FakeClock) -> None:
    clock.move(days=365)
    op = device.answer("t1", "A1", "pass")
    assert op is not None
    assert op.hlc == f"{milliseconds(clock())}:0"
    assert op.patch["answered_at"] == wire_time(clock())


def test_a_clock_set_back_raises_the_counter(device: Device, clock: FakeClock) -> None:
    first = device.answer("t1", "A1", "pass")
    clock.move(hours=-5)
    second = device.answer("t1", "A1", "fail")
    assert first is not None
    assert second is not None
    milliseconds_, counter = first.hlc.split(":")
    assert second.hlc == f"{milliseconds_}:{int(counter) + 1}"


@given(st.lists(st.integers(min_value=-(10**10), max_value=10**10), min_size=2, max_size=30))
def test_stamps_of_one_device_always_rise(jumps: list[int]) -> None:
    moment, last, seen = datetime(2026, 11, 23, tzinfo=UTC), None, []
    for jump in jumps:
        last = next_hlc(last, moment + timedelta(milliseconds=jump))
        seen.append(tuple(int(part) for part in last.split(":")))
    assert seen == sorted(set(seen))


def test_patience_doubles_up_to_its_ceiling_and_ends() -> None:
    slept: list[float] = []
    patience = Patience(
        attempts=5, first_seconds=1, longest_seconds=5, sleep=slept.append, spread=lambda: 1.0
    )
    tries = patience.tries()
    assert [tries.wait() for _ in range(5)] == [True, True, True, True, False]
    assert slept == [1, 2, 4, 5]
    assert patience.tries().wait(5)
    assert not patience.tries().wait(5.1)
