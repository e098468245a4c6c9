"""Rule 5 over HTTP: what three devices did meanwhile ends alike, in whatever order it arrives.

Each order of arrival runs on a copy of one prepared database: on SQLite every order that keeps each
device's own, on PostgreSQL the first, the last and some between.
"""

import pytest

from tests.server.sync.ops import op
from tests.server.sync.replay import Batches, Body, Replay, arrivals, at, edit, make, some
from tests.world import World

POSTGRES_ORDERS = 6


def what_all_had_seen(task: str) -> list[Body]:
    return [
        make(
            "s1", "finding", "f1", 0, task_id=task, kind="hazard", title="灭火器过期", notes="首次",
            severity="moderate", action="oral_order", tags=["设施", "一层"],
        ),
        make("s2", "finding", "f2", 1, task_id=task, title="通道堆物", tags=["通道"]),
        make("s3", "answer", f"{task}.1.1", 2, value="pass"),
        make("s4", "record", task, 3, unit_name="第一小吃店", outcome="none"),
    ]  # fmt: skip


def what_each_did_then(task: str) -> Batches:
    """Two batches of each device. `f3` is made on one and edited on another, which cannot have seen
    it: whoever comes first, nothing may be lost. `f2` is deleted by one and edited by another."""
    return {
        "phone": [
            [
                edit(
                    "p1", "finding", "f1", 60, action="term_correction", term_until="2026-12-01",
                    severity="minor", tags=["设施"], notes="电话一", title="灭火器已过期",
                ),
                edit("p2", "answer", f"{task}.1.1", 61, value="fail", notes=["见照片"]),
                make("p3", "answer", f"{task}.1.2", 62, value="pass"),
            ],
            [
                edit("p4", "finding", "f1", 90, action="immediate_correction", notes="电话二"),
                {**edit("p5", "finding", "f2", 91), "action": "delete"},
                edit("p6", "record", task, 92, outcome="term_correction", section_legality="甲"),
            ],
        ],
        "tablet": [
            [
                edit(
                    "t1", "finding", "f1", 70, action="temporary_seal", term_until="2026-11-30",
                    severity="critical", tags=["设施", "一层", "复查"], legal_basis="第十六条",
                ),
                op("finding", "f3", {"title": "平板改写", "notes": "平板"}, op_id="t2", hlc=at(40)),
                make("t3", "answer", f"{task}.1.3", 50, value="fail"),
            ],
            [
                edit("t4", "record", task, 71, section_legality="乙", notes="平板记", tags=["夜"]),
                edit("t5", "finding", "f2", 65, status="rectified", tags=[]),
            ],
        ],
        "assistant": [
            [
                make("a1", "finding", "f3", 55, task_id=task, title="应急灯不亮", notes="协办"),
                edit("a2", "answer", f"{task}.1.1", 63, value="not_applicable", notes="协办记"),
                make("a3", "answer", f"{task}.1.2", 45, value="fail", measured="3"),
            ],
            [
                edit(
                    "a4", "finding", "f1", 58, legal_basis="第二十八条", status="rectified",
                    tags=["设施", "一层", "二层"], location="二楼",
                ),
                edit("a5", "record", task, 95, outcome="oral_order", section_legality=None),
                make("a6", "answer", f"{task}.1.3", 99, value="fail", notes="同样看法"),
            ],
        ],
    }  # fmt: skip


@pytest.fixture
def field(world: World, database_url: str) -> Replay:
    task = world.task()
    tablet = world.device("u-lead", officer_id="o-lead", name="d-tablet")
    world.lead.push(*what_all_had_seen(task))
    devices = {"phone": world.lead, "tablet": tablet, "assistant": world.assistant}
    return Replay(world, database_url, task, devices, what_each_did_then(task))


def test_every_order_of_arrival_ends_alike(field):
    orders = list(arrivals({name: len(own) for name, own in field.batches.items()}))
    assert len(orders) == 90
    if not field.world.parts.database.is_sqlite:
        orders = some(orders, POSTGRES_ORDERS)
    expected = field.outcome(orders[0])
    for order in orders[1:]:
        assert field.outcome(order) == expected, f"{order} ends unlike {orders[0]}"


def test_what_stands_is_what_the_policies_say(field):
    stands = field.outcome(("assistant", "tablet", "phone", "phone", "assistant", "tablet"))
    f1 = stands["finding", "f1"]
    assert (f1["severity"], f1["action"], f1["term_until"]) == (
        "critical", "temporary_seal", "2026-11-30",
    )  # fmt: skip
    assert sorted(f1["tags"]) == ["二层", "复查", "设施"]
    assert [note["text"] for note in f1["notes"]] == ["首次", "电话一", "电话二"]
    assert (f1["title"], f1["location"], f1["status"]) == ("灭火器已过期", "二楼", "rectified")
    assert stands["record", field.task]["section_legality"] is None
    f3 = stands["finding", "f3"]
    assert (f3["title"], [note["text"] for note in f3["notes"]]) == ("应急灯不亮", ["平板", "协办"])
    disputed = {
        key[1:]: [candidate["value"] for candidate in data["candidates"]]
        for key, data in stands.items()
        if key[0] == "conflict"
    }
    assert disputed == {
        ("finding", "f1", "action"): ["temporary_seal", "immediate_correction"],
        ("finding", "f1", "legal_basis"): ["第二十八条", "第十六条"],
        ("finding", "f1", "term_until"): ["2026-12-01", "2026-11-30"],
        ("finding", "f2", "existence"): ["kept", "deleted"],
        ("answer", f"{field.task}.1.1", "value"): ["fail", "not_applicable"],
        ("answer", f"{field.task}.1.2", "value"): ["fail", "pass"],
        ("record", field.task, "outcome"): ["term_correction", "oral_order"],
    }
