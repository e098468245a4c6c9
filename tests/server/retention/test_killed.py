"""Killed at any step, the next run ends the same: nothing half deleted, nothing deleted twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from server.config import Settings
from server.failpoints import POINTS
from tests.server.evidence.facts import kinds_of_custody
from tests.server.retention.closed import (
    approved_act,
    carry_out,
    closed,
    due,
    file_row,
    hold,
    is_stored,
    items,
    long_ago,
    release,
    seal,
    set_terms,
    states,
)
from tests.server.tus.speaker import begin, declare, new_photo_id, patch, photo, state_of
from tests.server_process import PROJECT, environment_of
from tests.world import World

STEPS = [point for point in POINTS if point.startswith("retention.")]


def die_at(settings: Settings, point: str) -> None:
    """Carry the acts out in a process of its own, killed there."""
    environ = {**os.environ, **environment_of(settings), "DIES_AT": point}
    died = subprocess.run(
        [sys.executable, "-m", "tests.server.retention.deadly"], env=environ, cwd=PROJECT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """An approved act over two files of a task; gives the task's id and the act's."""
    task_id = closed(world, photo(1), photo(2))
    long_ago(world, task_id)
    set_terms(world)
    return task_id, approved_act(world)


def assert_ended(world: World, task_id: str, act_id: str) -> None:
    assert set(states(world, task_id).values()) == {"deleted"}
    assert set(items(world, act_id).values()) == {("deleted", None)}
    for n in (1, 2):
        assert not is_stored(world, photo(n))
        assert file_row(world, photo(n)).deleted_at is not None
    for photo_id in states(world, task_id):
        assert kinds_of_custody(world, photo_id).count("deleted") == 1
        assert state_of(world.lead, photo_id)["state"] == "deleted"
    assert world.supervisor.get(f"/retention/acts/{act_id}").get_json()["state"] == "done"


def test_a_process_killed_at_each_step_in_turn_is_followed_by_one_that_ends_the_same(
    world: World, settings: Settings, two: tuple[str, str]
):
    task_id, act_id = two
    for step in STEPS:
        die_at(settings, step)
        for photo_id, state in states(world, task_id).items():
            assert state in ("deleting", "deleted")
            # nobody is shown what may be half gone
            assert world.lead.get(f"/photos/{photo_id}/original").status_code == 410
    carry_out(world)
    assert_ended(world, task_id, act_id)


@pytest.mark.parametrize("step", ["write.ready", "write.committed"])
def test_whatever_breaks_off_the_next_run_ends_the_same(
    world: World, break_off: Callable[[str], None], two: tuple[str, str], step: str
):
    break_off(step)
    carry_out(world)
    assert_ended(world, *two)


def test_a_hold_that_comes_before_the_bytes_are_gone_wins(
    world: World, break_off: Callable[[str], None], two: tuple[str, str]
):
    task_id, act_id = two
    break_off("retention.original_gone")  # one of two
    gone, left = sorted(states(world, task_id), key=lambda p: is_shown_stored(world, p))
    placed = hold(world.supervisor, "task", task_id)
    carry_out(world)
    assert states(world, task_id) == {gone: "deleted", left: "verified"}
    assert items(world, act_id) == {gone: ("deleted", None), left: ("kept", "held")}
    assert world.lead.get(f"/photos/{left}/original").status_code == 200
    assert world.lead.get(f"/photos/{gone}/original").status_code == 410
    release(world.supervisor, placed["id"])
    seal(world)
    assert due(world.supervisor) == {("with_findings", None): 1}


def is_shown_stored(world: World, photo_id: str) -> bool:
    n = int(photo_id[1]) + 1
    return is_stored(world, photo(n))


@pytest.mark.parametrize("step", ["retention.marked", "retention.bytes_gone"])
def test_the_same_bytes_that_come_meanwhile_wait_and_are_evidence_in_the_end(
    world: World, break_off: Callable[[str], None], two: tuple[str, str], step: str
):
    break_off(step)
    data = next(photo(n) for n in (1, 2) if is_being_removed(world, photo(n)))
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    assert state_of(world.lead, photo_id)["state"] == "declared"
    path = begin(world.lead, data, photo_id)
    answer = patch(world.lead, path, data, 0)
    assert (answer.status_code, answer.get_json()["code"]) == (423, "upload_locked")
    world.parts.jobs.run_now("sweep_uploads")  # too early
    assert state_of(world.lead, photo_id)["state"] == "declared"
    carry_out(world)
    world.parts.jobs.run_now("sweep_uploads")
    assert state_of(world.lead, photo_id)["state"] == "verified"
    assert world.lead.get(f"/photos/{photo_id}/original").data == data


def is_being_removed(world: World, data: bytes) -> bool:
    file = file_row(world, data)
    return file.deleting_at is not None and file.deleted_at is None
