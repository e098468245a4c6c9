"""A photo that can never come is declared lost: one person asks, another approves, and who, when
and why stands in the record for ever."""

from typing import Any

import pytest
from sqlalchemy import select

from server.models import AuditEntry, PhotoLoss, User
from tests.server.evidence.facts import kinds_of_custody
from tests.server.inspections import set_photo, submitted
from tests.server.sync.ops import op
from tests.server.tus.speaker import declare, declare_op, new_photo_id, photo, state_of, upload
from tests.world import Caller, World

REASON = {"reason": "手机在现场被水浸泡，无法恢复"}


@pytest.fixture
def photo_id(world: World) -> str:
    """A photo that the lead declared, and whose bytes are not there."""
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo())
    return photo_id


def ask(caller: Caller, photo_id: str, status: int = 200) -> dict[str, Any]:
    answer = caller.post(f"/photos/{photo_id}/lost", REASON)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def approve(caller: Caller, photo_id: str, status: int = 200, **said: Any) -> dict[str, Any]:
    answer = caller.post(f"/photos/{photo_id}/lost/approve", said)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def refuse(caller: Caller, photo_id: str, reason: str = "请再找找", status: int = 200) -> None:
    answer = caller.post(f"/photos/{photo_id}/lost/refuse", {"reason": reason})
    assert answer.status_code == status, answer.text


def say_lost(caller: Caller, photo_id: str, reason: str | None) -> None:
    """By an op, as a device does that may have been offline since the photo was declared."""
    (result,) = caller.push(op("photo", photo_id, {"lost": reason}, base_rev=2))
    assert result["status"] in ("applied", "merged"), result


def losses(world: World, photo_id: str) -> list[tuple[str, str]]:
    query = select(PhotoLoss.state, PhotoLoss.reason).where(PhotoLoss.photo_id == photo_id)
    with world.parts.database.read() as session:
        return [tuple(row) for row in session.execute(query.order_by(PhotoLoss.asked_at))]


def test_an_officer_asks_a_supervisor_approves_and_everyone_sees_who_when_and_why(
    world: World, photo_id: str
):
    say_lost(world.lead, photo_id, REASON["reason"])
    asked = state_of(world.assistant, photo_id)
    assert (asked["state"], asked["lost_request"]["state"]) == ("declared", "open")
    approve(world.supervisor, photo_id, note="已核实")
    shown = state_of(world.assistant, photo_id)
    assert (shown["state"], shown["lost_reason"]) == ("lost", REASON["reason"])
    request = shown["lost_request"]
    assert request.pop("asked_at") <= request.pop("decided_at")
    assert request == {
        "state": "approved", "reason": REASON["reason"], "decision": "已核实",
        "asked_by": world.lead.user_id, "asked_by_name": "lead", "asked_on": "d-lead",
        "decided_by": world.supervisor.user_id, "decided_by_name": "supervisor",
    }  # fmt: skip
    assert kinds_of_custody(world, photo_id) == ["captured", "declared", "lost_asked", "lost"]
    with world.parts.database.read() as session:
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "photo.lost")).one()
    assert act.user_id == world.supervisor.user_id
    assert act.before == {"state": "declared"}
    assert (act.after["lost_reason"], act.after["asked_by"]) == (
        REASON["reason"], world.lead.user_id,
    )  # fmt: skip


def test_whoever_asks_does_not_approve(world: World, photo_id: str):
    assert ask(world.supervisor, photo_id)["state"] == "declared"
    assert approve(world.supervisor, photo_id, 403)["code"] == "approver_is_requester"
    assert state_of(world.lead, photo_id)["state"] == "declared"
    assert approve(world.admin, photo_id)["state"] == "lost"


def test_nobody_approves_for_a_task_of_their_own(world: World, photo_id: str):
    another = world.account("another", role="supervisor")
    with world.parts.database.write() as session:
        session.get_one(User, world.lead.user_id).role = "supervisor"
    ask(world.assistant, photo_id)
    assert approve(world.lead, photo_id, 403)["code"] == "reviewer_on_task"
    assert approve(another, photo_id)["state"] == "lost"


def test_a_refused_request_stays_and_another_may_follow(world: World, photo_id: str):
    say_lost(world.lead, photo_id, "手机丢了")
    refuse(world.supervisor, photo_id, "请先到失物招领处查询")
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["lost_request"]["state"]) == ("declared", "refused")
    assert shown["lost_request"]["decision"] == "请先到失物招领处查询"
    assert approve(world.supervisor, photo_id, 409)["code"] == "state_invalid"
    say_lost(world.lead, photo_id, "已查询，确认丢失")
    approve(world.supervisor, photo_id)
    assert losses(world, photo_id) == [("refused", "手机丢了"), ("approved", "已查询，确认丢失")]
    assert state_of(world.lead, photo_id)["lost_reason"] == "已查询，确认丢失"


def test_a_request_may_be_taken_back_until_it_is_decided(world: World, photo_id: str):
    say_lost(world.lead, photo_id, "手机丢了")
    say_lost(world.lead, photo_id, None)
    assert state_of(world.lead, photo_id)["lost_request"] is None
    assert approve(world.supervisor, photo_id, 409)["code"] == "state_invalid"
    assert losses(world, photo_id) == [("withdrawn", "手机丢了")]
    say_lost(world.lead, photo_id, "还是丢了")
    approve(world.supervisor, photo_id)
    say_lost(world.lead, photo_id, None)  # too late: what was declared stands
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["lost_request"]["state"]) == ("lost", "approved")


@pytest.mark.parametrize("first", ["lead", "assistant"])
def test_of_two_who_ask_apart_one_request_stands_whoever_arrives_first(
    world: World, photo_id: str, first: str
):
    ops = {
        name: op("photo", photo_id, {"lost": f"{name}说丢了"}, base_rev=2, hlc=f"{stamp}:0")
        for name, stamp in (("lead", 1795437660000), ("assistant", 1795437661000))
    }
    for name in (first, *({"lead", "assistant"} - {first})):
        getattr(world, name).push(ops[name])
    shown = state_of(world.lead, photo_id)["lost_request"]
    assert (shown["state"], shown["reason"]) == ("open", "assistant说丢了")
    assert shown["asked_by"] == world.assistant.user_id
    assert [state for state, _ in losses(world, photo_id)].count("open") == 1


def test_a_photo_that_turns_up_after_all_is_verified_beside_the_declaration(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    ask(world.lead, photo_id)
    approve(world.supervisor, photo_id)
    assert upload(world.lead, data, photo_id).status_code == 204
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["lost_reason"]) == ("verified", REASON["reason"])
    assert shown["lost_request"]["state"] == "approved"
    assert shown["lost_request"]["found_at"] >= shown["lost_request"]["decided_at"]
    assert kinds_of_custody(world, photo_id)[-2:] == ["received", "verified"]
    assert losses(world, photo_id) == [("approved", REASON["reason"])]


def test_bytes_that_come_while_it_is_asked_for_answer_the_request(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    ask(world.assistant, photo_id)
    upload(world.lead, data, photo_id)
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["lost_request"]["state"]) == ("verified", "found")
    assert approve(world.supervisor, photo_id, 409)["code"] == "state_invalid"
    assert losses(world, photo_id) == [("found", REASON["reason"])]


def test_an_op_that_comes_after_the_bytes_is_taken_and_asks_nobody(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    upload(world.lead, data, photo_id)
    say_lost(world.assistant, photo_id, "以为丢了")
    assert state_of(world.lead, photo_id)["lost_request"]["state"] == "found"
    assert ask(world.lead, photo_id, 409)["code"] == "state_invalid"


def test_a_photo_may_be_declared_and_called_lost_in_one_op(world: World):
    photo_id = new_photo_id()
    (result,) = world.lead.push(declare_op(world.task(), photo_id, photo(), lost="手机烧毁"))
    assert result["status"] == "applied"
    assert state_of(world.lead, photo_id)["lost_request"]["state"] == "open"


def test_asked_twice_at_a_console_is_asked_once(world: World, photo_id: str):
    ask(world.lead, photo_id)
    assert ask(world.supervisor, photo_id, 409)["details"] == {"state": "declared", "asked": True}


def test_approval_waits_for_the_decision_and_then_goes_on(world: World):
    task_id = submitted(world)
    photo_id = f"p-{task_id}"
    set_photo(world, photo_id, state="declared")
    ask(world.lead, photo_id)
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert [each["code"] for each in answer.get_json()["details"]["blocking"]] == [
        "photo_lost_asked"
    ]
    approve(world.supervisor, photo_id)
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200
    assert ask(world.lead, photo_id, 409)["code"] == "state_invalid"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("lead", 200), ("assistant", 200), ("supervisor", 200), ("admin", 200),
        ("auditor", 403), ("outsider", 404), ("other_supervisor", 404),
    ],
)  # fmt: skip
def test_those_of_the_task_and_those_in_charge_may_ask(
    world: World, photo_id: str, who: str, status: int
):
    ask(getattr(world, who), photo_id, status)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("lead", 403), ("assistant", 403), ("auditor", 403), ("outsider", 403),
        ("other_supervisor", 404), ("supervisor", 200), ("admin", 200),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [approve, refuse])
def test_only_those_in_charge_decide(world: World, photo_id: str, step: Any, who: str, status: int):
    ask(world.lead, photo_id)
    step(getattr(world, who), photo_id, status=status)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 1001}, {"why": "x"}])
def test_a_reason_is_needed(world: World, photo_id: str, body: dict):
    assert world.supervisor.post(f"/photos/{photo_id}/lost", body).status_code == 422
    assert world.supervisor.post(f"/photos/{photo_id}/lost/refuse", body).status_code == 422
    (result,) = world.lead.push(op("photo", photo_id, {"lost": ""}, base_rev=2))
    assert result["status"] == "rejected"
    assert "lost_request" not in state_of(world.lead, photo_id)


def test_a_device_cannot_write_the_decision(world: World, photo_id: str):
    for field, value in (("lost_reason", "x"), ("lost_request", {}), ("state", "lost")):
        (result,) = world.lead.push(op("photo", photo_id, {field: value}, base_rev=2))
        assert (result["status"], result["error"]["code"]) == ("rejected", "field_unknown")


def test_an_unknown_photo_is_not_found(world: World):
    assert ask(world.supervisor, "unknown", 404)["code"] == "not_found"
    assert approve(world.supervisor, "unknown", 404)["code"] == "not_found"
