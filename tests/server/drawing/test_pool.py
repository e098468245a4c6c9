"""Who is in the pool and in the drum, and why not (N17–N21, N27–N31)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import InspectionObject, Officer, OfficerInterest
from tests.server.item_lists import item
from tests.server.item_lists import publish as publish_items
from tests.server.plans import next_month, stratum
from tests.server.weight_tables import content as weight_content
from tests.server.weight_tables import factor
from tests.server.weight_tables import publish as publish_weights

ONE = stratum(quotas=[1])


def reasons(rows):
    return {id_: row["reason"] for id_, row in rows.items()}


def test_every_object_is_there_and_says_why_it_cannot_be_drawn(world, stage):
    free, checked, closed = (
        world.object(),
        world.object(),
        world.object(active=False, state="moved"),
    )
    world.task(object_id=checked)
    world.object(organisation="brig-b", division_code="150103")
    rows = stage.rows(stage.freeze(stage.plan(ONE)))
    assert reasons(rows) == {free: None, checked: "interval", closed: "moved"}
    assert [rows[id_]["weight"] for id_ in (checked, closed)] == [0, 0]


def test_what_must_not_be_known_to_exist_is_in_no_pool_n40(world, stage):
    seen, secret = world.object(), world.object(tags=["涉密"])
    rows = stage.rows(stage.freeze(stage.plan(ONE)))
    assert seen in rows
    assert secret not in rows


def test_weights_stand_with_their_reasons_n29(world, stage):
    later = china_date(now()).isoformat()
    corps = world.account("corps-again", role="supervisor", organisation="corps")
    table = weight_content(factor("busy", 5, tags=["人员密集"]))
    publish_weights(corps, table, effective_from=later)
    busy, calm = world.object(tags=["人员密集"]), world.object()
    frozen = stage.freeze(stage.plan(ONE))
    rows = stage.rows(frozen)
    assert (rows[busy]["weight"], rows[busy]["why"]) == (7, ["busy"])
    assert (rows[calm]["weight"], rows[calm]["why"]) == (2, [])
    assert frozen["rules"]["weights"]["version"] == 2


def test_whom_the_law_wants_checked_is_drawn_whole(world, stage):
    for _ in range(3):
        world.object(tags=["人员密集"])
    world.object()
    must = stratum("must", tags=["人员密集"], quotas=[0], forced=True)
    frozen = stage.freeze(stage.plan(must, stratum(quotas=[1])))
    assert frozen["rules"]["strata"]["must"]["quota"] == 3


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"active": False}, "inactive"),
        ({"certificate_number": None}, "certificate_missing"),
        ({"certificate_expires_on": None}, "certificate_missing"),
        ({"post": "文员"}, "no_ball"),
    ],
)
def test_who_may_not_check_is_left_out_with_the_reason_n17(world, stage, facts, reason):
    world.object()
    world.officer("unfit", **facts)
    frozen = stage.freeze(stage.plan(ONE))
    assert frozen["left_out"] == [{"officer_id": "o-unfit", "reason": reason}]
    assert "o-unfit" not in [row["id"] for row in frozen["officers"]]


def test_a_certificate_that_expires_within_the_month_leaves_its_officer_out(world, stage):
    world.object()
    year, month = next_month()
    last = (china_date(now()).replace(day=1) + timedelta(days=62)).replace(day=1) - timedelta(
        days=1
    )
    assert (last.year, last.month) == (year, month)
    world.officer("mid", certificate_expires_on=last - timedelta(days=1))
    world.officer("end", certificate_expires_on=last)
    frozen = stage.freeze(stage.plan(ONE))
    assert frozen["left_out"] == [{"officer_id": "o-mid", "reason": "certificate_expires"}]


def test_full_time_supervisors_have_the_most_balls_n18(world, stage):
    world.object()
    world.officer("part", post="防火参谋")
    frozen = stage.freeze(stage.plan(ONE))
    balls = {row["id"]: row["balls"] for row in frozen["officers"]}
    assert (balls["o-lead"], balls["o-part"]) == (6, 3)


def test_a_draw_that_could_not_be_staffed_does_not_begin_n20(world, stage):
    for _ in range(20):
        world.object()
    told = stage.freeze(stage.plan(stratum(quotas=[20])), status=422)
    assert told["code"] == "draw_cannot_be_staffed"
    assert told["details"]["shortages"][0]["jurisdiction"] == "150102"
    assert world.supervisor.get("/draws").get_json()["items"] == []


def test_only_objects_are_drawn_where_nobody_can_be_n21(world, stage):
    for _ in range(20):
        world.object()
    drawn = stage.drawn(
        stratum(quotas=[20]), roles=[], object_only_reason="只有一名执法人员", code="objects"
    )
    assert len(drawn["objects"]) == 20
    assert drawn["assignments"] == []
    assert stage.report(drawn).faults == []
    waiting = world.supervisor.get("/tasks?status=draft").get_json()["items"]
    assert len(waiting) == 20


def test_regions_without_officers_are_served_by_a_pooled_draw_of_the_detachment_n20(world, stage):
    for _ in range(4):
        world.object(organisation="brig-b", division_code="150103")
    det = world.account("det-plan", role="supervisor", organisation="det")
    det_second = world.account("det-second", role="supervisor", organisation="det")
    alone = stage.plan(stratum(quotas=[4]), by=det, approver=det_second)
    told = stage.freeze(alone, by=det, status=422)
    assert told["code"] == "draw_cannot_be_staffed"
    pooled = stage.plan(
        stratum(quotas=[4]), by=det, approver=det_second, pooled=True, code="pooled"
    )
    drawn = stage.freeze(pooled, by=det)
    assert {code for row in drawn["officers"] for code in row["jurisdictions"]} == {"150103"}


def test_a_specialty_that_an_item_asks_for_is_needed_n19(world, stage):
    corps = world.account("corps-more", role="supervisor", organisation="corps")
    publish_items(corps, item("A", object_kinds=["small"], specialty="电气"))
    world.object()
    plan = stage.plan(ONE, needs_role="assistant")
    assert stage.freeze(plan, status=422)["code"] == "draw_cannot_be_staffed"
    world.officer("electric", specialties=["电气"])
    frozen = stage.freeze(plan)
    [row] = stage.rows(frozen).values()
    assert frozen["rules"]["specialties"][row["needs"]] == "电气"


def test_a_plan_that_nobody_approved_is_not_drawn(world, stage):
    from tests.server.plans import file, monthly

    world.object()
    plan = file(world.supervisor, monthly(ONE, code="waiting"))
    assert stage.freeze(plan, status=409)["code"] == "plan_not_approved"


def test_an_annual_plan_is_drawn_month_by_month(world, stage):
    from tests.server.plans import annual, decide, file

    for _ in range(12):
        world.object()
    with world.parts.database.write() as session:  # they last through the whole of next year
        session.execute(update(Officer).values(certificate_expires_on=date(2100, 1, 1)))
    plan = decide(stage.second, file(world.supervisor, annual(stratum(quotas=[1, 2] + [1] * 10))))
    assert stage.freeze(plan, status=422)["details"] == {"field": "month"}
    february = stage.freeze(plan, month=f"{plan['year']}-02")
    assert february["rules"]["strata"]["small"]["quota"] == 2
    assert february["slot"].startswith(f"{plan['year']}-02/150102/annual#")


def test_declared_interests_keep_officers_away_n34(world, stage):
    theirs, code = world.object(), world.object(credit_code="91150100MA0N0CODE1")
    free = world.object()
    declared = (
        ("o-lead", {"object_id": theirs}),
        ("o-lead", {"credit_code": "91150100MA0N0CODE1"}),
        ("o-assistant", {"organisation_id": "brig-a"}),
    )
    with world.parts.database.write() as session:
        for number, (officer, target) in enumerate(declared):
            session.add(
                OfficerInterest(
                    id=f"i-{number}", officer_id=officer, ground="配偶", declared_by="u-lead",
                    declared_at=now(), **target,
                )
            )  # fmt: skip
    frozen = stage.freeze(stage.plan(ONE))
    pairs = {(each["officer"], each["object"]) for each in frozen["rules"]["recusals"]}
    assert pairs == {
        ("o-lead", theirs), ("o-lead", code),
        ("o-assistant", theirs), ("o-assistant", code), ("o-assistant", free),
    }  # fmt: skip
    assert "配偶" not in str(frozen)


def test_who_withdrew_may_be_drawn_again_and_merged_objects_bring_interests_along(world, stage):
    kept, given_way = world.object(), world.object(active=False, state="merged")
    with world.parts.database.write() as session:
        session.get_one(InspectionObject, given_way).merged_into = kept
        for id_, ended in (("standing", None), ("over", now())):
            session.add(
                OfficerInterest(
                    id=id_, officer_id="o-lead" if ended is None else "o-assistant",
                    object_id=given_way, ground="配偶", declared_by="u-lead", declared_at=now(),
                    withdrawn_at=ended,
                )
            )  # fmt: skip
    frozen = stage.freeze(stage.plan(ONE))
    pairs = {(each["officer"], each["object"]) for each in frozen["rules"]["recusals"]}
    assert ("o-lead", kept) in pairs
    assert not any(officer == "o-assistant" for officer, _ in pairs)
