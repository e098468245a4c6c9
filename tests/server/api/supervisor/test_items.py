"""Publishing item lists (N9–N11): who may, what is refused, what a task pins."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.clock import china_date, now
from server.models import AuditEntry, ItemList, Task
from server.services.planning.item_rules import COLUMNS
from tests.server.item_lists import item, publish


def test_versions_count_up_and_stand_for_ever(world, corps):
    first = publish(corps, item("A"))
    second = publish(corps, item("A", ratio="不低于 5%"), reason="提高比例")
    assert (first["version"], second["version"]) == (1, 2)
    with world.parts.database.read() as session:
        kept = session.scalars(select(ItemList).order_by(ItemList.version)).all()
    assert [each.items[0]["ratio"] for each in kept] == ["ratio of A", "不低于 5%"]


def test_every_publication_is_in_the_audit_with_what_it_changed(world, corps):
    publish(corps, item("A"), item("B"))
    publish(corps, item("A", ratio="5%"), item("C"), reason="调整")
    with world.parts.database.read() as session:
        act = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "item_list.publish")
            .order_by(AuditEntry.id.desc())
        ).first()
    told = {name: act.after[name] for name in ("added", "changed", "removed", "reason", "version")}
    assert told == {
        "added": ["C"], "changed": ["A"], "removed": ["B"], "reason": "调整", "version": 2,
    }  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_a_list_without_one_of_the_eight_columns_is_refused(corps, column):
    lacking = {name: value for name, value in item("A").items() if name != column}
    assert publish(corps, lacking, status=422)["code"] == "invalid_request"
    assert publish(corps, item("A", **{column: " "}), status=422)["code"] == "item_list_invalid"


def test_a_detachment_adds_and_words_anew_but_takes_nothing_away(corps, detachment):
    publish(corps, item("A"), item("B"))
    told = publish(detachment, item("A", object_kinds=["key"]), status=422)
    assert told["code"] == "item_list_invalid"
    assert told["details"]["errors"][0]["fault"] == "removes"
    publish(detachment, item("A", content="另须核查充电设施"), item("Z"))


def test_a_brigade_publishes_none(world):
    told = publish(world.supervisor, status=403)
    assert told["code"] == "items_not_yours"


def test_nobody_publishes_for_others(world, corps, detachment):
    assert publish(detachment, organisation_id="corps", status=404)["code"] == "not_found"
    publish(corps, organisation_id="det")


@pytest.mark.parametrize("role", ["lead", "auditor"])
def test_neither_officers_nor_auditors_publish(world, role):
    assert publish(getattr(world, role), status=403)["code"] == "forbidden"


def test_nothing_holds_for_days_that_are_over_nor_before_the_version_it_follows(corps):
    assert publish(corps, day=-1, status=422)["code"] == "date_out_of_range"
    publish(corps, item("A"), day=30)
    earlier = publish(corps, item("B"), day=29, status=422)
    assert earlier["code"] == "date_out_of_range"
    publish(corps, item("B"), day=30)


def test_the_same_list_again_is_no_version(corps):
    publish(corps, item("A"))
    assert publish(corps, item("A"), status=409)["code"] == "nothing_to_correct"


def test_a_list_has_500_items_and_no_more(corps):
    publish(corps, *[item(f"A{number}") for number in range(501)], status=422)
    publish(corps, *[item(f"A{number}") for number in range(500)])


def test_a_task_pins_the_lists_of_the_day_of_its_check(world, corps, detachment):
    before = world.task()
    base = publish(corps, item("A"))
    extra = publish(detachment, item("Z"))
    publish(corps, item("A"), item("B"), day=10)
    task = world.task()
    later = world.task(planned_on=china_date(now()) + timedelta(days=10))
    with world.parts.database.read() as session:
        pinned = {
            task_id: session.get_one(Task, task_id).item_list_ids
            for task_id in (before, task, later)
        }
    assert pinned[before] == []
    assert pinned[task] == [base["id"], extra["id"]]
    assert len(pinned[later]) == 2
    assert pinned[later][0] != base["id"]
    shown = world.supervisor.get(f"/tasks/{task}").get_json()
    assert shown["item_list_ids"] == [base["id"], extra["id"]]
