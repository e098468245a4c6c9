"""Rule 9: leaving a task is two-phase. Work done offline survives any reassignment."""

from datetime import timedelta

import pytest

from server.clock import now
from server.services.tasks.handover import release_due
from server.services.tasks.tasks import cancel_task
from tests.server.inspections import ok
from tests.server.late import accept, data_of, late_op_of, late_ops, reassign, refuse
from tests.server.sync.ops import by_id, new_finding, op
from tests.server.tus.speaker import declare_op, photo, upload

SALVAGE_DAYS = 14
LEAD, ASSISTANT, THIRD = ("o-lead", "lead"), ("o-assistant", "assistant"), ("o-third", "assistant")


@pytest.fixture
def third(world):
    return world.officer("third")


def release(world, **later):
    with world.parts.database.write() as session:
        return release_due(session, now=now() + timedelta(**later), salvage_days=SALVAGE_DAYS)


def ops_in_feed(caller, task_id):
    return {change["op"] for change in caller.pull()["changes"] if task_id in change["id"]}


def salvaged_of(world, task_id, *, moved=True):
    """The assistant leaves and then sends a finding; gives its result."""
    if moved:
        reassign(world, task_id, LEAD, THIRD)
    [result] = world.assistant.push(
        new_finding("f-off", task_id, title="离线发现", severity="serious")
    )
    assert (result["status"], result["error"]["code"]) == ("salvaged", "not_assigned")
    return result


def test_who_leaves_is_told_revoke_then_drains_then_is_told_purge(world, third):
    task_id = world.task()
    reassign(world, task_id, LEAD, THIRD)
    assert ops_in_feed(world.assistant, task_id) == {"revoke"}
    salvaged_of(world, task_id, moved=False)
    assert release(world, days=SALVAGE_DAYS - 1) == 0
    assert release(world, days=SALVAGE_DAYS, minutes=1) > 0
    assert ops_in_feed(world.assistant, task_id) == {"purge"}
    assert late_ops(world.supervisor)[0]["state"] == "open"


def test_the_new_holder_sees_what_was_salvaged_with_who_when_where_and_what_stands(world, third):
    task_id = world.task()
    ok(world.lead.push(new_finding("f1", task_id, title="原来的", severity="minor")))
    reassign(world, task_id, LEAD, THIRD)
    world.assistant.push(
        op("finding", "f1", {"title": "改写的", "severity": "critical"}, base_rev=1)
    )
    [shown] = data_of(third, "task", task_id)["salvaged"]
    assert (shown["by"], shown["kind"], shown["state"]) == ("o-assistant", "salvage", "open")
    for person in (third, world.lead, world.supervisor, world.assistant):
        [late] = late_ops(person, task_id=task_id)
        assert late["id"] == shown["late_op_id"]
        assert (late["user_name"], late["device_name"]) == ("assistant", "d-assistant")
        assert late["body"]["patch"] == {"title": "改写的", "severity": "critical"}
        assert late["stands"] == {"title": "原来的", "severity": "minor"}
    assert late_ops(world.outsider) == []


@pytest.mark.parametrize("adopter", ["third", "supervisor"])
def test_a_salvaged_entry_taken_over_is_the_adopters_write_and_names_its_source(
    world, third, adopter
):
    task_id = world.task()
    result = salvaged_of(world, task_id)
    person = third if adopter == "third" else world.supervisor
    answer = accept(person, late_op_of(result))
    assert answer.status_code == 200, answer.text
    assert data_of(third, "finding", "f-off")["title"] == "离线发现"
    assert data_of(third, "task", task_id)["salvaged"][0]["state"] == "accepted"
    review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
    [version] = [each for each in review["history"] if each["id"] == "f-off"]
    assert (version["user_name"], version["device_name"]) == (adopter, "d-assistant")
    assert version["op_id"] == result["op_id"]
    [repeated] = world.assistant.get(
        "/sync/receipts", query_string={"op_id": result["op_id"]}
    ).get_json()["results"]
    assert (repeated["status"], repeated["error"]["details"]["state"]) == ("salvaged", "accepted")


def test_what_was_taken_over_is_edited_like_anything_else(world, third):
    task_id = world.task()
    accept(third, late_op_of(salvaged_of(world, task_id)))
    rev = by_id(third.pull())["finding", "f-off"]["rev"]
    [edited] = third.push(op("finding", "f-off", {"title": "核实后"}, base_rev=rev))
    assert edited["status"] == "applied"
    [blind] = world.lead.push(op("finding", "f-off", {"action": "oral_order"}))
    assert blind["status"] == "merged"


def test_an_entry_taken_over_has_seen_what_stands_and_replaces_it(world, third):
    task_id = world.task()
    ok(world.lead.push(new_finding("f1", task_id, action="oral_order")))
    reassign(world, task_id, LEAD, THIRD)
    [result] = world.assistant.push(op("finding", "f1", {"action": "term_correction"}))
    assert accept(third, late_op_of(result)).status_code == 200
    assert data_of(third, "finding", "f1")["action"] == "term_correction"
    assert world.lead.get("/conflicts").get_json()["items"] == []


def test_a_salvaged_entry_is_set_aside_with_a_reason_and_stays_to_be_read(world, third):
    task_id = world.task()
    result = salvaged_of(world, task_id)
    assert refuse(third, late_op_of(result), "").status_code == 422
    assert refuse(third, late_op_of(result), "重复登记").status_code == 200
    [shown] = data_of(world.lead, "task", task_id)["salvaged"]
    assert (shown["state"], shown["reason"]) == ("refused", "重复登记")
    [late] = late_ops(world.assistant)
    assert late["body"]["patch"]["title"] == "离线发现"


def test_who_left_cannot_decide_about_their_own_salvaged_work(world, third):
    task_id = world.task()
    late_op_id = late_op_of(salvaged_of(world, task_id))
    assert accept(world.assistant, late_op_id).status_code == 403
    assert accept(world.outsider, late_op_id).status_code == 404


def test_who_comes_back_before_the_purge_goes_on_as_before(world, third):
    task_id = world.task()
    result = salvaged_of(world, task_id)
    reassign(world, task_id, LEAD, ASSISTANT)
    assert ops_in_feed(world.assistant, task_id) == {"upsert"}
    ok(world.assistant.push(op("answer", f"{task_id}.1.1", {"value": "pass"})))
    assert accept(world.assistant, late_op_of(result)).status_code == 200
    [edited] = world.assistant.push(op("finding", "f-off", {"title": "回来后"}))
    assert edited["status"] == "applied"
    assert release(world, days=SALVAGE_DAYS + 1) > 0  # the third's copies
    assert ops_in_feed(world.assistant, task_id) == {"upsert"}
    ok(world.assistant.push(op("finding", "f-off", {"title": "清除以后"})))


def test_of_two_reassignments_the_later_one_begins_the_time_anew(world, third):
    task_id, start = world.task(), now() - timedelta(days=20)
    reassign(world, task_id, LEAD, THIRD, moment=start)
    reassign(world, task_id, LEAD, ASSISTANT, moment=start + timedelta(days=5))
    reassign(world, task_id, LEAD, THIRD, moment=start + timedelta(days=18))
    release(world)
    assert ops_in_feed(world.assistant, task_id) == {"revoke"}
    salvaged_of(world, task_id, moved=False)


def test_each_of_two_former_holders_is_salvaged_and_the_third_holder_sees_both(world, third):
    task_id = world.task()
    fourth = world.officer("fourth")
    reassign(world, task_id, LEAD, THIRD)
    reassign(world, task_id, LEAD, ("o-fourth", "assistant"))
    for caller, finding in ((world.assistant, "f-a"), (third, "f-b")):
        assert caller.push(new_finding(finding, task_id))[0]["status"] == "salvaged"
    shown = data_of(fourth, "task", task_id)["salvaged"]
    assert [(each["id"], each["by"]) for each in shown] == [
        ("f-a", "o-assistant"), ("f-b", "o-third"),
    ]  # fmt: skip


def test_after_the_purge_nothing_is_merged_but_nothing_is_lost_either(world, third):
    task_id = world.task()
    reassign(world, task_id, LEAD, THIRD, moment=now() - timedelta(days=SALVAGE_DAYS + 1))
    release(world)
    [result] = world.assistant.push(new_finding("f-off", task_id, title="太晚"))
    assert (result["status"], result["error"]["code"]) == ("rejected", "task_unknown")
    unmerged = world.supervisor.get(f"/tasks/{task_id}/review").get_json()["unmerged"]
    assert [each["op_id"] for each in unmerged] == [result["op_id"]]


def test_the_photo_of_a_salvaged_finding_arrives_too_and_is_verified_when_taken_over(world, third):
    task_id, data = world.task(), photo()
    found = salvaged_of(world, task_id)
    declared = declare_op(task_id, "p-off", data, of_type="finding", of_id="f-off")
    [shot] = world.assistant.push(declared)
    assert shot["status"] == "salvaged"
    assert upload(world.assistant, data, "p-off").status_code == 204
    for result in (found, shot):
        assert accept(third, late_op_of(result)).status_code == 200
    assert data_of(third, "photo", "p-off")["state"] == "verified"


def test_the_bytes_may_also_come_after_the_photo_was_taken_over(world, third):
    task_id, data = world.task(), photo()
    reassign(world, task_id, LEAD, THIRD)
    [shot] = world.assistant.push(declare_op(task_id, "p-off", data))
    assert accept(third, late_op_of(shot)).status_code == 200
    assert upload(world.assistant, data, "p-off").status_code == 204
    assert data_of(third, "photo", "p-off")["state"] == "verified"


def test_on_a_cancelled_task_salvaged_work_is_only_read_or_set_aside(world):
    task_id = world.task()
    with world.parts.database.write() as session:
        cancel_task(
            session, actor=world.actor(world.supervisor), task_id=task_id, reason="误建", now=now()
        )
    [result] = world.assistant.push(new_finding("f-off", task_id))
    assert result["error"]["code"] == "task_cancelled"
    assert accept(world.supervisor, late_op_of(result)).status_code == 409
    assert refuse(world.supervisor, late_op_of(result)).status_code == 200


def test_what_was_salvaged_before_the_approval_is_an_amendment_after_it(world, third):
    task_id = world.task()
    late_op_id = late_op_of(salvaged_of(world, task_id))
    with world.parts.database.write() as session:
        session.connection().exec_driver_sql("UPDATE tasks SET status = 'reviewed'")
    assert accept(third, late_op_id, reason="我来").status_code == 403
    assert accept(world.supervisor, late_op_id).get_json()["code"] == "amendment_reason_needed"
    assert accept(world.supervisor, late_op_id, reason="补正").status_code == 200
