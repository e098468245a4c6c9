"""Rule 8: an op whose parent has not arrived is held, visible, with a deadline; then people decide.
It is never force-applied and never dropped."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from schemas.ops import check_op
from server.clock import from_ms, now, wire_time
from server.models import LateOp, Receipt
from server.services.sync import push
from server.services.sync.held import HELD_DAYS, put_to_review
from server.services.sync.push import go_on_with_held
from tests.server.late import accept, data_of, late_op_of, late_ops, reassign, refuse
from tests.server.sync.ops import new_finding, op

NEVER = "never-sent"


def hold(world, task_id, *, by=None, **patch):
    """An op that waits for one that never comes; gives it and its result."""
    waiting = op("answer", f"{task_id}.1.1", patch or {"value": "pass"}, depends_on=[NEVER])
    [result] = (by or world.assistant).push(waiting)
    assert result["status"] == "deferred", result
    return waiting, result


def age(world, **span):
    """Let everything have arrived earlier."""
    by_ms = timedelta(**span) // timedelta(milliseconds=1)
    with world.parts.database.write() as session:
        session.execute(text("UPDATE receipts SET received_ms = received_ms - :ms"), {"ms": by_ms})


def review(world, moment=None):
    with world.parts.database.write() as session:
        return put_to_review(session, now=moment or now())


def overdue(world):
    age(world, days=HELD_DAYS, seconds=1)
    assert review(world) == 1
    [late] = late_ops(world.supervisor, kind="held")
    return late["id"]


def receipt(world, caller, waiting):
    answer = caller.get("/sync/receipts", query_string={"op_id": waiting["op_id"]})
    return answer.get_json()["results"][0]


def test_a_held_op_says_until_when_it_waits(world):
    before = now()
    _, result = hold(world, world.task())
    until = result["error"]["details"]["until"]
    assert wire_time(before + timedelta(days=HELD_DAYS)) <= until
    assert until <= wire_time(now() + timedelta(days=HELD_DAYS))


def test_an_op_is_put_to_people_after_its_deadline_and_not_before(world):
    hold(world, world.task())
    with world.parts.database.read() as session:
        arrived = from_ms(session.scalars(select(Receipt.received_ms)).one())
    deadline = arrived + timedelta(days=HELD_DAYS)
    assert review(world, deadline) == 0
    assert review(world, deadline + timedelta(milliseconds=1)) == 1
    assert review(world, deadline + timedelta(days=1)) == 0


def test_people_see_the_whole_op_its_reason_and_its_age(world):
    task_id = world.task()
    waiting, result = hold(world, task_id, value="fail")
    overdue(world)
    for person in (world.supervisor, world.lead, world.assistant):
        [late] = late_ops(person, kind="held", state="open")
        assert (late["body"], late["error"]) == (waiting, result["error"])
        assert late["age_seconds"] >= HELD_DAYS * 86400
        assert (late["task_id"], late["user_name"]) == (task_id, "assistant")
    assert late_ops(world.outsider) == late_ops(world.other_supervisor) == []


def test_a_person_takes_a_held_op_over_although_its_parent_never_came(world):
    task_id = world.task()
    waiting, _ = hold(world, task_id, value="fail")
    answer = accept(world.lead, overdue(world))
    assert answer.status_code == 200, answer.text
    assert data_of(world.lead, "answer", f"{task_id}.1.1")["value"] == "fail"
    told = receipt(world, world.assistant, waiting)
    assert (told["status"], told["rev"]) == ("applied", answer.get_json()["rev"])
    assert world.assistant.push(waiting) == [told]


def test_a_person_mends_a_held_op(world):
    task_id = world.task()
    hold(world, task_id, value="fail")
    assert accept(world.supervisor, overdue(world), patch={"value": "pass"}).status_code == 200
    assert data_of(world.lead, "answer", f"{task_id}.1.1")["value"] == "pass"


def test_a_patch_whose_create_never_came_makes_the_entity_for_who_knows_its_task(world):
    task_id = world.task()
    world.assistant.push(op("finding", "f-orphan", {"title": "孤立的问题"}))
    late_op_id = overdue(world)
    assert accept(world.supervisor, late_op_id).status_code == 422
    assert accept(world.supervisor, late_op_id, task_id=task_id).status_code == 200
    assert data_of(world.lead, "finding", "f-orphan")["title"] == "孤立的问题"


def test_a_held_op_is_not_taken_over_into_another_task_than_its_entitys(world):
    """Its entity came meanwhile, on a task of which its taker is not."""
    mine, theirs = (
        world.task(),
        world.task(
            supervisor=world.other_supervisor,
            lead=world.outsider,
            assistant=world.officer("b2", organisation="brig-b"),
            object_id=world.object(organisation="brig-b"),
        ),
    )
    world.assistant.push(op("finding", "f-same", {"title": "猜中的编号"}, depends_on=[NEVER]))
    late_op_id = overdue(world)
    world.outsider.push(new_finding("f-same", theirs, title="他人的"))
    answer = accept(world.lead, late_op_id, task_id=mine)
    assert answer.status_code == 404  # without a task it is its writer's and their supervisor's
    answer = accept(world.supervisor, late_op_id, task_id=mine)
    assert answer.status_code in (409, 422), answer.text
    assert data_of(world.outsider, "finding", "f-same")["title"] == "他人的"


def test_what_is_set_aside_is_refused_with_the_reason_and_what_waits_behind_goes_on(world):
    task_id = world.task()
    waiting, _ = hold(world, task_id, value="fail")
    [behind] = world.assistant.push(op("answer", f"{task_id}.1.1", {"notes": "后写"}))
    assert behind["error"]["code"] == "earlier_op_held"
    age(world, days=HELD_DAYS, seconds=1)
    review(world)
    late = next(each for each in late_ops(world.supervisor) if each["body"] == waiting)
    assert refuse(world.lead, late["id"], "不再需要").status_code == 200
    told = receipt(world, world.assistant, waiting)
    assert (told["status"], told["error"]["code"]) == ("rejected", "set_aside")
    assert told["error"]["details"]["reason"] == "不再需要"
    world.parts.jobs.run_now("settle_held")
    assert data_of(world.lead, "answer", f"{task_id}.1.1")["notes"][0]["text"] == "后写"


def test_a_parent_that_comes_after_the_deadline_still_frees_the_op_and_nobody_has_to_decide(world):
    task_id = world.task()
    hold(world, task_id, value="fail")
    late_op_id = overdue(world)
    world.assistant.push(op("record", task_id, {"tags": ["一层"]}, op_id=NEVER))
    assert data_of(world.lead, "answer", f"{task_id}.1.1")["value"] == "fail"
    [late] = late_ops(world.supervisor)
    assert (late["id"], late["state"]) == (late_op_id, "went_on")
    assert accept(world.lead, late_op_id).status_code == 409


def test_a_held_op_that_comes_too_late_is_salvaged_when_it_goes_on(world):
    task_id = world.task()
    world.officer("third")
    hold(world, task_id, value="fail")
    late_op_id = overdue(world)
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    [parent] = world.assistant.push(op("record", task_id, {"tags": ["一层"]}, op_id=NEVER))
    assert parent["status"] == "salvaged"
    kinds = {late["id"]: (late["kind"], late["state"]) for late in late_ops(world.supervisor)}
    assert kinds[late_op_id] == ("salvage", "open")


def test_the_sweep_does_what_no_push_nearby_has_freed(world):
    """A finding that a person took over came without any push."""
    task_id = world.task()
    world.officer("third")
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    [late] = world.assistant.push(new_finding("f1", task_id, title="迟到"))
    [held] = world.lead.push(op("finding", "f1", {"notes": "等它"}))
    assert (late["status"], held["status"]) == ("salvaged", "deferred")
    assert accept(world.lead, late_op_of(late)).status_code == 200
    assert "notes" not in data_of(world.lead, "finding", "f1")
    world.parts.jobs.run_now("go_on_with_held")
    assert data_of(world.lead, "finding", "f1")["notes"][0]["text"] == "等它"


def test_a_create_and_its_patch_that_come_at_the_same_moment_both_stand_after_the_sweep(world):
    for number in range(8):
        task_id = world.task()
        finding, start = f"f-{number}", Barrier(2)

        def send(caller, body, start=start):
            start.wait()
            return caller.push(body)

        with ThreadPoolExecutor(2) as pool:
            for sent in [
                pool.submit(send, world.lead, new_finding(finding, task_id)),
                pool.submit(send, world.assistant, op("finding", finding, {"notes": "同时"})),
            ]:
                sent.result()
    world.parts.jobs.run_now("go_on_with_held")
    with world.parts.database.read() as session:
        held = select(func.count()).where(Receipt.status == "deferred")
        assert session.scalar(held) == 0
    for number in range(8):
        assert data_of(world.lead, "finding", f"f-{number}")["notes"][0]["text"] == "同时"


def test_the_sweep_leaves_alone_what_still_waits(world):
    waiting, result = hold(world, world.task())
    with world.parts.database.write() as session:
        gone = go_on_with_held(session, device_id="d-assistant", check_op=check_op, now=now())
    assert gone == 0
    assert receipt(world, world.assistant, waiting) == result


def test_the_held_ops_of_a_device_that_was_stopped_go_on_all_the_same(world):
    task_id = world.task()
    world.assistant.push(op("finding", "f1", {"notes": "早写"}))
    assert world.supervisor.post("/devices/d-assistant/revoke").status_code == 204
    world.lead.push(new_finding("f1", task_id))
    assert data_of(world.lead, "finding", "f1")["notes"][0]["text"] == "早写"


def test_a_stranger_can_park_nothing_on_a_task_that_is_not_theirs(world):
    task_id = world.task()
    parked = [
        op("answer", f"{task_id}.1.1", {"value": "fail"}, depends_on=[NEVER]),
        new_finding("f-x", task_id) | {"depends_on": [NEVER]},
    ]
    assert [result["error"]["code"] for result in world.outsider.push(*parked)] == [
        "task_unknown", "task_unknown",
    ]  # fmt: skip
    review_ = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
    assert review_["unmerged"] == review_["warnings"] == []


def test_what_a_stranger_parks_on_no_task_is_shown_to_their_own_supervisor_only(world):
    task_id = world.task()
    [held] = world.outsider.push(op("finding", "f-guessed", {"notes": "外人"}))
    assert held["status"] == "deferred"
    age(world, days=HELD_DAYS, seconds=1)
    assert review(world) == 1
    assert late_ops(world.supervisor) == late_ops(world.lead) == []
    [late] = late_ops(world.other_supervisor)
    assert late["task_id"] is None
    world.lead.push(new_finding("f-guessed", task_id, title="真的"))
    assert "notes" not in data_of(world.lead, "finding", "f-guessed")
    assert receipt(world, world.outsider, late["body"])["status"] == "rejected"


def test_a_device_leaves_only_so_many_ops_waiting(world, monkeypatch):
    monkeypatch.setattr(push, "MAX_HELD_OPS", 3)
    task_id = world.task()
    ops = [op("finding", f"f-{n}", {"title": "等"}) for n in range(5)]
    statuses = [result["status"] for result in world.assistant.push(*ops[:2])]
    statuses += [result["status"] for result in world.assistant.push(*ops[2:])]
    assert statuses == ["deferred"] * 3 + ["rejected"] * 2
    [excess] = world.assistant.push(ops[4])
    assert excess["error"]["code"] == "held_too_many"
    assert world.lead.push(op("finding", "f-9", {"title": "等"}))[0]["status"] == "deferred"
    world.lead.push(*(new_finding(f"f-{n}", task_id) for n in range(3)))
    assert world.assistant.push(op("finding", "f-7", {"title": "等"}))[0]["status"] == "deferred"


@pytest.mark.parametrize(("spare", "status"), [(0, "deferred"), (-1, "rejected")])
def test_a_device_leaves_only_so_many_bytes_waiting(world, monkeypatch, spare, status):
    ops = [op("finding", f"f-{n}", {"title": "wait"}, op_id=f"wait-{n}") for n in range(2)]
    size = sum(len(push.body_text(body)) for body in ops)
    monkeypatch.setattr(push, "MAX_HELD_BYTES", size + spare)
    assert [result["status"] for result in world.assistant.push(*ops)] == ["deferred", status]


def test_what_people_decide_is_never_forced_by_the_machine(world):
    task_id = world.task()
    hold(world, task_id, value="fail")
    overdue(world)
    for job in ("settle_held", "go_on_with_held", "settle_held"):
        world.parts.jobs.run_now(job)
    with world.parts.database.read() as session:
        assert session.scalars(select(LateOp.state)).all() == ["open"]
        assert session.scalars(select(Receipt.status)).all() == ["deferred"]
