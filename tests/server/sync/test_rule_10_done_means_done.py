"""Rule 10: approval knows each device of a task, and waits for what still waits on it."""

import pytest

from server.clock import now
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from tests.server.inspections import approved, by_id_of, ok, submit, submitted
from tests.server.sync.ops import new_finding, op


def devices(world, task_id, by=None):
    answer = (by or world.supervisor).get(f"/tasks/{task_id}/devices")
    assert answer.status_code == 200, answer.text
    return {device["id"]: device for device in answer.get_json()["items"]}


def approve(world, task_id):
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    body = answer.get_json()
    return answer.status_code, body.get("details", {}).get("blocking", [])


def awaited(blocking):
    return [(gap["code"], gap["id"]) for gap in blocking]


def forgo(world, task_id, device_id, reason="手机已损坏，由主办人员补记", by=None):
    body = {"device_id": device_id, "reason": reason}
    return (by or world.supervisor).post(f"/tasks/{task_id}/not-awaited", body)


def reassign(world, task_id, *team):
    with world.parts.database.write() as session:
        assign(
            session, actor=world.actor(world.supervisor), task_id=task_id,
            posts=[Post(*post) for post in team], reason="出差", now=now(),
        )  # fmt: skip


def test_approval_waits_for_ops_and_photos_that_a_device_said_it_still_holds(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 2, "photos": 3}])
    status, blocking = approve(world, task_id)
    assert (status, awaited(blocking)) == (409, [("device_waiting", "d-assistant")])
    assert "d-assistant" in blocking[0]["message"]
    assert "2条操作、3张照片" in blocking[0]["message"]
    world.assistant.push(pending=[])
    assert approve(world, task_id)[0] == 200


def test_what_waits_for_another_task_does_not_hold_this_one_up(world):
    task_id, other = submitted(world), world.task()
    world.assistant.push(
        pending=[{"task_id": other, "ops": 9}, {"task_id": None, "ops": 1, "photos": 0}]
    )
    assert approve(world, task_id)[0] == 200


def test_a_device_that_says_nothing_keeps_what_it_said_before(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 1}])
    world.assistant.push()
    assert awaited(approve(world, task_id)[1]) == [("device_waiting", "d-assistant")]


def test_approval_waits_for_a_device_that_was_on_the_task_and_is_silent_since_the_submission(world):
    task_id = submitted(world)
    ok(world.assistant.push(new_finding("f-2", task_id, title="通道堆物")))
    assert world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "补"}).status_code == 200
    submit(world, task_id)
    assert awaited(approve(world, task_id)[1]) == [("device_silent", "d-assistant")]
    world.assistant.push()  # an old client, that tells no counts, is heard all the same
    assert approve(world, task_id)[0] == 200


def test_a_device_that_never_came_near_the_task_is_not_waited_for(world):
    task_id = submitted(world)
    world.device("u-assistant", officer_id="o-assistant", name="d-drawer")
    shown = devices(world, task_id)["d-drawer"]
    assert (shown["awaited_because"], shown["last_contact_at"]) == (None, None)
    assert approve(world, task_id)[0] == 200


def test_an_op_that_waits_on_the_server_is_waited_for_too(world):
    task_id = submitted(world)
    held = op("answer", f"{task_id}.1.3", {"value": "pass"}, depends_on=["not-yet"])
    assert world.assistant.push(held)[0]["status"] == "deferred"
    assert devices(world, task_id)["d-assistant"]["held_ops"] == 1
    assert awaited(approve(world, task_id)[1]) == [("device_op_held", "d-assistant")]
    world.assistant.push(op("record", task_id, {"tags": ["补"]}, op_id="not-yet"))
    assert approve(world, task_id)[0] == 200


def test_a_former_holder_who_may_still_send_is_waited_for(world):
    task_id = world.task()
    world.officer("third")
    ok(world.assistant.push(new_finding("f-early", task_id, title="已送达")))
    world.assistant.push(pending=[{"task_id": task_id, "ops": 4}])
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    ok(world.lead.push(op("task", task_id, {"status": "submitted"})))
    left = devices(world, task_id)["d-assistant"]
    assert (left["standing"], left["waiting_ops"]) == ("former", 4)
    assert ("device_waiting", "d-assistant") in awaited(approve(world, task_id)[1])


def test_a_former_holder_is_waited_for_until_they_were_heard_after_they_left(world):
    task_id = world.task()
    world.officer("third")
    ok(world.assistant.push(new_finding("f-early", task_id)))
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    ok(world.lead.push(op("task", task_id, {"status": "submitted"})))
    assert devices(world, task_id)["d-assistant"]["awaited_because"] == "device_silent"
    world.assistant.push(pending=[])
    assert devices(world, task_id)["d-assistant"]["awaited_because"] is None


def test_a_stranger_cannot_hold_up_a_task_by_what_they_say(world):
    task_id = submitted(world)
    world.outsider.push(pending=[{"task_id": task_id, "ops": 1000}])
    world.outsider.push(op("answer", f"{task_id}.1.3", {"value": "pass"}, depends_on=["never"]))
    assert approve(world, task_id)[0] == 200


def test_a_supervisor_names_a_device_as_not_awaited_and_that_stands_with_the_record(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 2, "photos": 1}])
    answer = forgo(world, task_id, "d-assistant")
    assert answer.status_code == 200, answer.text
    assert approve(world, task_id)[0] == 200
    [named] = by_id_of(world, "task", task_id)["data"]["not_awaited"]
    assert (named["device_id"], named["reason"]) == ("d-assistant", "手机已损坏，由主办人员补记")
    assert (named["waiting_ops"], named["waiting_photos"]) == (2, 1)
    seen = devices(world, task_id)["d-assistant"]["not_awaited"]
    assert seen["named_by"] == "supervisor"
    [act] = world.auditor.get("/audit", query_string={"action": "task.not_awaited"}).get_json()[
        "items"
    ]
    assert (act["target_id"], act["after"]["because"]) == (task_id, "device_waiting")


def test_naming_a_device_holds_for_this_round_only(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 2}])
    assert forgo(world, task_id, "d-assistant").status_code == 200
    assert world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "补"}).status_code == 200
    submit(world, task_id)
    assert ("device_waiting", "d-assistant") in awaited(approve(world, task_id)[1])


@pytest.mark.parametrize(
    ("who", "device_id", "status"),
    [("supervisor", "d-lead", 409), ("supervisor", "d-outsider", 404), ("lead", "d-lead", 403),
     ("other_supervisor", "d-assistant", 404)],
)  # fmt: skip
def test_only_a_device_that_is_waited_for_is_named_and_only_by_its_supervisor(
    world, who, device_id, status
):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 2}])
    assert forgo(world, task_id, device_id, by=getattr(world, who)).status_code == status


def test_naming_a_device_needs_a_reason(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 2}])
    assert forgo(world, task_id, "d-assistant", reason="").status_code == 422


def test_the_lead_sees_the_devices_at_the_submission_and_strangers_do_not(world):
    task_id = submitted(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 0, "photos": 7}])
    assert devices(world, task_id, by=world.lead)["d-assistant"]["waiting_photos"] == 7
    assert world.outsider.get(f"/tasks/{task_id}/devices").status_code == 404
    assert world.other_supervisor.get(f"/tasks/{task_id}/devices").status_code == 404


@pytest.mark.parametrize(
    ("pending", "status"),
    [
        ([{"task_id": "t"}] * 1000, 200), ([{"task_id": "t"}] * 1001, 422),
        ([{"task_id": "t", "ops": 1_000_000}], 200), ([{"task_id": "t", "ops": 1_000_001}], 422),
        ([{"ops": 1}], 422), ([{"task_id": "t", "ops": -1}], 422), (None, 200),
    ],
)  # fmt: skip
def test_what_a_device_tells_is_bounded(world, pending, status):
    answer = world.lead.post("/sync/push", {"ops": [], "pending": pending})
    assert answer.status_code == status, answer.text


def test_nobody_is_waited_for_once_the_record_is_approved(world):
    task_id = approved(world)
    world.assistant.push(pending=[{"task_id": task_id, "ops": 3}])
    assert devices(world, task_id)["d-assistant"]["awaited_because"] is None
