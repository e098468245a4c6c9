"""Rules 3 to 11 of the sync protocol, over HTTP, on both databases."""

import pytest

from tests.server.sync.ops import by_id, new_finding, op


def test_a_finding_made_offline_arrives_and_reaches_the_other_officer(world):
    task = world.task()
    [result] = world.lead.push(new_finding("f1", task, title="灭火器过期", severity="moderate"))
    assert (result["status"], result["rev"]) == ("applied", 1)
    change = by_id(world.assistant.pull())["finding", "f1"]
    assert change["data"]["title"] == "灭火器过期"
    assert change["rev"] == 1


def test_an_answer_needs_no_create_and_knows_its_task_and_item(world):
    task = world.task()
    [result] = world.lead.push(op("answer", f"{task}.1.1", {"value": "fail", "notes": "空瓶"}))
    assert result["status"] == "applied"
    data = by_id(world.assistant.pull())["answer", f"{task}.1.1"]["data"]
    assert (data["task_id"], data["item_code"], data["value"]) == (task, "1.1", "fail")
    assert data["notes"][0]["text"] == "空瓶"


def test_a_repeated_op_gives_the_stored_result_and_does_nothing_again(world):
    task = world.task()
    finding = new_finding("f1", task, notes="只记一次")
    first, again = world.lead.push(finding), world.lead.push(finding)
    assert first == again
    assert len(by_id(world.lead.pull())["finding", "f1"]["data"]["notes"]) == 1


def test_an_op_that_stands_twice_in_one_push_is_one_op(world):
    task = world.task()
    finding = new_finding("f1", task, notes="只记一次")
    first, second = world.lead.push(finding, finding)
    assert first == second
    assert len(by_id(world.lead.pull())["finding", "f1"]["data"]["notes"]) == 1


def test_an_op_id_used_for_another_body_is_refused(world):
    task = world.task()
    finding = new_finding("f1", task, title="甲")
    world.lead.push(finding)
    [result] = world.lead.push({**finding, "patch": {**finding["patch"], "title": "乙"}})
    assert result["status"] == "rejected"
    assert result["error"]["code"] == "op_id_reuse"
    assert by_id(world.lead.pull())["finding", "f1"]["data"]["title"] == "甲"


def test_op_ids_are_unique_within_a_device_only(world):
    task = world.task()
    body = {"kind": "hazard", "task_id": task}
    ops = [op("finding", f"f{i}", body, action="create", op_id="same") for i in (1, 2)]
    assert world.lead.push(ops[0])[0]["status"] == "applied"
    assert world.assistant.push(ops[1])[0]["status"] == "applied"


def test_one_bad_op_never_stops_the_others(world):
    task = world.task()
    bad = [
        (op("finding", "x1", {"task_id": task, "colour": "red"}, action="create"), "field_unknown"),
        (
            op("finding", "x2", {"task_id": task, "severity": "huge"}, action="create"),
            "field_invalid",
        ),
        (op("spaceship", "x3"), "type_unknown"),
        (op("finding", "../etc"), "op_malformed"),
        (op("answer", f"{task}.9.9", {"value": "pass"}), "item_unknown"),
        (op("answer", f"{task}.1.1", {"value": "maybe"}), "answer_invalid"),
        (op("finding", "x4", {"office_term": "2027-01-01"}), "field_unknown"),
        (
            op("finding", "x5", {"task_id": task, "title": "a\x00b"}, action="create"),
            "field_invalid",
        ),
        (op("task", task, {"status": "closed"}), "field_invalid"),
        (op("finding", "x6", {"task_id": "unheard-of"}, action="create"), "task_unknown"),
        (op("record", task, {}, hlc="yesterday"), "hlc_invalid"),
        (op("record", task, {}, action="delete"), "action_not_allowed"),
        (op("conflict", "c-none", {"candidate": "a:1"}), "conflict_unknown"),
    ]
    good = new_finding("good", task)
    results = world.lead.push(*(bad_op for bad_op, _ in bad), good)
    assert [r["error"]["code"] for r in results[:-1]] == [code for _, code in bad]
    assert {r["status"] for r in results[:-1]} == {"rejected"}
    assert results[-1]["status"] == "applied"
    assert all(r["error"]["message"] for r in results[:-1])


def test_a_rejected_op_is_kept_whole_with_its_reason(world):
    world.task()
    rejected = op("spaceship", "x3", {"any": ["thing"]})
    world.lead.push(rejected)
    from sqlalchemy import text

    with world.parts.database.read() as session:
        body = session.execute(
            text("SELECT body FROM receipts WHERE op_id = :id"), {"id": rejected["op_id"]}
        ).scalar_one()
    assert "spaceship" in body


def test_a_lone_surrogate_spoils_its_own_op_only(world):
    task = world.task()
    raw = (
        '{"ops":[{"op_id":"s1","type":"finding","id":"f1","action":"create","patch":'
        f'{{"task_id":"{task}","kind":"hazard","title":"\\ud800"}}}},'
        '{"op_id":"s2","type":"finding","id":"f2","action":"create","patch":'
        f'{{"task_id":"{task}","kind":"hazard"}}}}]}}'
    )
    answer = world.lead.call(
        "POST", "/sync/push", data=raw.encode(), content_type="application/json"
    )
    assert [r["status"] for r in answer.get_json()["results"]] == ["rejected", "applied"]


def test_two_officers_answer_one_item_differently_and_both_are_kept(world):
    task = world.task()
    item = f"{task}.1.1"
    world.lead.push(op("answer", item, {"value": "pass", "notes": "看过"}))
    [result] = world.assistant.push(op("answer", item, {"value": "fail", "notes": "过期"}))
    assert result["status"] == "conflict"
    assert result["data"]["value"] == "fail"
    assert [note["text"] for note in result["data"]["notes"]] == ["看过", "过期"]
    [conflict_id] = result["conflict_ids"]
    for officer in (world.lead, world.assistant):
        conflict = by_id(officer.pull())["conflict", conflict_id]["data"]
        assert conflict["state"] == "open"
        assert [c["value"] for c in conflict["candidates"]] == ["pass", "fail"]
        assert {c["device_id"] for c in conflict["candidates"]} == {"d-lead", "d-assistant"}


def test_a_conflict_is_settled_by_the_lead_online(world):
    task = world.task()
    item = f"{task}.1.1"
    world.lead.push(op("answer", item, {"value": "pass"}))
    [result] = world.assistant.push(op("answer", item, {"value": "fail"}))
    [listed] = world.lead.get("/conflicts").get_json()["items"]
    assert listed["id"] == result["conflict_ids"][0]
    path = f"/conflicts/{listed['id']}"
    shown = world.lead.get(path)
    choice = {"candidate": listed["data"]["candidates"][0]["key"]}
    assert (
        world.assistant.post(
            f"{path}/resolve", choice, headers={"If-Match": shown.headers["ETag"]}
        ).status_code
        == 403
    )
    assert world.lead.post(f"{path}/resolve", choice).status_code == 428
    assert (
        world.lead.post(f"{path}/resolve", choice, headers={"If-Match": '"0"'}).status_code == 412
    )
    assert world.outsider.get(path).status_code == 404
    settled = world.lead.post(
        f"{path}/resolve", choice, headers={"If-Match": shown.headers["ETag"]}
    )
    assert settled.status_code == 200, settled.text
    assert settled.get_json()["data"]["state"] == "resolved"
    assert by_id(world.assistant.pull())["answer", item]["data"]["value"] == "pass"
    assert world.lead.get("/conflicts").get_json()["items"] == []
    again = world.lead.post(
        f"{path}/resolve", choice, headers={"If-Match": settled.headers["ETag"]}
    )
    assert again.status_code == 409


def test_a_conflict_is_settled_offline_by_the_lead_and_a_latecomer_opens_it_again(world):
    task = world.task()
    item = f"{task}.1.1"
    third = world.device("u-assistant", officer_id="o-assistant", name="d-third")
    world.lead.push(op("answer", item, {"value": "pass"}))
    [result] = world.assistant.push(op("answer", item, {"value": "fail"}))
    conflict_id = result["conflict_ids"][0]
    conflict = by_id(world.lead.pull())["conflict", conflict_id]
    [settled] = world.lead.push(
        op("conflict", conflict_id, {"value": "not_applicable"}, base_rev=conflict["rev"])
    )
    assert settled["status"] == "applied", settled
    assert by_id(world.lead.pull())["conflict", conflict_id]["data"]["state"] == "resolved"
    [late] = third.push(op("answer", item, {"value": "fail"}))
    assert late["status"] == "conflict"
    again = by_id(world.lead.pull())["conflict", conflict_id]["data"]
    assert again["state"] == "open"
    assert {c["value"] for c in again["candidates"]} == {"not_applicable", "fail"}


def test_an_op_whose_parent_has_not_arrived_is_held_and_goes_on_when_it_comes(world):
    task = world.task()
    early = op("finding", "f1", {"title": "先到的补充"})
    later = op("finding", "f1", {"title": "再补充"})
    held = world.assistant.push(early, later)
    assert [r["status"] for r in held] == ["deferred", "deferred"]
    assert [r["error"]["code"] for r in held] == ["parent_missing", "earlier_op_held"]
    world.lead.push(new_finding("f1", task, title="原始"))
    data = by_id(world.lead.pull())["finding", "f1"]["data"]
    assert data["title"] == "原始" or data["title"] == "再补充"
    answer = world.assistant.get(
        "/sync/receipts", query_string={"op_id": [early["op_id"], later["op_id"], "never"]}
    ).get_json()
    assert [r["status"] for r in answer["results"]] == ["merged", "merged", "unknown"]
    assert world.assistant.push(early)[0]["status"] == "merged"


def test_an_op_waits_for_what_it_depends_on(world):
    task = world.task()
    first = new_finding("f1", task)
    second = new_finding("f2", task) | {"depends_on": [first["op_id"]]}
    assert world.lead.push(second)[0]["status"] == "deferred"
    assert world.lead.push(first)[0]["status"] == "applied"
    assert world.lead.push(second)[0]["status"] == "applied"
    bad = op("spaceship", "x")
    third = new_finding("f3", task) | {"depends_on": [bad["op_id"]]}
    results = world.lead.push(bad, third)
    assert results[1]["error"]["code"] == "dependency_rejected"


def test_only_the_lead_submits(world):
    task = world.task()
    [refused] = world.assistant.push(op("task", task, {"status": "submitted"}))
    assert refused["error"]["code"] == "lead_only"
    [started] = world.assistant.push(op("task", task, {"status": "in_progress"}))
    assert started["status"] == "applied"
    [done] = world.lead.push(
        op("task", task, {"status": "submitted", "finished_at": "2026-11-23T10:00:00+08:00"})
    )
    assert done["status"] in ("applied", "merged")
    data = by_id(world.assistant.pull())["task", task]["data"]
    assert (data["status"], data["finished_at"]) == ("submitted", "2026-11-23T02:00:00.000Z")


def test_work_of_one_who_never_had_the_task_is_refused_and_kept(world):
    task = world.task()
    [result] = world.outsider.push(new_finding("f1", task))
    assert result["error"]["code"] == "task_unknown"
    assert ("finding", "f1") not in by_id(world.lead.pull())


def test_a_finding_cannot_be_moved_or_written_from_another_task(world):
    one, other = world.task(), world.task()
    world.lead.push(new_finding("f1", one))
    [result] = world.lead.push(op("finding", "f1", {"task_id": other}, base_rev=1))
    assert result["error"]["code"] == "id_mismatch"


def test_someone_without_an_officer_cannot_push_or_pull(world):
    body = {"ops": []}
    assert world.supervisor.post("/sync/push", body).status_code == 403
    assert world.supervisor.get("/sync/changes").status_code == 403


def test_a_clock_a_year_ahead_is_corrected_and_flagged_on_the_record(world):
    from server.clock import now, to_ms

    task = world.task()
    year = 365 * 24 * 3600 * 1000
    device_ms = to_ms(now()) + year
    world.assistant.push(op("record", task, {"unit_name": "准"}))
    [result] = world.lead.push(
        op("record", task, {"unit_name": "快"}, hlc=f"{device_ms - 3_600_000}:0"),
        device_time=device_ms,
    )
    record = by_id(world.lead.pull())["record", task]["data"]
    assert record["clock_flags"] == ["d-lead"]
    # an hour ago by its own reckoning: the assistant's write is the later one
    assert record["unit_name"] == "准"
    assert result["status"] == "merged"


def test_a_stamp_in_the_future_counts_as_arrival(world):
    from server.clock import now, to_ms

    task = world.task()
    here = to_ms(now())
    world.lead.push(
        op("record", task, {"unit_name": "未来"}, hlc=f"{here + 86_400_000}:0"), device_time=here
    )
    record = by_id(world.lead.pull())["record", task]["data"]
    assert record["clock_flags"] == ["d-lead"]


def test_deleting_what_another_edits_is_settled_by_a_person(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="旧"))
    world.assistant.push(op("finding", "f1", {"title": "新"}, base_rev=1))
    [result] = world.lead.push(op("finding", "f1", action="delete", base_rev=1))
    assert result["status"] == "conflict"
    change = by_id(world.lead.pull())["finding", "f1"]
    assert (change["op"], change["data"]["title"]) == ("upsert", "新")
    conflict = by_id(world.lead.pull())["conflict", result["conflict_ids"][0]]
    assert conflict["data"]["field"] == "existence"
    [settled] = world.lead.push(
        op("conflict", conflict["id"], {"value": "deleted"}, base_rev=conflict["rev"])
    )
    assert settled["status"] == "applied", settled
    assert by_id(world.assistant.pull())["finding", "f1"]["op"] == "delete"


@pytest.mark.parametrize("count", [500, 501])
def test_a_push_takes_500_ops_and_not_one_more(world, count):
    task = world.task()
    ops = [op("record", task, {"storeys": str(i)}, op_id=f"n{i}") for i in range(count)]
    answer = world.lead.post("/sync/push", {"ops": ops})
    assert answer.status_code == (200 if count == 500 else 422)
