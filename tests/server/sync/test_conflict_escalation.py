"""What nobody settles goes up, a term at a time; and how much waits is counted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from server.clock import now
from server.jobs import Jobs, Workshop
from tests.server.sync.disputes import (
    TERM,
    disputed,
    listed,
    make_older,
    on_device,
    settle,
    sweep,
    told,
)
from tests.server.sync.ops import op

MINUTE = timedelta(minutes=1)


def escalations(world, caller):
    query = {"action": "conflict.escalate"}
    return [
        (act["after"]["step"], act["organisation_id"])
        for act in caller.get("/audit", query_string=query).get_json()["items"]
    ]


def test_a_conflict_goes_up_after_its_term_and_not_before(world):
    conflict_id = disputed(world, world.task())
    assert sweep(world, after=TERM - MINUTE) == 0
    assert on_device(world.lead, conflict_id)["data"]["escalated_at"] is None
    assert sweep(world, after=TERM + MINUTE) == 1
    data = on_device(world.lead, conflict_id)["data"]
    care = told(world.supervisor, conflict_id)["care"]
    assert data["escalated_at"] == care["escalated_at"]
    assert care["escalated_to"] == {"id": "brig-a", "name": "新城大队"}
    assert escalations(world, world.supervisor) == [(1, "brig-a")]
    assert listed(world.supervisor, escalated=True) == [conflict_id]
    assert listed(world.supervisor, escalated=False) == []


def test_after_a_second_term_it_goes_to_the_organisation_above(world):
    conflict_id = disputed(world, world.task())
    rev = on_device(world.lead, conflict_id)["rev"]
    sweep(world, after=TERM + MINUTE)
    assert sweep(world, after=2 * TERM - MINUTE) == 0
    assert sweep(world, after=2 * TERM + MINUTE) == 1
    assert told(world.supervisor, conflict_id)["care"]["escalated_to"]["id"] == "det"
    assert escalations(world, world.admin) == [(2, "det"), (1, "brig-a")]
    assert on_device(world.lead, conflict_id)["rev"] == rev
    assert sweep(world, after=9 * TERM) == 0


def test_a_sweep_that_comes_late_goes_straight_up_and_is_taken_once(world):
    disputed(world, world.task())
    assert sweep(world, after=3 * TERM) == 1
    assert sweep(world, after=3 * TERM) == 0
    assert escalations(world, world.admin) == [(2, "det")]


def test_above_the_highest_organisation_there_is_none(world):
    with world.parts.database.write() as session:
        session.execute(text("UPDATE organisations SET parent_id = NULL WHERE id = 'brig-a'"))
    conflict_id = disputed(world, world.task())
    assert sweep(world, after=3 * TERM) == 1
    assert told(world.supervisor, conflict_id)["care"]["escalated_to"]["id"] == "brig-a"
    assert sweep(world, after=4 * TERM) == 0


def test_what_is_settled_or_cancelled_is_not_escalated_and_what_opens_anew_waits_anew(world):
    task, cancelled = world.task(), world.task()
    conflict_id = disputed(world, task)
    disputed(world, cancelled)
    world.supervisor.post(f"/tasks/{cancelled}/cancel", {"reason": "误建"})
    make_older(world, conflict_id, TERM + MINUTE)
    assert sweep(world) == 1
    assert settle(world.lead, conflict_id, {"value": "pass"}).status_code == 200
    assert on_device(world.lead, conflict_id)["data"]["escalated_at"] is None
    assert sweep(world, after=3 * TERM) == 0
    late = world.device("u-assistant", officer_id="o-assistant", name="d-late")
    late.push(op("answer", f"{task}.1.1", {"value": "fail"}))
    assert on_device(world.lead, conflict_id)["data"]["state"] == "open"
    care = told(world.lead, conflict_id)["care"]
    assert (care["overdue"], care["escalated_at"], care["escalated_to"]) == (False, None, None)
    assert sweep(world, after=TERM - MINUTE) == 0


def test_many_are_escalated_batch_by_batch(world):
    task = world.task()
    for item in ("1.1", "1.2", "1.3"):
        disputed(world, task, item)
    assert [sweep(world, after=TERM + MINUTE, limit=2) for _ in range(3)] == [2, 1, 0]


def test_what_is_overdue_is_listed_before_the_sweep_came(world):
    task = world.task()
    old, young = disputed(world, task), disputed(world, task, "1.2")
    make_older(world, old, TERM)
    assert listed(world.supervisor, overdue=True) == [old]
    assert listed(world.supervisor, overdue=False) == [young]
    care = told(world.supervisor, old)["care"]
    assert care["overdue"]
    assert care["due_at"] <= now().isoformat()


def test_the_job_escalates_by_the_term_of_the_settings(world):
    conflict_id = disputed(world, world.task())
    make_older(world, conflict_id, timedelta(hours=2))
    world.parts.jobs.run_now("escalate_conflicts")
    assert listed(world.supervisor, escalated=True) == []
    hasty = replace(world.parts.settings, conflict_term_hours=2)
    parts = world.parts
    Jobs(Workshop(settings=hasty, database=parts.database, media=parts.media)).run_now(
        "escalate_conflicts"
    )
    assert listed(world.supervisor, escalated=True) == [conflict_id]


def test_waiting_conflicts_are_counted_by_organisation_person_and_task(world):
    first, second = world.task(), world.task(lead=world.assistant, assistant=world.lead)
    other_lead = world.officer("other", organisation="brig-b")
    foreign = world.task(
        lead=other_lead, assistant=world.outsider, supervisor=world.other_supervisor,
        object_id=world.object(organisation="brig-b", division_code="150103"),
    )  # fmt: skip
    ages = {
        disputed(world, first, "1.1"): 1,
        disputed(world, first, "1.2"): 3,
        disputed(world, first, "1.3"): 50,
        disputed(world, second, "1.1"): 100,
    }
    for conflict_id, hours in ages.items():
        make_older(world, conflict_id, timedelta(hours=hours))
    answer = f"{foreign}.1.1"
    other_lead.push(op("answer", answer, {"value": "pass"}))
    world.outsider.push(op("answer", answer, {"value": "fail"}))
    sweep(world)
    seen = world.supervisor.get("/conflicts/summary").get_json()
    hours = [
        round(each["median_age_seconds"] / 3600, 1) for each in [seen["total"], *seen["tasks"]]
    ]
    assert hours == [26.5, 3.0, 100.0]
    facts = [
        [(each["id"], each["open"], each["overdue"], each["escalated"]) for each in seen[kind]]
        for kind in ("organisations", "people", "tasks")
    ]
    assert facts == [
        [("brig-a", 4, 2, 2)],
        [("o-lead", 3, 1, 1), ("o-assistant", 1, 1, 1)],
        [(first, 3, 1, 1), (second, 1, 1, 1)],
    ]
    whole = world.admin.get("/conflicts/summary").get_json()
    assert whole["total"]["open"] == 5
    assert [each["name"] for each in whole["organisations"]] == ["新城大队", "回民大队"]
    assert world.outsider.get("/conflicts/summary").get_json()["total"]["open"] == 1


@pytest.mark.parametrize("caller", ["lead", "supervisor"])
def test_with_nothing_to_settle_everything_counts_nought(world, caller):
    assert getattr(world, caller).get("/conflicts/summary").get_json() == {
        "total": {"open": 0, "overdue": 0, "escalated": 0, "median_age_seconds": None},
        "organisations": [], "people": [], "tasks": [],
    }  # fmt: skip


def test_the_term_is_told_to_devices(world):
    said = world.lead.get("/sync/capabilities").get_json()
    assert said["conflict_term_hours"] == 48
