"""Weight tables over HTTP: who may, what is refused, and why an object weighs what it weighs."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import Document, Task
from tests.server.inspections import approved
from tests.server.weight_tables import content, factor, publish

TROUBLE = factor("complaints", 4, complaints={"months": 12, "at_least": 2})
HAZARDS = factor("hazards", 5, hazards={"months": 24, "at_least": 1, "severity": "serious"})
GRAVE = factor("grave", 7, hazards={"months": 24, "at_least": 1, "severity": "critical"})
CLEAN = factor("clean", -1, clean={"months": 24, "at_least": 1})


def weigh(world, object_id, caller=None, status=200):
    answer = (caller or world.supervisor).get(f"/objects/{object_id}/weight")
    assert answer.status_code == status, answer.text
    return answer.get_json()


def codes(told):
    return [reason["code"] for reason in told["reasons"]]


def test_kind_and_tags_weigh_with_their_reasons(world, corps):
    publish(corps, content(factor("key", 3, kinds=["key"]), factor("busy", 2, tags=["人员密集"])))
    mall = world.object(kind="key", tags=["人员密集", "商场"])
    shop = world.object(kind="small", tags=[])
    assert weigh(world, mall) | {"table_id": "-"} == {
        "weight": 7,
        "reasons": [
            {"code": "base", "label": "基准", "points": 2},
            {"code": "key", "label": "因 key", "points": 3},
            {"code": "busy", "label": "因 busy", "points": 2},
        ],
        "table_id": "-",
        "table_version": 1,
    }
    assert weigh(world, shop)["weight"] == 2


def test_repeated_complaints_weigh_more_n27(world, corps):
    publish(corps, content(TROUBLE))
    site = world.object()
    world.task(object_id=site)
    assert codes(weigh(world, site)) == ["base"]
    world.task(object_id=site)
    assert codes(weigh(world, site)) == ["base", "complaints"]


def test_cancelled_and_old_complaints_do_not_count(world, corps):
    publish(corps, content(TROUBLE))
    site = world.object()
    first, second = world.task(object_id=site), world.task(object_id=site)
    with world.parts.database.write() as session:
        session.execute(
            update(Task)
            .where(Task.id == first)
            .values(planned_on=china_date(now()) - timedelta(days=367))
        )
    assert codes(weigh(world, site)) == ["base"]
    world.task(object_id=site)
    assert codes(weigh(world, site)) == ["base", "complaints"]
    assert world.supervisor.post(f"/tasks/{second}/cancel", {"reason": "误报"}).status_code == 200
    assert codes(weigh(world, site)) == ["base"]


def test_hazards_of_approved_checks_weigh_by_their_severity(world, corps):
    publish(corps, content(HAZARDS, GRAVE, CLEAN))
    site, other = world.object(), world.object()
    approved(world, object_id=site)
    assert codes(weigh(world, site)) == ["base", "hazards"]
    assert codes(weigh(world, other)) == ["base"]


def test_a_clean_record_weighs_less_n28(world, corps):
    publish(corps, content(CLEAN))
    site = world.object()
    approved(world, object_id=site)
    assert codes(weigh(world, site)) == ["base"]
    with world.parts.database.write() as session:
        session.execute(update(Document).where(Document.type == "finding").values(deleted=True))
    assert codes(weigh(world, site)) == ["base", "clean"]


def test_a_detachment_goes_by_its_own_table_or_by_the_corps(world, corps, detachment):
    site = world.object()
    assert weigh(world, site, status=409)["code"] == "weights_missing"
    publish(corps, content(base=3))
    assert weigh(world, site)["weight"] == 3
    publish(detachment, content(base=4))
    assert weigh(world, site)["weight"] == 4
    told = world.supervisor.get("/weight-tables").get_json()
    assert told["in_force"]["organisation_id"] == "det"
    assert told["versions"] == []


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (content(posts={"专职消防监督员": 2, "防火参谋": 2}), "weight_table_invalid"),
        (content(factor("a", -1, complaints={"months": 1, "at_least": 1})), "weight_table_invalid"),
        (content(factor("a", 1, kinds=["key"], tags=["x"])), "invalid_request"),
        (content(factor("a", 1)), "invalid_request"),
        (content(factor("a", 1.5, kinds=["key"])), "invalid_request"),
        (content(factor("a", 1, kinds=["palace"])), "invalid_request"),
        (content(posts={"专职消防监督员": 1001}), "invalid_request"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_whole(corps, table, code):
    assert publish(corps, table, status=422)["code"] == code
    assert corps.get("/weight-tables").get_json()["code"] == "weights_missing"


def test_versions_follow_one_another(corps):
    publish(corps, content())
    assert publish(corps, content(), status=409)["code"] == "nothing_to_correct"
    later = (china_date(now()) + timedelta(days=9)).isoformat()
    publish(corps, content(base=5), effective_from=later)
    earlier = publish(corps, content(base=6), status=422)
    assert earlier["code"] == "date_out_of_range"
    told = corps.get("/weight-tables").get_json()
    assert (told["in_force"]["version"], [each["version"] for each in told["versions"]]) == (
        1, [2, 1],
    )  # fmt: skip


def test_a_brigade_publishes_none_and_nobody_for_others(world, detachment):
    assert publish(world.supervisor, content(), status=403)["code"] == "weights_not_yours"
    assert (
        publish(detachment, content(), status=404, organisation_id="corps")["code"] == "not_found"
    )
    for caller in (world.lead, world.auditor):
        assert publish(caller, content(), status=403)["code"] == "forbidden"


def test_an_object_of_others_is_not_weighed(world, corps):
    publish(corps, content())
    elsewhere = world.object(organisation="brig-b", division_code="150103")
    assert weigh(world, elsewhere, status=404)["code"] == "not_found"
