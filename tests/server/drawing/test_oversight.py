"""What is late, and what must be seen although it is allowed (N24, N30, N48)."""

from datetime import date

import pytest

from server.clock import china_date, now
from server.services.planning.alerts import alerts_of
from tests.server.plans import decide, file, monthly, stratum

TWO = stratum(quotas=[2])


@pytest.fixture
def shops(world):
    return [world.object() for _ in range(6)]


def alerts(world, today):
    with world.parts.database.read() as session:
        found = alerts_of(session, actor=world.actor(world.supervisor), today=today)
    return [(each["code"], each["month"]) for each in found]


def test_the_month_that_follows_is_asked_for_in_time_n24(world, stage, shops):
    year = china_date(now()).year + 1
    march = f"{year}-03"
    body = monthly(TWO) | {"year": year, "month": 3}
    assert alerts(world, date(year, 3, 25)) == []
    plan = file(world.supervisor, body)
    assert alerts(world, date(year, 2, 10)) == [("approval_waits", march)]
    assert ("plan_missing", march) in alerts(world, date(year, 2, 20))
    decide(stage.second, plan)
    assert alerts(world, date(year, 2, 24)) == []
    assert alerts(world, date(year, 2, 25)) == [("draw_missing", march)]
    assert alerts(world, date(year, 3, 19)) == []
    assert alerts(world, date(year, 3, 20)) == [("plan_missing", f"{year}-04")]


def test_a_month_that_was_drawn_is_not_asked_for(world, stage, shops):
    drawn = stage.drawn(TWO)
    first = date.fromisoformat(drawn["from_day"])
    day = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 26)
    assert alerts(world, day) == []


def anomalies(world, year, caller=None):
    answer = (caller or world.supervisor).get(f"/anomalies?year={year}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def test_overrides_stand_with_reason_and_approver_n30(world, stage, shops):
    year = china_date(now()).year
    world.task(object_id=shops[0])
    asked = {
        "origin": "other", "source_document": "会议纪要1号", "object_id": shops[0],
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        "override_reason": "重大活动保障",
    }  # fmt: skip
    task = world.supervisor.post("/tasks", asked)
    assert task.status_code == 201, task.text
    approved = stage.second.post(f"/tasks/{task.get_json()['id']}/approve-request")
    assert approved.status_code == 200, approved.text
    [told] = [each for each in anomalies(world, year) if each["code"] == "override"]
    assert (told["reason"], told["by"], told["what"]) == ("重大活动保障", "u-second", "task")
    assert anomalies(world, year, world.other_supervisor) == []


def test_an_object_over_the_cap_is_listed(world, shops):
    year = china_date(now()).year
    for _ in range(2):
        world.task(object_id=shops[0])
    assert anomalies(world, year) == []
    world.task(object_id=shops[0])
    [told] = anomalies(world, year)
    assert (told["code"], told["id"], told["reason"]) == ("over_cap", shops[0], "3")


def test_abandoned_draws_and_officers_named_by_hand_are_listed(world, stage, shops):
    plan = stage.plan(TWO, roles=[], object_only_reason="只有一名执法人员")
    draw = stage.abandon(stage.commit(stage.freeze(plan)))
    told = {each["code"]: each for each in anomalies(world, plan["year"])}
    assert told["abandoned_draw"]["id"] == draw["id"]
    assert told["objects_only"]["reason"] == "只有一名执法人员"
    assert told["objects_only"]["by"] == "u-second"
