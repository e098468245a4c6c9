"""Rule 3: an op is whole or not there, and a repeated one changes nothing."""

import threading

from sqlalchemy import text

from tests.concurrency.people import PATIENCE_SECONDS, PROCESSES, Badge, all_done, started
from tests.server.sync.ops import by_id, new_finding, op

PARALLEL = 20


def count(world, table):
    with world.parts.database.read() as session:
        return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_twenty_parallel_identical_pushes_are_one_push(world):
    task = world.task()
    world.lead.push(op("record", task, {"unit_name": "前"}))
    ops = [
        new_finding("f1", task, notes="只记一次", tags=["甲"]),
        op("record", task, {"notes": "也只记一次"}, base_rev=1),
        op("answer", f"{task}.1.1", {"value": "fail"}),
    ]
    before = {table: count(world, table) for table in ("receipts", "history", "audit")}
    start, answers = threading.Barrier(PARALLEL), []

    def push_once():
        start.wait(PATIENCE_SECONDS)
        answers.append(world.lead.push(*ops))

    threads = [threading.Thread(target=push_once) for _ in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert len(answers) == PARALLEL
    assert all(answer == answers[0] for answer in answers)
    after = {table: count(world, table) for table in before}
    added = {table: after[table] - before[table] for table in before}
    assert added == {"receipts": 3, "history": 3, "audit": 1}
    page = by_id(world.assistant.pull())
    assert len(page["finding", "f1"]["data"]["notes"]) == 1
    assert len(page["record", task]["data"]["notes"]) == 1


def push_same(badge, ops, start):
    caller = badge.caller()
    start.wait(PATIENCE_SECONDS)
    for _ in range(10):
        caller.push(*ops)


def test_servers_in_different_processes_agree_on_one_receipt(world, settings):
    task = world.task()
    ops = [new_finding(f"f{number}", task, notes="只记一次") for number in range(5)]
    start = PROCESSES.Barrier(3)
    badge = Badge.of(settings, world.lead)
    all_done([started(push_same, badge, ops, start) for _ in range(3)])
    assert count(world, "receipts") == 5
    page = by_id(world.assistant.pull())
    assert {len(page["finding", f"f{number}"]["data"]["notes"]) for number in range(5)} == {1}


def test_two_officers_who_push_crosswise_never_deadlock(world, settings):
    """Each writes the same two tasks in the opposite order, many times."""
    tasks = [world.task(), world.task()]
    start = PROCESSES.Barrier(2)
    all_done(
        [
            started(push_crosswise, Badge.of(settings, world.lead), tasks, start),
            started(push_crosswise, Badge.of(settings, world.assistant), tasks[::-1], start),
        ]
    )
    assert count(world, "receipts") == 2 * 20 * 2


def push_crosswise(badge, tasks, start):
    caller = badge.caller()
    start.wait(PATIENCE_SECONDS)
    for number in range(20):
        ops = [
            op("record", task, {"storeys": f"{badge.device_id} {number}"}, op_id=f"{number}-{task}")
            for task in tasks
        ]
        caller.push(*ops)
