"""After the dice the draw stands, whatever keeps a task from its officers (派发)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import Draw, InspectionObject, Officer
from server.services.drawing.rolling import roll_dice
from tests.server.drawing.stage import DICE
from tests.server.plans import stratum

THREE = stratum(quotas=[3], reserve=1)


@pytest.fixture
def committed(world, stage):
    for _ in range(8):
        world.object()
    return stage.commit(stage.freeze(stage.plan(THREE)))


def change(world, model, **values):
    with world.parts.database.write() as session:
        session.execute(update(model).values(**values))


def sent(world):
    listed = world.admin.get("/tasks?status=assigned").get_json()["items"]
    return {each["object"]["id"] for each in listed}


def drawn_ids(draw):
    return {each["id"] for each in draw["objects"]}


def test_who_can_not_be_sent_any_more_does_not_take_the_dice_back(world, stage, committed):
    change(world, Officer, certificate_expires_on=china_date(now()) - timedelta(days=1))
    drawn = stage.roll(committed)
    assert drawn["state"] == "drawn"
    assert {each["object_id"] for each in drawn["waiting"]} == drawn_ids(drawn)
    assert sent(world) == set()
    acts = world.supervisor.get("/audit?action=task.assign.refused").get_json()["items"]
    assert {each["after"]["code"] for each in acts} == {"certificate_expired"}
    world.parts.jobs.run_now("open_draws")
    assert len(world.supervisor.get("/audit?action=task.assign.refused").get_json()["items"]) == 3
    change(world, Officer, certificate_expires_on=china_date(now()) + timedelta(days=300))
    world.parts.jobs.run_now("open_draws")
    assert sent(world) == drawn_ids(drawn)
    assert world.supervisor.get(f"/draws/{drawn['id']}").get_json()["waiting"] == []


def test_one_who_can_not_be_sent_holds_up_nobody_else(world, stage, committed):
    change(world, InspectionObject, organisation_id="brig-b")
    with world.parts.database.write() as session:
        session.execute(
            update(InspectionObject)
            .where(InspectionObject.id.in_(["obj-1", "obj-2", "obj-3", "obj-4"]))
            .values(organisation_id="brig-a")
        )
    drawn = stage.roll(committed)
    stayed = drawn_ids(drawn) & {"obj-1", "obj-2", "obj-3", "obj-4"}
    assert sent(world) == stayed
    assert {each["object_id"] for each in drawn["waiting"]} == drawn_ids(drawn) - stayed


def test_an_object_that_became_of_another_kind_is_given_out_all_the_same(world, stage, committed):
    change(world, InspectionObject, kind="other", active=False)
    drawn = stage.roll(committed)
    assert sent(world) == drawn_ids(drawn)


def test_a_process_that_ends_after_the_dice_leaves_the_rest_to_the_sweep(world, committed):
    with world.parts.database.write() as session:
        drawing = roll_dice(
            session, actor=world.actor(world.supervisor), draw_id=committed["id"], dice=DICE,
            signer=world.parts.settings.signer, now=now(),
        )  # fmt: skip
        expected = {each["id"] for each in drawing.objects}
    assert sent(world) == set()
    world.parts.jobs.run_now("open_draws")
    world.parts.jobs.run_now("open_draws")
    assert sent(world) == expected
    assert len(world.supervisor.get("/tasks").get_json()["items"]) == 3


def test_no_check_is_planned_on_a_day_that_is_over(world, stage, committed):
    today = china_date(now())
    change(world, Draw, from_day=today - timedelta(days=9))
    stage.roll(committed)
    for task in world.supervisor.get("/tasks").get_json()["items"]:
        assert task["planned_on"] >= today.isoformat()
