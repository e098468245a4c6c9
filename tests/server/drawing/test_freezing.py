"""What was gathered is frozen only if nobody came in between; and gathering is in nobody's way."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date

import pytest

from server.clock import now
from server.errors import DomainError
from server.services.drawing.freezing import freeze_draw
from server.services.drawing.gathering import gather_draw
from server.services.tasks.frequency import FrequencyRules
from tests.server.plans import decide, monthly, next_month, revise, stratum

FOUR = stratum(quotas=[4], reserve=2)
RULES = FrequencyRules()


@pytest.fixture
def shops(world):
    return [world.object() for _ in range(12)]


def gathered(world, plan, by=None):
    with world.parts.database.read() as session:
        return gather_draw(
            session, actor=world.actor(by or world.supervisor), plan_id=plan["id"], month=None,
            rules=RULES, now=now(),
        )  # fmt: skip


def frozen(world, what):
    with world.parts.database.write() as session:
        return freeze_draw(
            session, actor=world.actor(world.supervisor), gathered=what, now=now()
        ).id


def test_what_was_gathered_is_frozen_as_it_stood(world, stage, shops):
    what = gathered(world, stage.plan(FOUR))
    world.object()  # a thirteenth, come since
    draw = world.supervisor.get(f"/draws/{frozen(world, what)}").get_json()
    assert draw["pool_counts"] == {"small": {"all": 12, "eligible": 12}}
    assert draw["pool_root"] == what.pool_root


def test_of_two_that_were_gathered_at_once_one_is_frozen(world, stage, shops):
    plan = stage.plan(FOUR)
    first, second = gathered(world, plan), gathered(world, plan)
    frozen(world, first)
    with pytest.raises(DomainError) as refused:
        frozen(world, second)
    assert refused.value.code == "draw_exists"


def test_a_revision_approved_meanwhile_is_not_passed_over(world, stage, shops):
    plan = stage.plan(FOUR)
    what = gathered(world, plan)
    revised = revise(world.supervisor, plan, monthly(stratum(quotas=[3], reserve=2))["content"])
    decide(stage.second, revised)
    with pytest.raises(DomainError) as refused:
        frozen(world, what)
    assert refused.value.code == "plan_changed"
    assert world.supervisor.get("/draws").get_json()["items"] == []


def test_others_write_while_a_draw_is_gathered(world, stage, shops):
    plan = stage.plan(FOUR)
    with world.parts.database.read() as session:
        gather_draw(
            session, actor=world.actor(world.supervisor), plan_id=plan["id"], month=None,
            rules=RULES, now=now(),
        )  # fmt: skip
        world.object()  # on SQLite it would wait for a writer


def test_no_object_is_in_two_drums_at_once_n31(world, stage, shops):
    first = stage.freeze(stage.plan(FOUR))
    other = stage.plan(FOUR, code="other")
    refused = stage.freeze(other, status=409)
    assert refused["code"] == "draw_under_way"
    assert refused["details"] == {"slot": first["slot"], "objects": 12}
    drawn = stage.roll(stage.commit(first))["objects"]
    pool = stage.rows(stage.freeze(other))
    withheld = {id_ for id_, row in pool.items() if not row["eligible"]}
    assert withheld == {each["id"] for each in drawn}


def test_of_two_pools_frozen_at_once_the_second_waits_and_sees_the_first_n31(world, stage, shops):
    plans = stage.plan(FOUR), stage.plan(FOUR, code="other")
    first, second = (gathered(world, plan) for plan in plans)
    with ThreadPoolExecutor(1) as other:
        with world.parts.database.write() as session:
            freeze_draw(session, actor=world.actor(world.supervisor), gathered=first, now=now())
            late = other.submit(frozen, world, second)
            assert wait([late], timeout=0.2).not_done  # it would be done if it did not wait
        with pytest.raises(DomainError) as refused:
            late.result()
    assert refused.value.code == "draw_under_way"


def test_an_abandoned_draw_is_in_nobodys_way(world, stage, shops):
    first = stage.freeze(stage.plan(FOUR))
    stage.abandon(first)
    stage.freeze(stage.plan(FOUR, code="other"))


def sealed_plan(world, stage, **changes):
    """Approved, and the administrator who may freeze it."""
    year, month = next_month()
    plan = stage.plan(FOUR, sealed_until=date(year, month, 15).isoformat(), **changes)
    return plan, world.account("keeper", role="admin")


def test_what_was_drawn_under_a_seal_is_in_no_other_drum_before_it_is_given_out_n31(
    world, stage, shops
):
    plan, keeper = sealed_plan(world, stage)
    drawn = stage.roll(stage.commit(stage.freeze(plan, by=keeper)))
    assert drawn["state"] == "drawn"
    refused = stage.freeze(stage.plan(FOUR, code="other"), status=409)
    assert (refused["code"], refused["details"]["slot"]) == ("draw_under_way", drawn["slot"])


def test_who_lost_the_right_to_seal_meanwhile_freezes_nothing_under_a_seal(world, stage, shops):
    plan, keeper = sealed_plan(world, stage)
    what = gathered(world, plan, by=keeper)
    with pytest.raises(DomainError) as refused:
        frozen(world, what)
    assert refused.value.code == "seal_not_yours"


def test_what_another_draw_gave_out_since_the_snapshot_is_not_drawn_again_n31(world, stage, shops):
    first, other = stage.freeze(stage.plan(FOUR)), stage.plan(FOUR, code="other")
    what = gathered(world, other)
    stage.roll(stage.commit(first))
    with pytest.raises(DomainError) as refused:
        frozen(world, what)
    assert refused.value.code == "draw_under_way"
    frozen(world, gathered(world, other))
