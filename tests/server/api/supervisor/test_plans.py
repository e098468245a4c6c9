"""Plans over HTTP (N22–N26): filed with a feasibility, decided by another, revised with a diff."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.clock import china_date, now
from server.models import AuditEntry
from tests.server.plans import (
    annual,
    content,
    decide,
    file,
    monthly,
    next_month,
    revise,
    stratum,
    with_item_list,
)


@pytest.fixture(autouse=True)
def item_list(world):
    with_item_list(world)


@pytest.fixture
def other(world):
    return world.account("second", role="supervisor", organisation="brig-a")


def codes(told):
    return [error["fault"] for error in told["details"]["errors"]]


def test_a_month_is_filed_and_approved_by_another_n24(world, other):
    world.object()
    plan = file(world.supervisor, monthly())
    assert (plan["revision"], plan["approved_revision"]) == (1, None)
    assert decide(world.supervisor, plan, status=403)["code"] == "approver_is_requester"
    assert decide(other, plan)["approved_revision"] == 1
    assert decide(other, plan, status=409)["code"] == "state_invalid"


def test_a_refusal_says_why_and_changes_nothing(world, other):
    world.object()
    plan = file(world.supervisor, monthly())
    assert decide(other, plan, "refused", status=422)["code"] == "reason_needed"
    told = decide(other, plan, "refused", reason="数量偏少")
    assert told["approved_revision"] is None
    assert told["revisions"][0]["decision_reason"] == "数量偏少"


def test_a_revision_shows_what_it_changes_and_waits_for_approval_n23(world, other):
    world.object(), world.object()
    plan = decide(other, file(world.supervisor, monthly(stratum(quotas=[1]))))
    told = revise(world.supervisor, plan, content(stratum(quotas=[2])))
    assert told["revisions"][0]["changes"] == [
        {"path": "strata.small.quotas", "before": [1], "after": [2]}
    ]
    assert (told["revision"], told["approved_revision"]) == (2, 1)
    again = revise(world.supervisor, plan, content(stratum(quotas=[1])), status=409)
    assert again["code"] == "state_invalid"
    assert decide(other, told)["approved_revision"] == 2


def test_a_revision_that_changes_nothing_is_none(world, other):
    world.object()
    plan = decide(other, file(world.supervisor, monthly()))
    assert revise(world.supervisor, plan, content(), status=409)["code"] == "nothing_to_correct"
    told = world.supervisor.get(f"/plans/{plan['id']}").get_json()
    assert len(told["revisions"]) == 1


def test_a_plan_over_capacity_is_refused_with_the_largest_that_can_be_kept_n26(world):
    for _ in range(12):
        world.object()
    told = file(world.supervisor, annual(stratum(quotas=[3] * 12)), status=422)
    assert told["code"] == "plan_over_capacity"
    [line] = told["details"]["strata"]
    assert (line["size"], line["largest_quota"]) == (12, 2)
    assert line["shortfall"] == {"month": 5, "wanted": 3, "possible": 0}
    assert file(world.supervisor, annual(stratum(quotas=[2] * 12)))["revision"] == 1


def test_the_real_history_counts_n30_n31(world):
    busy = [world.object() for _ in range(2)]
    for object_id in busy:
        world.task(object_id=object_id)
    told = file(world.supervisor, monthly(stratum(quotas=[1])), status=422)
    assert told["details"]["strata"][0]["shortfall"]["possible"] == 0
    world.object()
    file(world.supervisor, monthly(stratum(quotas=[1])))


def test_an_object_belongs_to_the_first_stratum_that_it_fits(world):
    world.object(tags=["人员密集"]), world.object(tags=[])
    world.object(kind="key"), world.object(organisation="brig-b", division_code="150103")
    plan = file(
        world.supervisor,
        monthly(
            stratum("crowded", tags=["人员密集"]), stratum("rest"), stratum("key", kinds=["key"])
        ),
    )
    sizes = {line["stratum"]: line["size"] for line in plan["revisions"][0]["feasibility"]}
    assert sizes == {"crowded": 1, "rest": 1, "key": 1}


def test_a_share_outside_its_own_bounds_is_refused_n26(world):
    for _ in range(10):
        world.object()
    few = annual(stratum(quotas=[1] + [0] * 11, floor_percent=50))
    assert file(world.supervisor, few, status=422)["code"] == "plan_outside_share"
    many = annual(stratum(quotas=[1] * 12, ceiling_percent=100))
    told = file(world.supervisor, many, status=422)
    assert told["details"]["errors"][0] == {
        "stratum": "small", "percent": 120.0, "fault": "above_ceiling", "ceiling_percent": 100.0,
    }  # fmt: skip
    file(world.supervisor, annual(stratum(quotas=[1] * 12, floor_percent=120, ceiling_percent=120)))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"strata": [stratum(), stratum()]}, "repeated"),
        ({"strata": [stratum(quotas=[1, 1])]}, "quotas_count"),
        ({"strata": [stratum(quotas=[0])]}, "draws_nothing"),
        ({"items": ["A", "Z"]}, "unknown"),
        ({"roles": []}, "missing"),
        ({"object_only_reason": "只有一名执法人员"}, "officers_are_drawn"),
        ({"roles": ["lead"], "needs_role": "assistant"}, "not_drawn"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused_whole(world, changes, fault):
    world.object()
    told = file(world.supervisor, monthly(**changes), status=422)
    assert told["code"] == "plan_invalid"
    assert codes(told) == [fault]
    year, _ = next_month()
    assert world.supervisor.get(f"/plans?year={year}").get_json()["items"] == []


def test_only_objects_may_be_drawn_with_a_reason_n21(world):
    world.object()
    plan = file(world.supervisor, monthly(roles=[], object_only_reason="只有一名执法人员"))
    assert plan["revisions"][0]["content"]["roles"] == []


@pytest.mark.parametrize(
    "period",
    [
        {"kind": "annual", "year": 2027, "month": 1},
        {"kind": "monthly", "year": 2027},
        {"kind": "campaign", "year": 2027},
        {"kind": "campaign", "from_day": "2027-01-01"},
    ],
)
def test_the_period_is_told_in_the_way_of_its_kind(world, period):
    body = {"code": "x", "content": content(), **period}
    assert file(world.supervisor, body, status=422)["code"] == "invalid_request"


def test_a_period_that_is_over_or_too_long_is_refused(world):
    world.object()
    today = china_date(now())

    def campaign(first, last):
        days = {
            "from_day": (today + timedelta(first)).isoformat(),
            "to_day": (today + timedelta(last)).isoformat(),
        }
        return {"kind": "campaign", "code": "c", "content": content(), **days}

    for first, last in ((-5, -1), (5, 4), (1, 367)):
        told = file(world.supervisor, campaign(first, last), status=422)
        assert told["code"] == "date_out_of_range"
    file(world.supervisor, campaign(1, 366))


def test_a_name_stands_for_one_plan_of_a_body(world):
    world.object()
    file(world.supervisor, monthly())
    assert file(world.supervisor, monthly(), status=409)["code"] == "plan_exists"
    world.object(organisation="brig-b", division_code="150103")
    file(world.other_supervisor, monthly())


def test_a_month_may_carry_out_the_annual_plan_of_its_body(world):
    for _ in range(6):
        world.object()
    plan = file(world.supervisor, annual(stratum(quotas=[1] * 12)))
    january = monthly() | {"year": plan["year"], "month": 1, "annual_plan_id": plan["id"]}
    assert file(world.supervisor, january)["annual_plan_id"] == plan["id"]
    before = monthly(code="m1") | {"year": plan["year"] + 1, "month": 1}
    told = file(world.supervisor, before | {"annual_plan_id": plan["id"]}, status=404)
    assert told["details"] == {"field": "annual_plan_id"}
    foreign = monthly(code="m2") | {"annual_plan_id": "nobody"}
    assert file(world.supervisor, foreign, status=404)["details"] == {"field": "annual_plan_id"}


def test_plans_of_others_are_neither_seen_nor_decided(world, other):
    world.object()
    plan = file(world.supervisor, monthly())
    assert world.other_supervisor.get(f"/plans/{plan['id']}").status_code == 404
    assert decide(world.other_supervisor, plan, status=404)["code"] == "not_found"
    assert world.other_supervisor.get(f"/plans?year={plan['year']}").get_json()["items"] == []
    assert file(world.supervisor, monthly() | {"organisation_id": "det"}, status=404)
    for caller in (world.lead, world.auditor):
        assert file(caller, monthly(), status=403)["code"] == "forbidden"


def test_every_step_is_in_the_audit(world, other):
    world.object()
    decide(other, file(world.supervisor, monthly()))
    with world.parts.database.read() as session:
        acts = session.scalars(select(AuditEntry).where(AuditEntry.target_type == "plan")).all()
    assert [(act.action, act.user_id) for act in acts] == [
        ("plan.file", "u-supervisor"), ("plan.approved", "u-second"),
    ]  # fmt: skip
