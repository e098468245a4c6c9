"""Plans as everyone reads them (N24, N39): what was approved, how it changed, what a seal keeps."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import PlanRevision
from tests.server.drawing.stage import Stage
from tests.server.plans import annual, content, decide, file, monthly, revise, stratum

JSON = "/api/v1/public/plans"
TODAY = china_date(now())
LIMITED = stratum(quotas=[2], reserve=1, tags=["夜间营业"], label="夜间小店")
PERSONAL = "，请电13800138000"


@pytest.fixture
def stage(world):
    for _ in range(8):
        world.object(tags=["夜间营业"])
    return Stage(world)


def read(http, path=""):
    answer = http.get(f"{JSON}{path}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def page(http, path=""):
    answer = http.get(f"/public/plans{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def sealed(world, stage, until):
    """An approved plan, sealed until a day."""
    said = {"sealed_until": (TODAY + timedelta(days=9)).isoformat()}
    plan = file(world.admin, monthly(LIMITED, **said) | {"organisation_id": "brig-a"})
    decide(stage.second, plan)
    with world.parts.database.write() as session:
        revision = session.query(PlanRevision).one()
        revision.content = {**revision.content, "sealed_until": until.isoformat()}
    return plan


def test_what_was_filed_is_public_when_another_person_approved_it(http, world, stage):
    plan = file(world.supervisor, monthly(LIMITED))
    assert read(http)["items"] == []
    assert http.get(f"{JSON}/{plan['id']}").status_code == 404
    assert http.get(f"/public/plans/{plan['id']}").status_code == 404
    decide(stage.second, plan)
    [line] = read(http)["items"]
    assert (line["id"], line["name"], line["sealed"]) == (plan["id"], "月度抽查", False)
    assert line["organisation"]["name"] == "新城大队"
    told = read(http, f"/{plan['id']}")
    assert told["strata"] == [
        {"code": "small", "label": "夜间小店", "kinds": ["small"], "tags": ["夜间营业"],
         "quotas": [2], "reserve": 1, "forced": False}
    ]  # fmt: skip
    assert (told["items"], told["draws"]) == (["A"], [])
    shown = page(http, f"/{plan['id']}")
    for words in ("月度抽查", "新城大队", "夜间小店", "九小场所（夜间营业）", "第 1 版"):
        assert words in shown


def test_a_refused_plan_never_is(http, world, stage):
    plan = file(world.supervisor, monthly(LIMITED))
    decide(stage.second, plan, "refused", reason="数量不符")
    assert read(http)["items"] == []
    assert http.get(f"{JSON}/{plan['id']}").status_code == 404


def test_a_revision_is_told_with_its_difference_and_reason_once_it_holds(http, world, stage):
    plan = stage.plan(LIMITED)
    said = content(LIMITED | {"quotas": [1], "reserve": 0})
    revised = revise(world.supervisor, plan, said, reason=f"人手不足{PERSONAL}")
    assert read(http, f"/{plan['id']}")["strata"][0]["quotas"] == [2]
    assert "人手不足" not in page(http, f"/{plan['id']}")
    decide(stage.second, revised)
    told = read(http, f"/{plan['id']}")
    assert (told["strata"][0]["quotas"], told["revision"]) == ([1], 2)
    newest, first = told["revisions"]
    assert newest["changes"] == [
        {"path": "strata.small.quotas", "before": [2], "after": [1]},
        {"path": "strata.small.reserve", "before": 1, "after": 0},
    ]
    assert newest["reason"].startswith("人手不足")
    assert (first["revision"], first["changes"]) == (1, [])
    shown = page(http, f"/{plan['id']}")
    assert "分层 small 的抽取数：2 → 1" in shown
    assert "人手不足" in shown
    for each in (shown, http.get(f"{JSON}/{plan['id']}").text):
        assert "13800138000" not in each


def test_a_revision_that_was_refused_is_not_told(http, world, stage):
    plan = stage.plan(LIMITED)
    revised = revise(world.supervisor, plan, content(LIMITED | {"quotas": [1]}), reason="不可外传")
    decide(stage.second, revised, "refused", reason="不必")
    told = read(http, f"/{plan['id']}")
    assert [each["revision"] for each in told["revisions"]] == [1]
    assert "不可外传" not in page(http, f"/{plan['id']}")


def test_its_draws_are_beside_it_with_their_commitments(http, world, stage):
    drawn = stage.drawn(LIMITED)
    [told] = read(http, f"/{drawn['plan_id']}")["draws"]
    assert told["commitment"] == drawn["commitment"]
    assert (told["slot"], told["state"]) == (drawn["slot"], "drawn")
    shown = page(http, f"/{drawn['plan_id']}")
    assert drawn["commitment"] in shown
    assert f"/public/draws/{drawn['id']}" in shown
    assert page(http).count(f"/public/plans/{drawn['plan_id']}") == 1


def test_a_frozen_draw_is_not_beside_it_yet(http, stage):
    plan = stage.plan(LIMITED)
    stage.freeze(plan)
    assert read(http, f"/{plan['id']}")["draws"] == []


def test_under_a_seal_only_counts_and_commitments_are_told_n24(http, world, stage):
    plan = sealed(world, stage, TODAY + timedelta(days=1))
    told = read(http, f"/{plan['id']}")
    assert (told["sealed"], told["items"], told["revisions"]) == (True, [], [])
    assert told["strata"] == [
        {"code": "small", "label": "夜间小店", "quotas": [2], "reserve": 1, "forced": False}
    ]
    shown = page(http, f"/{plan['id']}")
    assert "封存至" in shown
    for body in (shown, http.get(f"{JSON}/{plan['id']}").text):
        assert "夜间营业" not in body
        assert "首次制定" not in body


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1)])
def test_from_the_day_on_which_the_seal_ends_all_of_it_is(http, world, stage, day):
    plan = sealed(world, stage, day)
    told = read(http, f"/{plan['id']}")
    assert (told["sealed"], told["strata"][0]["tags"]) == (False, ["夜间营业"])
    assert told["revisions"][0]["reason"] == "首次制定"


def test_who_filed_and_decided_and_what_can_be_kept_is_nobodys_business(http, world, stage):
    plan = stage.plan(LIMITED | {"label": f"小店{PERSONAL}"})
    for body in (http.get(f"{JSON}/{plan['id']}").text, page(http, f"/{plan['id']}")):
        assert not re.search(r"u-supervisor|u-second|feasib|largest_quota|13800138000", body)


def test_pages_follow_each_other_the_latest_period_first(http, world, stage):
    bodies = [monthly(stratum(quotas=[1]), code=f"m{number}") for number in range(3)]
    later = annual(stratum(quotas=[1, *[0] * 11]))
    ids = [decide(stage.second, file(world.supervisor, body))["id"] for body in [*bodies, later]]
    seen, after = [], ""
    while after is not None and len(seen) <= len(ids):
        found = read(http, f"?limit=1{after and '&after=' + after}")
        seen += [line["id"] for line in found["items"]]
        after = found["next"]
    assert seen == [ids[3], *sorted(ids[:3])]
    assert f"/public/plans/{ids[3]}" in page(http)
    assert read(http, f"?year={later['year']}")["items"][0]["id"] == ids[3]
    assert len(read(http, "?kind=monthly")["items"]) == 3


def test_a_body_is_asked_for_with_all_below_it(http, world, stage):
    plan = stage.plan(LIMITED)
    for body, expected in (("det", [plan["id"]]), ("brig-a", [plan["id"]]), ("brig-b", [])):
        found = read(http, f"?organisation={body}")["items"]
        assert [line["id"] for line in found] == expected
    assert "没有符合条件" in page(http, "?organisation=brig-b")
    assert read(http, "?organisation=nowhere")["items"] == []


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=2026-13-01.x", "?year=1", "?kind=x", "?limit=0", "?what=1"]
)
def test_a_query_that_is_none_is_refused_by_the_api_and_passed_over_by_the_page(http, query):
    assert http.get(f"{JSON}{query}").status_code in (400, 422)
    if "13-01" not in query:
        assert "抽查计划" in page(http, query)


def test_who_has_it_already_is_told_so(http, stage):
    stage.plan(LIMITED)
    for path in (JSON, "/public/plans"):
        tag = http.get(path).headers["ETag"]
        assert http.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_words_typed_by_officials_are_shown_as_words(http, world, stage):
    plan = stage.plan(LIMITED | {"label": "<script>alert(1)</script>"})
    assert "<script>" not in page(http, f"/{plan['id']}")
    with world.parts.database.write() as session:
        session.execute(update(PlanRevision).values(reason="<b>理由</b>"))
    assert "<b>理由" not in page(http, f"/{plan['id']}")
