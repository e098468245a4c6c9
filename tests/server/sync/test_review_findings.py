"""What a reviewer found: traps of order, of hostile input and of ops that wait."""

import pytest
from sqlalchemy import select, text

from server.clock import now, to_ms
from server.models import AuditEntry
from tests.server.sync.ops import by_id, new_finding, op


def raw_push(caller, body):
    answer = caller.call("POST", "/sync/push", data=body.encode(), content_type="application/json")
    assert answer.status_code == 200, answer.text
    return answer.get_json()["results"]


def record_of(world, task):
    return by_id(world.lead.pull())["record", task]["data"]


@pytest.mark.parametrize(
    "bad",
    [
        op("spa\x00ce", "x"),
        op("record", "t", {"tags": ["一", 5]}),
        op("record", "t", {"photos": ["ok", "../x"]}),
        op("record", "t", {"notes": ["一", "\x00"]}),
        op("record", "t", depends_on=["ok", "../x"]),
        op("photo", "p1", {"of_type": "finding", "of_id": "a\x00b"}),
        op("photo", "p1", {"of_type": ["finding"], "of_id": "a"}),
        op("conflict", "c-1", {"value": "\x00"}),
        op("record", "t", {"colour\x00": 1}),
        op("answer", "t.1", {"value": {"a": 1}}),
    ],
    ids=lambda bad: f"{bad['type']!a} {str(bad['patch'])[:30]!a}",
)
def test_a_hostile_op_is_refused_alone(world, bad):
    task = world.task()
    results = world.lead.push(bad, op("record", task, {"unit_name": "好"}))
    assert [result["status"] for result in results] == ["rejected", "applied"]


@pytest.mark.parametrize(
    "bad",
    [
        r'"type":"\ud800","id":"x","action":"patch"',
        r'"type":"record","id":"x","action":"patch","patch":{"\ud800":1}',
        r'"type":"photo","id":"x","action":"patch","patch":{"of_type":"finding","of_id":"\ud800"}',
        r'"type":"conflict","id":"x","action":"patch","patch":{"value":"\ud800"}',
        r'"type":"record","id":"x","action":"patch","\ud800":1',
    ],
)
def test_a_lone_surrogate_anywhere_is_refused_alone(world, bad):
    task = world.task()
    good = f'{{"op_id":"s2","type":"record","id":"{task}","action":"patch","patch":{{}}}}'
    results = raw_push(world.lead, f'{{"ops":[{{"op_id":"s1",{bad}}},{good}]}}')
    assert [result["status"] for result in results] == ["rejected", "applied"]


def test_no_number_that_json_does_not_have_gets_in_behind_a_lone_surrogate(world):
    task = world.task()
    body = (
        r'{"ops":[{"op_id":"s1","type":"\ud800","id":"x","action":"patch"},{"op_id":"s2",'
        f'"type":"answer","id":"{task}.1.1","action":"patch","patch":{{"value":NaN}}}}]}}'
    )
    answer = world.lead.call(
        "POST", "/sync/push", data=body.encode(), content_type="application/json"
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("moment", ["9999-12-31T23:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_at_the_edge_of_the_calendar_is_refused_and_breaks_nothing(world, moment):
    task = world.task()
    [result] = world.lead.push(op("task", task, {"finished_at": moment, "status": "submitted"}))
    assert result["error"]["code"] == "field_invalid"
    assert world.supervisor.get(f"/tasks/{task}/review").status_code == 200


def test_an_op_id_used_for_two_bodies_in_one_push_keeps_both(world):
    task = world.task()
    first = op("record", task, {"unit_name": "甲"})
    second = {**first, "patch": {"unit_name": "乙独有"}}
    results = world.lead.push(first, second)
    assert [result["status"] for result in results] == ["applied", "rejected"]
    with world.parts.database.read() as session:
        kept = session.execute(text("SELECT after FROM audit WHERE action = 'op.id_reused'"))
        assert len(kept.all()) == 1


def test_a_mended_create_does_not_wait_behind_the_patch_that_waits_for_it(world):
    task = world.task()
    refused = new_finding("f1", task, severity="huge", title="甲", legal_basis="旧")
    patch = op("finding", "f1", {"title": "先改", "legal_basis": "先写", "location": "二楼"})
    statuses = [result["status"] for result in world.lead.push(refused, patch)]
    assert statuses == ["rejected", "deferred"]
    [mended] = world.lead.push(new_finding("f1", task, title="后改", legal_basis="后写"))
    assert mended["status"] in ("applied", "merged"), mended
    data = by_id(world.lead.pull())["finding", "f1"]["data"]
    assert (data["title"], data["legal_basis"], data["location"]) == ("后改", "后写", "二楼")
    assert world.lead.get("/conflicts").get_json()["items"] == []


def test_settling_waits_behind_what_the_same_device_wrote_before(world):
    task = world.task()
    item = f"{task}.1.1"
    world.lead.push(op("answer", item, {"value": "pass"}))
    world.assistant.push(op("answer", item, {"value": "fail"}))
    [conflict] = world.lead.get("/conflicts").get_json()["items"]
    record = op("record", task, {"unit_name": "一"})
    early = op("answer", item, {"value": "pass"}, depends_on=[record["op_id"]])
    settle = op("conflict", conflict["id"], {"value": "not_applicable"}, base_rev=conflict["rev"])
    results = world.lead.push(early, settle)
    assert [result["status"] for result in results] == ["deferred", "deferred"]
    world.lead.push(record)
    assert by_id(world.lead.pull())["answer", item]["data"]["value"] == "not_applicable"
    assert world.lead.get("/conflicts").get_json()["items"] == []


@pytest.mark.parametrize("early", ["lead", "assistant"])
def test_a_start_told_earlier_is_not_lost_to_a_task_that_had_no_start(world, early):
    task, here = world.task(), to_ms(now())
    start = op("task", task, {"started_at": "2026-11-20T01:00:00Z"}, hlc=f"{here - 9000}:0")
    moved = op("task", task, {"status": "in_progress"}, hlc=f"{here - 1000}:0")
    pushes = [(world.assistant, start), (world.lead, moved)]
    for caller, one in pushes if early == "assistant" else pushes[::-1]:
        caller.push(one, device_time=here)
    data = by_id(world.lead.pull())["task", task]["data"]
    assert data["started_at"] == "2026-11-20T01:00:00.000Z"


def test_a_photo_of_a_finding_that_another_device_brings_goes_on_when_it_comes(world):
    task = world.task()
    photo = op(
        "photo", "p1", action="create",
        patch={
            "task_id": task, "of_type": "finding", "of_id": "f1", "kind": "evidence",
            "sha256": "0" * 64, "size_bytes": 1,
        },
    )  # fmt: skip
    assert world.assistant.push(photo)[0]["status"] == "deferred"
    world.lead.push(new_finding("f1", task))
    assert by_id(world.lead.pull())["photo", "p1"]["data"]["of_id"] == "f1"


def test_an_op_goes_on_when_what_it_waits_for_was_held_itself(world):
    task = world.task()
    last = op("record", task, {"unit_name": "后到"})
    create = new_finding("f1", task) | {"depends_on": [last["op_id"]]}
    world.assistant.push(op("finding", "f1", {"title": "先到"}))
    assert world.lead.push(create)[0]["status"] == "deferred"
    world.lead.push(last)
    assert by_id(world.lead.pull())["finding", "f1"]["data"]["title"] == "先到"


def test_an_op_goes_on_when_its_devices_own_held_op_was_freed_by_another_device(world):
    task = world.task()
    second = op("finding", "f2", {"title": "二"})
    first = op("finding", "f1", {"title": "一"}, depends_on=[second["op_id"]])
    world.assistant.push(first, second)
    world.lead.push(new_finding("f1", task))
    world.lead.push(new_finding("f2", task))
    page = by_id(world.lead.pull())
    assert [page["finding", id_]["data"]["title"] for id_ in ("f1", "f2")] == ["一", "二"]


def test_the_receipt_of_a_held_op_names_the_place_in_its_own_officers_feed(world):
    task = world.task()
    world.task(assistant=world.officer("third"))  # the lead's feed is ahead
    early = op("finding", "f1", {"title": "先到"})
    world.assistant.push(early)
    world.lead.push(new_finding("f1", task))
    seq = by_id(world.assistant.pull())["finding", "f1"]["seq"]
    assert world.assistant.push(early)[0]["seq"] == seq


def test_a_held_op_whose_entity_came_meanwhile_is_not_refused_for_its_task(world):
    task, other = world.task(), world.task()
    missing = op("record", other, {"unit_name": "后到"})
    held = op("finding", "f1", {"title": "先到"}, depends_on=[missing["op_id"]])
    assert world.assistant.push(held)[0]["status"] == "deferred"
    world.lead.push(new_finding("f1", task))
    world.assistant.push(missing)
    assert world.assistant.push(held)[0]["status"] in ("applied", "merged")
    assert world.lead.pull()["changes"]


def test_a_repeated_op_that_goes_on_in_this_very_push_says_so(world):
    task = world.task()
    parent = new_finding("f1", task)
    child = op("finding", "f1", {"title": "后"}, depends_on=[parent["op_id"]])
    assert world.lead.push(child)[0]["status"] == "deferred"
    results = world.lead.push(child, parent)
    assert "deferred" not in {result["status"] for result in results}


def test_an_op_that_still_waits_is_not_noted_again_at_every_push(world):
    task = world.task()
    world.lead.push(op("finding", "f1", {"title": "先到"}))
    for _ in range(3):
        world.lead.push(op("record", task, {"notes": "一"}))
    with world.parts.database.read() as session:
        noted = session.scalars(
            select(AuditEntry.after).where(AuditEntry.action == "sync.push").order_by(AuditEntry.id)
        )
        told = [status for after in noted for status in after["ops"].values()]
    assert told == ["deferred", "applied", "applied", "applied"]


def test_the_clock_of_an_op_that_was_held_is_flagged_when_it_goes_on(world):
    task = world.task()
    year_ahead = to_ms(now()) + 365 * 24 * 3600 * 1000
    early = op("finding", "f1", {"title": "先到"}, hlc=f"{year_ahead}:0")
    world.assistant.push(early, device_time=year_ahead)
    world.assistant.push(device_time=to_ms(now()))
    world.lead.push(new_finding("f1", task))
    assert record_of(world, task)["clock_flags"] == ["d-assistant"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_flagged_clocks_are_listed_alike_in_whatever_order_they_came(world, order):
    task, here = world.task(), to_ms(now())
    far = here + 365 * 24 * 3600 * 1000
    pushes = [(world.lead, far - 2000), (world.assistant, far - 1000)]
    for caller, stamp in (pushes[place] for place in order):
        caller.push(op("record", task, {"storeys": "3"}, hlc=f"{stamp}:0"), device_time=far)
    assert record_of(world, task)["clock_flags"] == ["d-assistant", "d-lead"]


def test_a_conflict_is_not_settled_by_an_answer_that_the_item_does_not_take(world):
    task = world.task()
    item = f"{task}.1.1"
    world.lead.push(op("answer", item, {"value": "pass"}))
    world.assistant.push(op("answer", item, {"value": "fail"}))
    [conflict] = world.lead.get("/conflicts").get_json()["items"]
    settle = op("conflict", conflict["id"], {"value": "maybe"}, base_rev=conflict["rev"])
    assert world.lead.push(settle)[0]["error"]["code"] == "answer_invalid"
    online = world.lead.post(
        f"/conflicts/{conflict['id']}/resolve", {"value": "maybe"},
        headers={"If-Match": f'"{conflict["rev"]}"'},
    )  # fmt: skip
    assert online.status_code == 422
    assert online.get_json()["details"]["code"] == "answer_invalid"


def test_a_long_legal_basis_may_be_written_anew_to_settle(world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    world.lead.push(op("finding", "f1", {"legal_basis": "甲"}, base_rev=1))
    world.assistant.push(op("finding", "f1", {"legal_basis": "乙"}, base_rev=1))
    [conflict] = world.lead.get("/conflicts").get_json()["items"]
    settle = op("conflict", conflict["id"], {"value": "丙" * 4000}, base_rev=conflict["rev"])
    assert world.lead.push(settle)[0]["status"] == "applied"


def test_deleting_a_finding_closes_its_conflicts_and_does_not_bring_it_back(world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    world.lead.push(op("finding", "f1", {"action": "none"}, base_rev=1))
    [other] = world.assistant.push(op("finding", "f1", {"action": "oral_order"}, base_rev=1))
    world.lead.push(op("finding", "f1", action="delete", base_rev=other["rev"]))
    assert world.lead.get("/conflicts").get_json()["items"] == []
    assert by_id(world.lead.pull())["finding", "f1"]["op"] == "delete"


@pytest.mark.parametrize("of_type", ["answer", "record"])
def test_a_photo_cannot_belong_to_another_task(world, of_type):
    task, other = world.task(), world.task()
    of_id = other if of_type == "record" else f"{other}.1.1"
    photo = op(
        "photo", "p1", action="create",
        patch={
            "task_id": task, "of_type": of_type, "of_id": of_id, "kind": "evidence",
            "sha256": "0" * 64, "size_bytes": 1,
        },
    )  # fmt: skip
    assert world.lead.push(photo)[0]["error"]["code"] == "id_mismatch"


def test_evidence_stays_what_it_was_declared_as_whatever_an_earlier_clock_says(world):
    task, here = world.task(), to_ms(now())
    said = {
        "task_id": task, "of_type": "record", "of_id": task, "kind": "evidence",
        "sha256": "0" * 64, "size_bytes": 1,
    }  # fmt: skip
    world.lead.push(op("photo", "p1", said, action="create", hlc=f"{here}:0"), device_time=here)
    other = op("photo", "p1", {**said, "sha256": "1" * 64}, action="create", hlc=f"{here - 9000}:0")
    [result] = world.assistant.push(other, device_time=here)
    assert result["error"]["code"] == "field_immutable"
    assert by_id(world.lead.pull())["photo", "p1"]["data"]["sha256"] == "0" * 64


def test_an_op_that_was_held_keeps_the_times_of_its_arrival(world):
    task, here = world.task(), to_ms(now())
    held = op("finding", "f1", {"title": "先到"}, hlc=f"{here - 7000}:0")
    world.assistant.push(held, device_time=here - 3000)
    world.assistant.push(device_time=here - 90_000)
    world.lead.push(new_finding("f1", task))
    with world.parts.database.read() as session:
        kept = session.execute(
            text(
                "SELECT h.offset_ms, h.received_ms, r.offset_ms, r.received_ms FROM history h "
                "JOIN receipts r ON r.op_id = h.op_id WHERE h.op_id = :id"
            ),
            {"id": held["op_id"]},
        ).one()
    assert kept[:2] == kept[2:]
    assert 3000 <= kept[0] < 90_000


@pytest.mark.parametrize(
    "hlc", ["2026-02-31T08:00:00.000Z-0000-a219e7a7", "20261123T080000Z", "", -5, 1.5, True, [], {}]
)
def test_a_stamp_of_another_form_is_refused_not_misread(world, hlc):
    task = world.task()
    [result] = world.lead.push(op("record", task, {"unit_name": "一"}, hlc=hlc))
    assert result["error"]["code"] == "hlc_invalid"


def test_a_stamp_in_seconds_is_flagged_as_a_clock_that_cannot_be_trusted(world):
    task, here = world.task(), to_ms(now())
    world.lead.push(op("record", task, {"storeys": "3"}, hlc=here // 1000), device_time=here)
    assert record_of(world, task)["clock_flags"] == ["d-lead"]


@pytest.mark.parametrize(
    "stamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 0, 2**53 - 1]
)
def test_a_device_that_says_any_time_is_heard(world, stamp):
    task = world.task()
    [result] = world.lead.push(op("record", task, {"storeys": "3"}), device_time=stamp)
    assert result["status"] == "applied"


def test_what_a_result_shows_is_the_version_that_it_names(world):
    task, here = world.task(), to_ms(now())
    world.assistant.push(op("record", task, {"storeys": "3"}))
    far = here + 365 * 24 * 3600 * 1000
    mine = op("record", task, {"structure": "砖混"}, hlc=f"{far}:0")
    [result] = world.lead.push(mine, device_time=far)  # merged, and the clock flagged after it
    shown = by_id(world.lead.pull())["record", task]
    assert (result["rev"], result["data"]) == (shown["rev"], shown["data"])
