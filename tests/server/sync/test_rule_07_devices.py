"""Rule 7: a device belongs to one person, drains before it is revoked if asked, and is wiped
without when it is lost."""

from datetime import timedelta

import pytest

from server.api.glue import WHILE_DRAINING
from server.clock import now
from server.models import Device
from server.services.accounts.draining import end_overdue_drains
from tests.server.entrance import code, log_in, refresh, session_of
from tests.server.inspections import ok
from tests.server.late import data_of
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import declare_op, photo, upload
from tests.world import Caller

DRAIN_DAYS = 14


def drain(world, device_id="d-assistant"):
    answer = world.supervisor.post(f"/devices/{device_id}/revoke?drain=true")
    assert answer.status_code == 204, answer.text


def state_of(world, device_id="d-assistant"):
    with world.parts.database.read() as session:
        return session.get_one(Device, device_id).state


def sweep(world, moment):
    with world.parts.database.write() as session:
        return end_overdue_drains(session, now=moment)


def test_each_login_of_a_new_installation_gets_a_device_of_its_own(http, world):
    first, second = (session_of(http)["device"]["id"] for _ in range(2))
    assert first != second
    assert log_in(http, device_id=first).get_json()["device"]["id"] == first


def test_an_op_id_is_unique_within_its_device_only(world):
    task_id = world.task()
    ours = op("answer", f"{task_id}.1.1", {"value": "pass"}, op_id="same")
    theirs = op("answer", f"{task_id}.1.2", {"value": "pass"}, op_id="same")
    ok([*world.lead.push(ours), *world.assistant.push(theirs)])
    [reused] = world.lead.push(theirs)
    assert reused["error"]["code"] == "op_id_reuse"


def test_the_second_person_on_a_tablet_gets_a_device_and_a_queue_of_their_own(http, world):
    tablet = log_in(http, "lead").get_json()
    other = log_in(http, "assistant", device_id=tablet["device"]["id"]).get_json()
    assert other["device"]["id"] != tablet["device"]["id"]
    task_id = world.task()
    body = op("answer", f"{task_id}.1.1", {"value": "pass"}, op_id="queued")
    for session in (tablet, other):
        user = session["user"]
        caller = Caller(
            http, user["id"], user["officer_id"], session["device"]["id"], session["access_token"]
        )
        ok(caller.push(body))


def test_a_lost_answer_to_refresh_locks_nobody_out(http, world):
    spent = session_of(http)["refresh_token"]
    assert refresh(http, spent).status_code == 200  # and its answer was lost
    again = refresh(http, spent)
    assert again.status_code == 200
    assert refresh(http, again.get_json()["refresh_token"]).status_code == 200
    assert code(refresh(http, spent)) == "token_reused"


def test_a_draining_device_sends_what_it_holds_and_gets_nothing_new(world):
    task_id, data = world.task(), photo()
    drain(world)
    ok(world.assistant.push(new_finding("f1", task_id, title="停用前写下")))
    ok(world.assistant.push(declare_op(task_id, "p1", data)))
    assert upload(world.assistant, data, "p1").status_code == 204
    assert data_of(world.lead, "photo", "p1")["state"] == "verified"
    assert world.assistant.get("/sync/receipts?op_id=x").status_code == 200
    assert world.assistant.get("/sync/capabilities").status_code == 200
    for path in ("/sync/changes", "/conflicts", "/late-ops", f"/tasks/{task_id}/devices"):
        answer = world.assistant.get(path)
        assert (answer.status_code, code(answer)) == (403, "device_draining"), path


def test_what_a_draining_device_may_ask_is_there(world):
    """The names of the routes are right, so that none is closed by a slip of the pen."""
    assert set(world.app.view_functions) >= WHILE_DRAINING


def test_a_draining_device_keeps_its_session_and_may_log_in_again(http, world):
    session = session_of(http, "assistant")
    device_id = session["device"]["id"]
    drain(world, device_id)
    assert refresh(http, session["refresh_token"]).status_code == 200
    assert log_in(http, "assistant", device_id=device_id).get_json()["device"]["id"] == device_id


@pytest.mark.parametrize(
    ("ops", "pending", "state"),
    [
        (0, [], "revoked"),
        (0, [{"task_id": None, "ops": 0, "photos": 0}], "revoked"),
        (0, None, "draining"),
        (1, [], "draining"),
        (0, [{"task_id": None, "ops": 0, "photos": 1}], "draining"),
    ],
)
def test_the_drain_ends_with_a_push_that_brings_nothing_and_says_that_nothing_waits(
    world, ops, pending, state
):
    task_id = world.task()
    drain(world)
    world.assistant.push(*(new_finding(f"f{n}", task_id) for n in range(ops)), pending=pending)
    assert state_of(world) == state
    answer = world.assistant.post("/sync/push", {"ops": []})
    assert (answer.status_code == 403) == (state == "revoked")


def test_the_answer_to_the_last_ops_may_be_lost_and_asked_for_again(world):
    task_id = world.task()
    drain(world)
    last = new_finding("f1", task_id)
    [first] = world.assistant.push(last, pending=[])
    assert world.assistant.push(last, pending=[]) == [first]


def test_the_drain_ends_at_the_latest_after_its_days(world):
    before = now()
    drain(world)
    [listed] = world.supervisor.get("/devices?user_id=u-assistant").get_json()["items"]
    assert listed["state"] == "draining"
    with world.parts.database.read() as session:
        until = session.get_one(Device, "d-assistant").drain_until
    assert before + timedelta(days=DRAIN_DAYS) <= until <= now() + timedelta(days=DRAIN_DAYS)
    assert sweep(world, until - timedelta(milliseconds=1)) == 0
    assert sweep(world, until) == 1
    assert state_of(world) == "revoked"
    assert sweep(world, until) == 0


def test_without_being_asked_to_drain_a_device_is_stopped_at_once(world):
    assert world.supervisor.post("/devices/d-assistant/revoke").status_code == 204
    assert code(world.assistant.post("/sync/push", {"ops": []})) == "device_revoked"


def test_a_draining_device_may_be_stopped_at_once_or_declared_lost(world):
    for device_id, step, told in (("d-lead", "revoke", "revoked"), ("d-assistant", "wipe", "wipe")):
        drain(world, device_id)
        assert world.supervisor.post(f"/devices/{device_id}/{step}").status_code == 204
        assert state_of(world, device_id) == told
        answer = world.supervisor.post(f"/devices/{device_id}/revoke?drain=true")
        assert (answer.status_code, code(answer)) == (409, "state_invalid")


def test_asking_twice_to_drain_does_not_lengthen_it_and_is_one_act(world):
    drain(world)
    [first] = world.supervisor.get("/devices?user_id=u-assistant").get_json()["items"]
    drain(world)
    [second] = world.supervisor.get("/devices?user_id=u-assistant").get_json()["items"]
    assert first["drain_until"] == second["drain_until"]
    acts = world.auditor.get("/audit?target_type=device").get_json()["items"]
    assert [act["action"] for act in acts] == ["device_draining"]


def test_a_draining_device_is_waited_for_at_approval(world):
    task_id = world.task()
    ok(world.assistant.push(new_finding("f1", task_id)))
    world.assistant.push(pending=[{"task_id": task_id, "ops": 1}])
    drain(world)
    ok(world.lead.push(op("task", task_id, {"status": "submitted"})))
    items = world.supervisor.get(f"/tasks/{task_id}/devices").get_json()["items"]
    because = {device["id"]: device["awaited_because"] for device in items}
    assert because["d-assistant"] == "device_waiting"
