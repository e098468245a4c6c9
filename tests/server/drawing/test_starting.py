"""A check does not start before its plan is public (N24), whatever put the task on a device."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import Draw
from tests.server.plans import stratum
from tests.server.sync.ops import op

TODAY = china_date(now())


@pytest.fixture
def given(world, stage):
    """A drawn task that its lead holds: the lead and the task's id."""
    for _ in range(5):
        world.object()
    drawn = stage.drawn(stratum(quotas=[1]))
    [task] = world.supervisor.get("/tasks").get_json()["items"]
    assert task["object"]["id"] == drawn["objects"][0]["id"]
    officer_id = next(post["officer_id"] for post in task["assignments"] if post["role"] == "lead")
    lead = world.device(officer_id.replace("o-", "u-", 1), officer_id=officer_id, name="lead-s")
    return lead, task["id"]


def seal(world, day):
    with world.parts.database.write() as session:
        session.execute(update(Draw).values(sealed_until=day))


@pytest.mark.parametrize("status", ["in_progress", "submitted"])
def test_under_the_seal_a_start_is_refused_and_kept_and_the_rest_is_taken_n24(world, given, status):
    lead, task_id = given
    seal(world, TODAY + timedelta(days=1))
    start, answer = lead.push(
        op("task", task_id, {"status": status, "started_at": "2026-11-20T08:00:00.000Z"}),
        op("answer", f"{task_id}.1.1", {"value": "pass"}),
    )
    assert (start["status"], start["error"]["code"]) == ("rejected", "plan_not_public")
    assert start["error"]["details"] == {"field": "status"}
    assert answer["status"] == "applied"
    [kept] = lead.get("/kept-ops").get_json()["items"]
    assert kept["op_id"] == start["op_id"]
    assert world.supervisor.get(f"/tasks/{task_id}").get_json()["status"] == "assigned"


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), None])
def test_from_the_day_on_which_the_seal_ends_it_is_taken(world, given, day):
    lead, task_id = given
    seal(world, day)
    [start] = lead.push(op("task", task_id, {"status": "in_progress"}))
    assert start["status"] == "applied"
