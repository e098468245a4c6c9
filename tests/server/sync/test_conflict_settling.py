"""Settling: offline by the lead, online by a supervisor, both at once, and what is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server.sync.disputes import disputed, listed, on_device, settle, told
from tests.server.sync.ops import by_id, new_finding, op

PATIENCE_SECONDS = 60
ROUNDS = 6


def resolutions(world):
    """Who settled, on which device, with what and why, as the audit tells it; newest first."""
    page = world.supervisor.get("/audit", query_string={"action": "conflict.resolve"}).get_json()
    return [(act["user_id"], act["device_id"], act["after"]) for act in page["items"]]


def answer_of(caller, task, item="1.1"):
    return by_id(caller.pull())["answer", f"{task}.{item}"]["data"]["value"]


def offline(caller, conflict_id, choice, rev):
    [result] = caller.push(op("conflict", conflict_id, choice, base_rev=rev))
    return result


def test_the_lead_settles_offline_by_a_candidates_key(world):
    task = world.task()
    conflict_id = disputed(world, task)
    seen = on_device(world.lead, conflict_id)
    keys = {each["value"]: each["key"] for each in seen["data"]["candidates"]}
    result = offline(world.lead, conflict_id, {"candidate": keys["pass"]}, seen["rev"])
    assert result["status"] == "applied", result
    data = on_device(world.assistant, conflict_id)["data"]
    assert (data["state"], data["resolved_value"], data["resolved_by"]) == (
        "resolved", "pass", "o-lead",
    )  # fmt: skip
    assert answer_of(world.assistant, task) == "pass"


@pytest.mark.parametrize("value", ["kept", "deleted"])
def test_the_lead_settles_offline_whether_a_finding_exists(world, value):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="旧"))
    world.lead.push(op("finding", "f1", {"title": "新"}, base_rev=1))
    [result] = world.assistant.push(op("finding", "f1", action="delete", base_rev=1))
    [conflict_id] = result["conflict_ids"]
    seen = on_device(world.lead, conflict_id)
    keys = {each["value"]: each["key"] for each in seen["data"]["candidates"]}
    result = offline(world.lead, conflict_id, {"candidate": keys[value]}, seen["rev"])
    assert result["status"] == "applied", result
    expected = "delete" if value == "deleted" else "upsert"
    assert by_id(world.assistant.pull())["finding", "f1"]["op"] == expected
    assert listed(world.supervisor) == []


def test_of_two_who_settle_at_once_the_latecomer_overwrites_nobody(world):
    """The supervisor settles online while the lead, offline, settles otherwise."""
    task = world.task()
    conflict_id = disputed(world, task)
    rev = on_device(world.lead, conflict_id)["rev"]
    assert settle(world.supervisor, conflict_id, {"value": "fail"}).status_code == 200
    late = offline(world.lead, conflict_id, {"value": "pass", "note": "我在现场"}, rev)
    assert late["status"] == "conflict"
    assert (late["data"]["state"], late["rev"]) == (
        "open",
        on_device(world.lead, conflict_id)["rev"],
    )
    again = told(world.supervisor, conflict_id)
    assert [(each["by"]["name"], each["value"]) for each in again["candidates"]] == [
        ("supervisor", "fail"), ("lead", "pass"),
    ]  # fmt: skip
    assert answer_of(world.assistant, task) == "fail"  # the graver stands meanwhile
    assert again["history"][-1]["settling"]["note"] == "我在现场"
    assert resolutions(world) == [
        ("u-lead", "d-lead", {"value": "pass", "note": "我在现场"}),
        ("u-supervisor", "d-supervisor", {"value": "fail", "note": None}),
    ]
    key = again["candidates"][1]["key"]
    assert settle(world.supervisor, conflict_id, {"candidate": key}).status_code == 200
    assert answer_of(world.lead, task) == "pass"


def test_two_who_settle_alike_need_nobody_else(world):
    task = world.task()
    conflict_id = disputed(world, task)
    rev = on_device(world.lead, conflict_id)["rev"]
    assert settle(world.supervisor, conflict_id, {"value": "fail"}).status_code == 200
    assert offline(world.lead, conflict_id, {"value": "fail"}, rev)["status"] == "merged"
    assert listed(world.supervisor) == []


def test_who_settles_offline_may_choose_what_its_writer_replaced_meanwhile(world):
    """Had the settling arrived first, it would have been taken: so it is now (rule 5)."""
    task = world.task()
    conflict_id = disputed(world, task)
    seen = on_device(world.lead, conflict_id)
    keys = {each["value"]: each["key"] for each in seen["data"]["candidates"]}
    world.assistant.push(op("answer", f"{task}.1.1", {"value": "not_applicable"}))
    late = offline(world.lead, conflict_id, {"candidate": keys["fail"]}, seen["rev"])
    assert late["status"] == "conflict", late
    data = on_device(world.lead, conflict_id)["data"]
    assert {each["value"] for each in data["candidates"]} == {"fail", "not_applicable"}


def test_one_who_has_seen_the_settling_may_settle_otherwise(world):
    task = world.task()
    conflict_id = disputed(world, task)
    assert settle(world.supervisor, conflict_id, {"value": "fail"}).status_code == 200
    rev = on_device(world.lead, conflict_id)["rev"]
    assert offline(world.lead, conflict_id, {"value": "pass"}, rev)["status"] == "applied"
    assert answer_of(world.assistant, task) == "pass"


BAD_CHOICES = [
    ({"candidate": "d-lead:99"}, "candidate_unknown"),
    ({"candidate": "no key"}, "candidate_unknown"),
    ({"candidate": "d-lead:1", "value": "pass"}, "field_invalid"),
    ({"note": "没有选择"}, "field_invalid"),
    ({}, "field_invalid"),
    ({"value": ["pass"]}, "field_invalid"),
    ({"value": {"code": "pass"}}, "field_invalid"),
    ({"value": True}, "field_invalid"),
    ({"value": "maybe"}, "answer_invalid"),
    ({"value": "pass", "note": "长" * 1001}, "field_invalid"),
    ({"value": "pass", "why": "?"}, "field_unknown"),
]


@pytest.mark.parametrize(("choice", "code"), BAD_CHOICES)
def test_a_choice_that_cannot_be_taken_is_refused_with_its_code(world, choice, code):
    task = world.task()
    conflict_id = disputed(world, task)
    rev = on_device(world.lead, conflict_id)["rev"]
    result = offline(world.lead, conflict_id, choice, rev)
    assert (result["status"], result["error"]["code"]) == ("rejected", code)
    online = settle(world.lead, conflict_id, choice, rev=rev)
    assert (online.status_code, online.get_json()["code"]) == (422, "invalid_request")
    assert on_device(world.lead, conflict_id)["data"]["state"] == "open"


def test_a_note_of_a_thousand_signs_is_kept(world):
    conflict_id = disputed(world, world.task())
    choice = {"value": "pass", "note": "长" * 1000}
    assert settle(world.lead, conflict_id, choice).status_code == 200
    assert told(world.lead, conflict_id)["history"][-1]["settling"]["note"] == choice["note"]


def test_a_wrong_type_for_the_field_is_refused(world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    world.lead.push(op("finding", "f1", {"term_until": "2026-12-01"}, base_rev=1))
    [result] = world.assistant.push(op("finding", "f1", {"term_until": "2026-12-02"}, base_rev=1))
    [conflict_id] = result["conflict_ids"]
    rev = on_device(world.lead, conflict_id)["rev"]
    for value in ("tomorrow", 7):
        result = offline(world.lead, conflict_id, {"value": value}, rev)
        assert (result["status"], result["error"]["code"]) == ("rejected", "field_invalid")
        online = settle(world.supervisor, conflict_id, {"value": value})
        assert (online.status_code, online.get_json()["details"]["code"]) == (422, "field_invalid")


def test_a_foreign_tasks_conflict_is_nobody_elses_to_settle(world):
    conflict_id = disputed(world, world.task())
    result = offline(world.outsider, conflict_id, {"value": "pass"}, 2)
    assert (result["status"], result["error"]["code"]) == ("rejected", "task_unknown")
    assert (
        offline(world.assistant, conflict_id, {"value": "pass"}, 2)["error"]["code"] == "lead_only"
    )
    assert settle(world.other_supervisor, conflict_id, {"value": "pass"}, rev=2).status_code == 404
    assert settle(world.auditor, conflict_id, {"value": "pass"}).status_code == 403


def test_a_conflict_settled_already_is_not_settled_twice_online(world):
    conflict_id = disputed(world, world.task())
    seen = told(world.supervisor, conflict_id)["rev"]
    assert settle(world.lead, conflict_id, {"value": "pass"}).status_code == 200
    moved = settle(world.supervisor, conflict_id, {"value": "fail"}, rev=seen)
    assert (moved.status_code, moved.get_json()["code"]) == (412, "precondition_failed")
    again = settle(world.supervisor, conflict_id, {"value": "fail"})
    assert (again.status_code, again.get_json()["code"]) == (409, "state_invalid")
    assert again.get_json()["details"]["state"] == "resolved"


def test_an_office_settlement_and_a_candidate_at_the_same_moment_lose_neither(world):
    """Either the candidate came first and the settlement is refused, or it came after and opens the
    conflict again: never is it settled over a value that nobody saw."""
    task = world.task()
    third = world.device("u-assistant", officer_id="o-assistant", name="d-third")
    start = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def decide(conflict_id, seen):
        start.wait()
        return settle(world.supervisor, conflict_id, {"value": "甲"}, rev=seen).status_code

    def write(finding):
        start.wait()
        [result] = third.push(op("finding", finding, {"legal_basis": "丙"}, base_rev=1))
        return result["status"]

    for finding in map("f{}".format, range(ROUNDS)):
        world.lead.push(new_finding(finding, task))
        world.lead.push(op("finding", finding, {"legal_basis": "甲"}, base_rev=1))
        [opened] = world.assistant.push(op("finding", finding, {"legal_basis": "乙"}, base_rev=1))
        [conflict_id] = opened["conflict_ids"]
        with ThreadPoolExecutor(2) as people:
            office = people.submit(decide, conflict_id, opened["rev"])
            device = people.submit(write, finding)
        data = on_device(world.lead, conflict_id)["data"]
        assert (device.result(), data["state"]) == ("conflict", "open")
        values = {each["value"] for each in data["candidates"]}
        assert (office.result(), values) in [(412, {"甲", "乙", "丙"}), (200, {"甲", "丙"})]
