"""Conflicts on the device: seen and settled offline, and told in full by the server."""

from collections.abc import Callable

import pytest

from client import Device, NotOnDevice, Offline
from client.cli import main
from tests.client.standin import DROP, Partner

KEYS = ("d-zhang:1", "d-li:1")


@pytest.fixture
def disputed(device: Device, partner: Partner) -> Device:
    """An open conflict on the device, at its second version."""
    said = {
        "task_id": "t1", "of_type": "answer", "of_id": "t1.A1", "field": "value", "state": "open",
        "assigned_to": {"kind": "officer", "id": "officer-zhang", "name": "张伟"},
        "candidates": [
            {
                "key": key, "value": value, "officer_id": officer, "device_id": key[:-2],
                "at": "2026-11-23T08:00:00.000Z",
            }
            for key, value, officer in zip(KEYS, ("pass", "fail"), ("张", "李"), strict=True)
        ],
    }  # fmt: skip
    partner.say("conflict", "x1", **said)
    partner.say("conflict", "x1", escalated_at="2026-11-25T08:00:00.000Z")
    device.sync()
    return device


def test_settling_offline_waits_in_the_outbox_and_names_the_version_seen(
    disputed: Device, partner: Partner
) -> None:
    partner.fail("GET", "/sync/capabilities", DROP)
    op = disputed.settle("x1", candidate=KEYS[1], note="见照片")
    assert (op.base_rev, op.patch) == (2, {"candidate": KEYS[1], "note": "见照片"})
    [shown] = disputed.conflicts()
    assert [each.op_id for each in shown.pending] == [op.op_id]
    partner.verdict("conflict", "x1", "applied", rev=3)
    partner.say("conflict", "x1", state="resolved", resolved_value="fail")
    disputed.sync()
    [sent] = partner.pushes[-1]["ops"]
    assert (sent["type"], sent["base_rev"], sent["patch"]["candidate"]) == ("conflict", 2, KEYS[1])
    assert disputed.conflicts() == []
    assert not disputed.pending()


def test_clearing_the_field_settles_too(disputed: Device) -> None:
    assert disputed.settle("x1", value=None).patch == {"value": None}


def test_settling_again_before_the_first_was_sent_claims_to_have_seen_no_more(
    disputed: Device, partner: Partner
) -> None:
    disputed.settle("x1", candidate=KEYS[0])
    partner.say("conflict", "x1", standing="fail")
    partner.fail("POST", "/sync/push", 400)
    disputed.sync()
    assert disputed.settle("x1", candidate=KEYS[1]).base_rev == 2


def test_an_unknown_candidate_is_told_at_once(disputed: Device) -> None:
    with pytest.raises(NotOnDevice, match="no candidate"):
        disputed.settle("x1", candidate="d-zhang:9")
    with pytest.raises(NotOnDevice):
        disputed.settle("x9", candidate=KEYS[0])
    assert not disputed.pending()


def test_a_refused_settlement_is_kept_with_its_reason(disputed: Device, partner: Partner) -> None:
    disputed.settle("x1", candidate=KEYS[0])
    partner.verdict("conflict", "x1", "rejected", error={"code": "lead_only"})
    disputed.sync()
    [refused] = disputed.pending().refused
    assert (refused.type, refused.reason) == ("conflict", {"code": "lead_only"})
    assert [each.id for each in disputed.conflicts()] == ["x1"]


def test_resolving_online_sends_the_choice_with_its_reason(
    disputed: Device, partner: Partner
) -> None:
    disputed.resolve("x1", value="fail", note="复核")
    assert partner.choices == [{"value": "fail", "note": "复核"}]
    assert partner.if_match == ['"2"']


def test_the_conflict_in_full_needs_the_network(
    disputed: Device, partner: Partner, make_device: Callable[..., Device]
) -> None:
    impatient = make_device("two", attempts=1)
    impatient.login("zhang", "pass-zhang")
    impatient.sync()
    partner.fail("GET", "/conflicts/x1", DROP)
    with pytest.raises(Offline):
        impatient.conflict_in_full("x1")
    partner.told["x1"] = {"id": "x1"}
    assert impatient.conflict_in_full("x1") == {"id": "x1"}


def test_a_conflict_on_the_command_line(
    disputed: Device, partner: Partner, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str, expect: int = 0) -> str:
        assert main(["--store", str(disputed.store.path), *words]) == expect
        said = capsys.readouterr()
        return said.out + said.err

    listed = run("conflicts")
    assert f"{KEYS[1]}: fail  by 李 on d-li" in listed
    assert "in the care of 张伟, escalated 2026-11-25" in listed
    assert "one of them" in run("settle", "x1", expect=2)
    assert "one of them" in run("settle", "x1", KEYS[0], "--value", "pass", expect=2)
    assert "must be JSON" in run("settle", "x1", "--json", "{", expect=2)
    assert "no candidate" in run("settle", "x1", "d-zhang:9", expect=2)
    run("settle", "x", KEYS[1], "--note", "见照片")
    assert "settled here, unsent" in run("conflict", "x1")
    run("resolve", "x1", "--json", "null")
    assert partner.choices[-1] == {"value": None}
    partner.told["x1"] = in_full()
    full = run("conflict", "x1", "--full")
    assert "检查项结果 · 检查结果 · A1" in full
    assert "by 张伟 on 平板 at 2026 (its clock: 2027); saw: fail" in full
    assert "by 所长 on the office at 2026; stood: pass  settled: 裁定" in full


def in_full() -> dict[str, object]:
    written = {
        "key": "d-zhang:1", "value": "pass", "rev": 2, "at": "2026", "device_at": "2027",
        "device": {"name": "平板"}, "by": {"name": "张伟"}, "saw": {"value": "fail"},
    }  # fmt: skip
    decided = {
        **written, "device": None, "device_at": None, "by": {"name": "所长"}, "stood": "pass",
        "settling": {"note": "裁定"},
    }  # fmt: skip
    label = {"type": "检查项结果", "field": "检查结果", "subject": "A1"}
    first = {**written, "stood": "fail", "settling": None}
    return {"label": label, "candidates": [written], "history": [first, decided]}
