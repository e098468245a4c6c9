"""Two devices make an entity under the same new id at the same moment."""

from threading import Event, Thread

import pytest

from schemas.ops import check_op
from server.clock import now
from server.services.scope import load_actor
from server.services.sync.push import push_ops
from tests.concurrency.people import PATIENCE_SECONDS
from tests.concurrency.test_commit_order import wait_until_somebody_waits_for_a_lock
from tests.server.sync.ops import by_id, new_finding


def push_and_wait(world, caller, op, pushed, may_commit):
    """Push as the server does, and keep the transaction open until told."""
    with world.parts.database.write() as session:
        actor = load_actor(
            session, user_id=caller.user_id, device_id=caller.device_id, request_id=None
        )
        push_ops(
            session, actor=actor, device_time_ms=None, ops=[check_op(op)], check_op=check_op,
            now=now(),
        )  # fmt: skip
        pushed.set()
        assert may_commit.wait(PATIENCE_SECONDS)


def pushed_behind(world, first, *later):
    """What the assistant's later ops are answered, pushed while the lead's is not yet committed."""
    pushed, may_commit = Event(), Event()
    ahead = Thread(target=push_and_wait, args=(world, world.lead, first, pushed, may_commit))
    ahead.start()
    assert pushed.wait(PATIENCE_SECONDS)
    results = []
    behind = Thread(target=lambda: results.extend(world.assistant.push(*later)))
    behind.start()
    wait_until_somebody_waits_for_a_lock(world.parts.database)
    may_commit.set()
    ahead.join(PATIENCE_SECONDS)
    behind.join(PATIENCE_SECONDS)
    return results


def test_the_later_one_is_answered_as_if_it_had_come_after(world):
    if world.parts.database.is_sqlite:
        pytest.skip("SQLite has one writer: the later one comes after")
    first, second = world.task(), world.task()
    results = pushed_behind(
        world,
        new_finding("f1", first, title="先"),
        new_finding("f1", second, title="后"),
        new_finding("f2", second, title="另"),
    )
    assert [result["status"] for result in results] == ["rejected", "applied"]
    assert results[0]["error"]["code"] == "id_mismatch"
    assert by_id(world.lead.pull())["finding", "f1"]["data"]["title"] == "先"


def test_on_one_task_they_are_merged_as_if_one_had_come_after(world):
    """The later one looked for the entity before it waited for the task, and found nothing."""
    if world.parts.database.is_sqlite:
        pytest.skip("SQLite has one writer: the later one comes after")
    task = world.task()
    results = pushed_behind(world, new_finding("f1", task, title="先"), new_finding("f1", task))
    assert [result["status"] for result in results] == ["merged"]
    assert results[0]["rev"] == 2
    assert by_id(world.lead.pull())["finding", "f1"]["rev"] == 2
