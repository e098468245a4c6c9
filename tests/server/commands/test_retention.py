"""`flask evidence retention …`: an operator sees what is due, and carries out what was decided."""

import pytest

from server.jobs.alone import alone
from tests.server.retention.closed import (
    approved_act,
    closed,
    hold,
    is_stored,
    long_ago,
    request,
    set_terms,
)
from tests.server.tus.speaker import photo


@pytest.fixture
def run(app, world):
    def call(*words, code=0):
        done = app.test_cli_runner().invoke(args=["evidence", "retention", *words])
        assert done.exit_code == code, done.output
        return done.output

    return call


def test_without_a_term_everything_is_kept(run):
    assert "kept for ever" in run("plan")
    assert "kept for ever" in run("terms")


def test_a_plan_counts_what_is_due_and_why_the_rest_is_kept_and_changes_nothing(world, run):
    tasks = [closed(world, photo(n)) for n in range(2)]
    long_ago(world, *tasks)
    set_terms(world)
    hold(world.supervisor, "task", tasks[0])
    told = run("plan")
    assert "kept: held" in told
    assert "1 due; nothing was changed" in told
    assert "0 due" in run("plan", "--organisation", "brig-b")
    assert "no such organisation" in run("plan", "--organisation", "nowhere", code=2)
    assert "with_findings 10" in run("terms")
    assert "0 files in 0 approved acts" in run("run")


def test_a_run_removes_what_was_approved_and_only_when_told_to(world, run, settings):
    task_id = closed(world, photo())
    long_ago(world, task_id)
    set_terms(world)
    request(world.supervisor)
    assert "0 files in 0 approved acts" in run("run")
    act_id = world.supervisor.get("/retention/acts").get_json()["items"][0]["id"]
    world.supervisor.post(f"/retention/acts/{act_id}/refuse", {"reason": "撤回"})
    approved_act(world)
    assert "1 files in 1 approved acts; nothing was changed" in run("run")
    assert is_stored(world, photo())
    with alone(settings, world.parts.database, "carry_out_deletions"):
        assert "at this moment" in run("run", "--yes", code=1)
    assert "carried out 1 acts" in run("run", "--yes")
    assert not is_stored(world, photo())
