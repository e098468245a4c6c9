"""Approval beside devices that go on writing: a record that is approved lacks nothing."""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier, Thread

import pytest

from server.clock import now
from server.models import Task
from server.services.review.decisions import approve as approve_task
from tests.concurrency.test_commit_order import wait_until_somebody_waits_for_a_lock
from tests.server.inspections import submitted
from tests.server.sync.ops import op
from tests.server.tus.speaker import begin, declare_op, new_photo_id, patch, photo, upload
from tests.world import Caller, World

ROUNDS = 4
NO_PHOTO = b"%PDF-1.7 " + bytes(300)


def declares(caller: Caller, task_id: str) -> Callable[[], object]:
    """A photo whose bytes are not there."""
    written = declare_op(task_id, new_photo_id(), photo())
    return lambda: caller.push(written)


def names(caller: Caller, task_id: str) -> Callable[[], object]:
    """A photo that was never declared."""
    written = op("record", task_id, {"photos": [new_photo_id()]})
    return lambda: caller.push(written)


def sends_rubbish(caller: Caller, task_id: str) -> Callable[[], object]:
    """The bytes of a photo that was declared before, which turn out to be none."""
    photo_id = new_photo_id()
    caller.push(declare_op(task_id, photo_id, NO_PHOTO))
    path = begin(caller, NO_PHOTO, photo_id)
    return lambda: patch(caller, path, NO_PHOTO, 0)


@pytest.mark.parametrize("write", [declares, names, sends_rubbish])
def test_whoever_comes_first_nothing_is_missing_from_an_approved_record(
    world: World, write: Callable[[Caller, str], Callable[[], object]]
):
    device = replace(world.lead, http=world.app.test_client())
    for round_ in range(ROUNDS):
        task_id, start = submitted(world), Barrier(2)
        both = [write(device, task_id), approval(world.supervisor, task_id)]
        run_together(start, both[round_ % 2], both[1 - round_ % 2])
        with world.parts.database.read() as session:
            status = session.get_one(Task, task_id).status
        query = {"task_id": task_id}
        review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
        unsettled = [
            each["id"]
            for each in review["photos"]["items"]
            if each["data"]["state"] not in ("verified", "lost")
        ]
        named = review["record"]["data"].get("photos") or []
        waits = world.supervisor.get("/photos/missing", query_string=query).get_json()["items"]
        assert (status, bool(unsettled or named)) in {("reviewed", False), ("submitted", True)}
        assert bool(waits) is (status == "submitted")


def test_a_declaration_waits_for_the_approval_under_way_and_becomes_an_amendment(world: World):
    if world.parts.database.is_sqlite:
        pytest.skip("SQLite has one writer: there is nothing to lock")
    task_id, told = submitted(world), []
    device = replace(world.lead, http=world.app.test_client())
    push = Thread(target=lambda: told.extend(device.push(declare_op(task_id, "late", photo()))))
    with world.parts.database.write() as session:
        approve_task(session, actor=world.actor(world.supervisor), task_id=task_id, now=now())
        push.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)
    push.join()
    assert [(each["status"], each["error"]["code"]) for each in told] == [
        ("salvaged", "task_reviewed")
    ]


def test_loss_and_arrival_at_the_same_time_end_in_one_of_two_ways(world: World):
    """Found: the request is answered. Lost, then found: the declaration stands beside the bytes."""
    device = replace(world.lead, http=world.app.test_client())
    for round_ in range(ROUNDS):
        task_id, photo_id, data = world.task(), new_photo_id(), photo(round_)
        device.push(declare_op(task_id, photo_id, data, lost="以为丢了"))
        run_together(
            Barrier(2),
            lambda p=photo_id: world.supervisor.post(f"/photos/{p}/lost/approve", {}),
            lambda p=photo_id, d=data: upload(device, d, p),
        )
        review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
        [shown] = [each["data"] for each in review["photos"]["items"]]
        assert shown["state"] == "verified"
        request = shown["lost_request"]
        assert (request["state"], "found_at" in request) in {("found", False), ("approved", True)}
        assert bool(shown.get("lost_reason")) is (request["state"] == "approved")


def approval(caller: Caller, task_id: str) -> Callable[[], object]:
    return lambda: caller.post(f"/tasks/{task_id}/approve")


def run_together(start: Barrier, *acts: Callable[[], object]) -> None:
    """Each in a thread of its own, at once."""

    def after(act: Callable[[], object]) -> None:
        start.wait()
        act()

    threads = [Thread(target=after, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
