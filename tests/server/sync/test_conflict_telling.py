"""A conflict told to a person: what each side wrote, when, on which device, and seeing what."""

import pytest

from server.clock import from_ms, now, to_ms, wire_time
from server.services.conflicts.labels import FIELDS
from sync.entities import FIELDS as SYNCED
from tests.server.sync.disputes import disputed, on_device, settle, told
from tests.server.sync.ops import new_finding, op


def test_each_candidate_says_who_on_which_device_when_and_seeing_what(world):
    task, here = world.task(), to_ms(now())
    answer = f"{task}.1.1"
    world.lead.push(op("answer", answer, {"value": "not_applicable"}))
    fast = {"hlc": f"{here + 540_000}:0"}  # written a minute ago by a clock ten minutes fast
    world.lead.push(
        op("answer", answer, {"value": "pass"}, base_rev=1, **fast), device_time=here + 600_000
    )
    [result] = world.assistant.push(op("answer", answer, {"value": "fail"}, base_rev=1))
    whole = told(world.supervisor, result["conflict_ids"][0])
    first, second = whole["candidates"]
    assert (first["value"], second["value"]) == ("pass", "fail")
    assert first["by"] == {"officer_id": "o-lead", "user_id": "u-lead", "name": "lead"}
    assert first["device"] == {"id": "d-lead", "name": "d-lead", "platform": "test"}
    assert first["device_at"] == wire_time(from_ms(here + 540_000))
    corrected = here + 540_000 + first["clock_offset_ms"]
    assert first["at"] == wire_time(from_ms(corrected)) <= first["received_at"]
    assert corrected < here
    assert first["saw"] == {"rev": 1, "value": "not_applicable", "own": False}
    assert second["saw"] == {"rev": 1, "value": "not_applicable", "own": False}
    assert second["device_at"] is None


def test_one_who_had_seen_nothing_saw_nothing(world):
    whole = told(world.lead, disputed(world, world.task()))
    saw = [each["saw"] for each in whole["candidates"]]
    assert saw == [{"rev": None, "value": None, "own": False}] * 2


def test_one_who_wrote_twice_saw_their_own_writing(world):
    task = world.task()

    def outcome(value, base_rev=1):
        return op("record", task, {"outcome": value}, base_rev=base_rev)

    world.lead.push(outcome("none", None))
    world.assistant.push(outcome("oral_order"))
    world.lead.push(outcome("term_correction"), outcome("temporary_seal"))
    [conflict] = world.lead.get("/conflicts").get_json()["items"]
    by_value = {each["value"]: each for each in told(world.lead, conflict["id"])["candidates"]}
    assert by_value["oral_order"]["saw"] == {"rev": 1, "value": "none", "own": False}
    assert by_value["temporary_seal"]["saw"] == {"rev": 1, "value": "term_correction", "own": True}


def test_the_history_of_the_field_says_what_stood_after_each_version(world):
    task = world.task()
    conflict_id = disputed(world, task)
    world.lead.push(op("answer", f"{task}.1.1", {"notes": "别的字段"}, base_rev=2))
    assert settle(world.lead, conflict_id, {"value": "pass", "note": "现场复核"}).status_code == 200
    whole = told(world.assistant, conflict_id)
    assert [each["value"] for each in whole["history"]] == ["pass", "fail", "pass"]
    assert [each["stood"] for each in whole["history"]] == ["pass", "fail", "pass"]
    settling = [each["settling"] for each in whole["history"]]
    assert settling == [None, None, {"candidate": None, "note": "现场复核"}]
    last = whole["history"][-1]
    assert (last["device"], last["by"]["name"], last["saw"]["value"]) == (None, "lead", "fail")


def test_earlier_settlings_stay_with_their_reasons(world):
    task = world.task()
    conflict_id = disputed(world, task)
    key = told(world.lead, conflict_id)["candidates"][0]["key"]
    rev = on_device(world.lead, conflict_id)["rev"]
    first = op("conflict", conflict_id, {"candidate": key, "note": "照片为证"}, base_rev=rev)
    assert world.lead.push(first)[0]["status"] == "applied"
    late = world.device("u-assistant", officer_id="o-assistant", name="d-late")
    late.push(op("answer", f"{task}.1.1", {"value": "fail"}))
    choice = {"value": "fail", "note": "大队裁定"}
    assert settle(world.supervisor, conflict_id, choice).status_code == 200
    settlings = [
        (each["by"]["name"], each["settling"])
        for each in told(world.lead, conflict_id)["history"]
        if each["settling"]
    ]
    assert settlings == [
        ("lead", {"candidate": key, "note": "照片为证"}),
        ("supervisor", {"candidate": None, "note": "大队裁定"}),
    ]


def test_delete_against_edit_is_told_as_kept_or_deleted(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="灭火器过期"))
    world.assistant.push(op("finding", "f1", {"title": "灭火器已过期"}, base_rev=1))
    [result] = world.lead.push(op("finding", "f1", action="delete", base_rev=1))
    whole = told(world.supervisor, result["conflict_ids"][0])
    assert whole["label"] == {
        "type": "问题（隐患）", "field": "保留或删除", "subject": "灭火器已过期",
    }  # fmt: skip
    said = {each["value"]: each for each in whole["candidates"]}
    assert said["deleted"]["by"]["name"] == "lead"
    assert said["deleted"]["saw"] == {"rev": 1, "value": "kept", "own": False}
    assert [each["stood"] for each in whole["history"]] == ["kept", "kept", "kept"]


def test_what_the_merge_says_stands_is_what_the_history_says_stood(world):
    task = world.task()
    answer = f"{task}.1.1"
    world.lead.push(op("answer", answer, {"value": "pass"}))
    world.assistant.push(op("answer", answer, {"value": "not_applicable"}))
    world.lead.push(op("answer", answer, {"value": "fail"}, base_rev=2))
    world.assistant.push(op("answer", answer, {"value": None}, base_rev=2))
    [conflict] = world.lead.get("/conflicts").get_json()["items"]
    whole = told(world.lead, conflict["id"])
    assert whole["history"][-1]["stood"] == conflict["data"]["standing"] == "fail"
    assert {each["value"] for each in whole["candidates"]} == {"fail", None}


@pytest.mark.parametrize(
    ("type_", "field", "values", "label"),
    [
        ("answer", "value", ("pass", "fail"), ("检查项结果", "检查结果", "1.1 灭火器配置")),
        ("record", "outcome", ("none", "oral_order"), ("消防监督检查记录", "处理结果", "小吃店")),
        ("finding", "term_until", ("2026-12-01", "2026-12-02"), ("问题（隐患）", "整改期限", "甲")),
    ],
)
def test_a_conflict_says_in_chinese_what_it_is_about(world, type_, field, values, label):
    task = world.task()
    entity = {"answer": f"{task}.1.1", "record": task, "finding": "f1"}[type_]
    world.lead.push(
        new_finding("f1", task, title="甲"), op("record", task, {"unit_name": "小吃店"})
    )
    rev = 1 if type_ != "answer" else None
    world.lead.push(op(type_, entity, {field: values[0]}, base_rev=rev))
    world.assistant.push(op(type_, entity, {field: values[1]}, base_rev=rev))
    [listed] = world.supervisor.get("/conflicts").get_json()["items"]
    assert tuple(listed["label"][part] for part in ("type", "field", "subject")) == label


def test_every_field_that_people_settle_has_its_chinese_name():
    reviewed = {
        (type_, name)
        for type_, fields in SYNCED.items()
        for name, field in fields.items()
        if field.policy == "review"
    }
    assert reviewed == FIELDS.keys()
