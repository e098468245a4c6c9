"""Rule 5 over HTTP after a conflict: several settle it at once, a latecomer agrees or
does not, one deletes what the others argue about, ops wait for their parent, a clock is flagged and
the office sends the task back between."""

from collections.abc import Iterator

import pytest

from tests.server.sync.ops import new_finding, op
from tests.server.sync.replay import (
    OFFICE,
    Batches,
    Body,
    Order,
    Replay,
    arrivals,
    at,
    edit,
    make,
    some,
)
from tests.world import World

SQLITE_ORDERS, POSTGRES_ORDERS = 24, 4
COUNTS = {"phone": 2, "tablet": 2, "assistant": 2, OFFICE: 1}
SECONDS_FOR_MILLISECONDS = at(0)[:10]


def prepare(world: World, task: str) -> dict[str, Body]:
    """Two disagree about a verdict and an action; gives the conflicts by field."""
    world.lead.push(
        make("l1", "answer", f"{task}.1.1", 1, value="pass"),
        new_finding("f1", task, action="none", title="甲") | {"op_id": "l2", "hlc": at(2)},
        edit("l3", "finding", "f1", 3, action="oral_order"),
        edit("l4", "task", task, 4, status="in_progress"),
    )
    world.assistant.push(
        make("s1", "answer", f"{task}.1.1", 2, value="fail"),
        edit("s2", "finding", "f1", 4, action="temporary_seal"),
    )
    items = world.lead.get("/conflicts").get_json()["items"]
    return {item["data"]["field"]: item for item in items}


def said_by(conflict: Body, device: str) -> str:
    """The candidate of a device; in some orders its writer has replaced it when it is chosen."""
    candidates = conflict["data"]["candidates"]
    [key] = [each["key"] for each in candidates if each["device_id"] == device]
    return key


def what_each_did_then(task: str, conflicts: dict[str, Body]) -> Batches:
    """The lead settles on the phone, and on the tablet by writing; the assistant, who had seen
    neither conflict, changes their mind."""
    verdict, action = conflicts["value"], conflicts["action"]
    return {
        "phone": [
            [
                op(
                    "conflict", verdict["id"], {"candidate": said_by(verdict, "d-assistant")},
                    op_id="p1", hlc=at(100), base_rev=verdict["rev"],
                ),
                edit("p2", "task", task, 101, status="submitted"),
            ],
            [
                op(
                    "conflict", action["id"], {"candidate": said_by(action, "d-lead")},
                    op_id="p3", hlc=at(60), base_rev=action["rev"],
                ),
                edit("p4", "finding", "f9", 61, 0, title="电话改", tags=["电话"]),
            ],
        ],
        "tablet": [
            [
                edit("t1", "answer", f"{task}.1.1", 90, verdict["rev"], value="fail"),
                edit("t2", "task", task, 91, status="submitted"),
                new_finding("f9", task, title="新", action="case_filed")
                | {"op_id": "t3", "hlc": at(70)},
            ],
            [op("finding", "f1", op_id="t4", hlc=at(95), base_rev=action["rev"], action="delete")],
        ],
        "assistant": [
            [
                edit("a1", "answer", f"{task}.1.1", 120, value="not_applicable"),
                edit("a2", "finding", "f9", 50, 0, action="none", notes="先到"),
                {**make("a3", "record", task, 0, storeys="3"), "hlc": SECONDS_FOR_MILLISECONDS},
            ],
            [
                edit("a4", "answer", f"{task}.1.1", 110, value="fail"),
                edit("a5", "finding", "f1", 130, action="temporary_seal", notes="迟"),
                edit("a6", "finding", "f9", 40, 0, action="case_filed"),
            ],
        ],
    }  # fmt: skip


def possible() -> Iterator[Order]:
    """The office sends back what was submitted, so not before that."""
    for order in arrivals(COUNTS):
        first = min(order.index("phone"), order.index("tablet"))
        if order.index(OFFICE) > first:
            yield order


@pytest.fixture
def field(world: World, database_url: str) -> Replay:
    task = world.task()
    tablet = world.device("u-lead", officer_id="o-lead", name="d-tablet")
    batches = what_each_did_then(task, prepare(world, task))

    def send_back() -> None:
        body = {"reason": "缺照片"}
        answer = world.supervisor.post(f"/tasks/{task}/send-back", body)
        assert answer.status_code == 200, answer.text

    devices = {"phone": world.lead, "tablet": tablet, "assistant": world.assistant}
    return Replay(world, database_url, task, devices, batches, send_back)


def test_settling_and_coming_late_end_alike_in_every_order(field):
    is_sqlite = field.world.parts.database.is_sqlite
    orders = some(list(possible()), SQLITE_ORDERS if is_sqlite else POSTGRES_ORDERS)
    expected = field.outcome(orders[0])
    for order in orders[1:]:
        assert field.outcome(order) == expected, f"{order} ends unlike {orders[0]}"


def test_what_stands_is_what_was_settled_and_what_nobody_had_seen(field):
    stands = field.outcome(("tablet", "phone", "assistant", OFFICE, "phone", "assistant", "tablet"))
    assert stands["task", field.task]["status"] == "in_progress"
    assert stands["record", field.task]["clock_flags"] == ["d-assistant"]
    verdict = stands["conflict", "answer", f"{field.task}.1.1", "value"]
    assert (verdict["state"], verdict["resolved_value"]) == ("resolved", "fail")
    assert {each["value"] for each in verdict["candidates"]} == {"fail", "not_applicable"}
    assert stands["conflict", "finding", "f1", "existence"]["state"] == "open"
    assert stands["finding", "f9"]["tags"] == ["电话"]
    assert stands["conflict", "finding", "f9", "action"]["state"] == "resolved"
