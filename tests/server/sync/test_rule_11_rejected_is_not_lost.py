"""Rule 11: what is rejected is stored with the reason, and can be mended."""

import json

import pytest

from tests.server.late import data_of
from tests.server.sync.ops import new_finding, op


def kept(caller, **query):
    answer = caller.get("/kept-ops", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


WRONG = {
    "unknown enum": ("finding", "f1", {"severity": "gigantic"}, "field_invalid"),
    "stale checklist item": ("answer", "{task}.9.9", {"value": "pass"}, "item_unknown"),
    "field too long": ("finding", "f1", {"description": "长" * 4001}, "field_invalid"),
}
RIGHT = {
    "unknown enum": ("finding", "f1", {"severity": "critical"}),
    "stale checklist item": ("answer", "{task}.1.2", {"value": "pass"}),
    "field too long": ("finding", "f1", {"description": "长" * 4000}),
}


def write(task_id, type_, id_, patch, **facts):
    if type_ == "finding":
        return new_finding(id_, task_id, **patch) | facts
    return op(type_, id_.format(task=task_id), patch, **facts)


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_rejected_is_kept_whole_with_the_reason_and_can_be_mended(world, case):
    task_id = world.task()
    *said, code = WRONG[case]
    wrong = write(task_id, *said)
    [refusal] = world.lead.push(wrong)
    assert (refusal["status"], refusal["error"]["code"]) == ("rejected", code)
    [item] = kept(world.lead)
    assert json.loads(item["body"]) == wrong
    assert (item["status"], item["error"], item["mended_by"]) == (
        "rejected",
        refusal["error"],
        None,
    )
    mended = write(task_id, *RIGHT[case], mends=wrong["op_id"])
    [done] = world.lead.push(mended)
    assert done["status"] == "applied"
    assert kept(world.lead) == []
    [before] = kept(world.lead, mended="true")
    assert (before["op_id"], before["mended_by"]) == (wrong["op_id"], mended["op_id"])
    type_, id_, patch = RIGHT[case]
    assert patch.items() <= data_of(world.assistant, type_, id_.format(task=task_id)).items()


def test_a_mending_that_is_wrong_itself_stands_for_the_first_and_is_kept(world):
    task_id = world.task()
    first = new_finding("f1", task_id, severity="gigantic")
    second = new_finding("f1", task_id, severity="enormous") | {"mends": first["op_id"]}
    third = new_finding("f1", task_id, severity="minor") | {"mends": second["op_id"]}
    world.lead.push(first)
    assert world.lead.push(second)[0]["status"] == "rejected"
    assert [item["op_id"] for item in kept(world.lead)] == [second["op_id"]]
    assert world.lead.push(third)[0]["status"] == "applied"
    assert kept(world.lead) == []


def test_a_mending_may_come_in_the_same_push(world):
    task_id = world.task()
    first = new_finding("f1", task_id, severity="gigantic")
    second = new_finding("f1", task_id, severity="minor") | {"mends": first["op_id"]}
    assert [r["status"] for r in world.lead.push(first, second)] == ["rejected", "applied"]
    assert kept(world.lead) == []


def test_an_op_that_never_came_may_be_mended_too(world):
    """A device that could not even deliver an op knows it, the server does not."""
    [result] = world.lead.push(new_finding("f1", world.task()) | {"mends": "never-delivered"})
    assert result["status"] == "applied"


def test_only_a_rejected_op_of_the_same_device_is_mended(world):
    task_id = world.task()
    good = new_finding("f1", task_id)
    world.lead.push(good, op("finding", "f1", {"title": "改"}, mends=good["op_id"]))
    bad = new_finding("f2", task_id, severity="gigantic")
    world.assistant.push(bad)
    world.lead.push(op("finding", "f1", {"title": "再改"}, mends=bad["op_id"]))
    assert [item["op_id"] for item in kept(world.assistant)] == [bad["op_id"]]
    assert kept(world.lead, mended="true") == []


def test_one_sees_ones_own_and_a_supervisor_those_of_their_part_of_the_tree(world):
    task_id = world.task()
    world.lead.push(new_finding("f1", task_id, severity="gigantic"))
    world.assistant.push(new_finding("f2", task_id) | {"depends_on": ["later"]})
    world.outsider.push(new_finding("f3", task_id))
    assert [item["entity_id"] for item in kept(world.lead)] == ["f1"]
    assert [item["entity_id"] for item in kept(world.supervisor)] == ["f1", "f2"]
    assert [item["entity_id"] for item in kept(world.auditor)] == ["f1", "f2", "f3"]
    assert [item["entity_id"] for item in kept(world.other_supervisor)] == ["f3"]
    assert [i["entity_id"] for i in kept(world.supervisor, status="deferred")] == ["f2"]
    assert [i["entity_id"] for i in kept(world.supervisor, device_id="d-lead")] == ["f1"]
    assert kept(world.lead, user_id="u-assistant") == []


def test_the_list_comes_in_pages(world):
    task_id = world.task()
    world.lead.push(*(new_finding(f"f{n}", task_id, severity="gigantic") for n in range(5)))
    seen, after = [], {}
    while True:
        page = world.lead.get("/kept-ops", query_string={"limit": 2, **after}).get_json()
        seen += [item["entity_id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [f"f{n}" for n in range(5)]
    assert world.lead.get("/kept-ops?after=nothing").status_code == 400


def test_a_mended_op_is_no_longer_shown_to_the_supervisor_who_reviews(world):
    task_id = world.task()
    bad = op("answer", f"{task_id}.9.9", {"value": "pass"})
    world.lead.push(bad)
    unmerged = world.supervisor.get(f"/tasks/{task_id}/review").get_json()["unmerged"]
    assert [each["op_id"] for each in unmerged] == [bad["op_id"]]
    world.lead.push(op("answer", f"{task_id}.1.1", {"value": "pass"}, mends=bad["op_id"]))
    assert world.supervisor.get(f"/tasks/{task_id}/review").get_json()["unmerged"] == []
