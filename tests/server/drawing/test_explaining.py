"""Why somebody was drawn or not; and tries that were refused stand in the audit."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry
from tests.server.plans import file, monthly, stratum
from tests.server.weight_tables import content as weight_content
from tests.server.weight_tables import factor
from tests.server.weight_tables import publish as publish_weights

THREE = stratum(quotas=[3], reserve=1)


@pytest.fixture
def shops(world):
    return [world.object(tags=["老旧"] if number == 0 else []) for number in range(8)]


def told_of(world, kind, id_, status=200, caller=None):
    answer = (caller or world.supervisor).get(f"/{kind}/{id_}/draws")
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_an_object_learns_why_it_was_drawn_or_not(world, stage, shops):
    checked = world.object()
    world.task(object_id=checked)
    drawn = stage.drawn(THREE)
    outcomes = {}
    for object_id in shops:
        [told] = told_of(world, "objects", object_id)["draws"]
        outcomes.setdefault(told["outcome"], []).append(object_id)
        assert told["weight"] == 2
        assert (told["key"] <= told["last_key_drawn"]) == (told["outcome"] == "drawn")
    assert set(outcomes["drawn"]) == {each["id"] for each in drawn["objects"]}
    assert outcomes["substitute"] == [drawn["reserve"][0]["id"]]
    assert len(outcomes["not_drawn"]) == 4
    out = told_of(world, "objects", checked)
    assert (out["draws"][0]["eligible"], out["draws"][0]["reason"]) == (False, "interval")
    assert out["free_from"] > out["checks"][0]["day"]


def test_reasons_of_a_weight_are_told_in_words(world, stage, shops):
    corps = world.account("corps-again", role="supervisor", organisation="corps")
    publish_weights(corps, weight_content(factor("old", 5, tags=["老旧"])))
    stage.freeze(stage.plan(THREE))
    [told] = told_of(world, "objects", shops[0])["draws"]
    assert (told["weight"], told["why"]) == (7, [{"code": "old", "label": "因 old", "points": 5}])
    assert told["outcome"] is None


def test_what_became_of_a_replaced_object_and_its_substitute(world, stage, shops):
    drawn = stage.drawn(THREE)
    old, new = drawn["objects"][0]["id"], drawn["reserve"][0]["id"]
    stage.event(drawn, "object_replaced", object=old)
    assert told_of(world, "objects", old)["draws"][0]["outcome"] == "replaced"
    assert told_of(world, "objects", new)["draws"][0]["outcome"] == "moved_up"


def test_an_officer_learns_the_exact_chance_of_each_pick(world, stage, shops):
    world.officer("clerk", post="文员")
    drawn = stage.drawn(THREE)
    picks = 0
    for row in drawn["officers"]:
        [told] = told_of(world, "officers", row["id"])["draws"]
        assert told["balls"] == row["balls"]
        assert all(0 < each["own_balls"] <= each["admissible_balls"] for each in told["picks"])
        picks += len(told["picks"])
    assert picks == len(drawn["assignments"])
    [left] = told_of(world, "officers", "o-clerk")["draws"]
    assert (left["left_out"], left["picks"]) == ("no_ball", [])


def test_others_learn_nothing(world, stage, shops):
    stage.drawn(THREE)
    told_of(world, "objects", shops[0], status=404, caller=world.other_supervisor)
    told_of(world, "officers", "o-lead", status=404, caller=world.other_supervisor)
    told_of(world, "objects", shops[0], status=403, caller=world.lead)


def refused(world):
    with world.parts.database.read() as session:
        acts = session.scalars(
            select(AuditEntry).where(AuditEntry.action.endswith(".refused")).order_by(AuditEntry.id)
        ).all()
    return [(act.action, act.after["code"], act.user_id) for act in acts]


def test_every_refused_try_is_in_the_audit(world, stage, shops):
    file(world.supervisor, monthly(stratum(quotas=[99]), code="greedy"), status=422)
    plan = stage.plan(THREE)
    committed = stage.commit(stage.freeze(plan))
    stage.commit(committed, status=409)
    stage.freeze(plan, status=409)
    stage.roll(committed, "dice", status=422)
    stage.roll(committed)
    stage.event(committed, "object_replaced", object="nobody", status=422)
    by = "u-supervisor"
    assert refused(world) == [
        ("plan.file.refused", "plan_over_capacity", by),
        ("draw.commit.refused", "draw_state", by),
        ("draw.freeze.refused", "draw_exists", by),
        ("draw.roll.refused", "draw_refused", by),
        ("draw.event.refused", "draw_refused", by),
    ]
