"""Conflicts to try things on: two officers who answered one item differently, unseen."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from server.clock import now
from server.services.conflicts.escalation import escalate_conflicts
from tests.server.sync.ops import by_id, op
from tests.world import Caller, World

TERM = timedelta(hours=48)


def disputed(world: World, task: str, item: str = "1.1") -> str:
    """The lead answered `pass`, the assistant `fail`; gives the conflict's id."""
    answer = f"{task}.{item}"
    world.lead.push(op("answer", answer, {"value": "pass"}))
    [result] = world.assistant.push(op("answer", answer, {"value": "fail"}))
    [conflict_id] = result["conflict_ids"]
    return str(conflict_id)


def on_device(caller: Caller, conflict_id: str) -> dict[str, Any]:
    """The conflict as a device of this person pulls it."""
    return by_id(caller.pull())["conflict", conflict_id]


def told(caller: Caller, conflict_id: str) -> dict[str, Any]:
    """The conflict told in full."""
    answer = caller.get(f"/conflicts/{conflict_id}")
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.get_json()
    return whole


def listed(caller: Caller, **query: Any) -> list[str]:
    """The ids of the conflicts that a list shows."""
    answer = caller.get("/conflicts", query_string=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.get_json()["items"]]


def settle(caller: Caller, conflict_id: str, choice: dict[str, Any], rev: int | None = None) -> Any:
    """Settle online, having seen the conflict as it stands unless another version is named."""
    seen = told(caller, conflict_id)["rev"] if rev is None else rev
    return caller.post(
        f"/conflicts/{conflict_id}/resolve", choice, headers={"If-Match": f'"{seen}"'}
    )


def make_older(world: World, conflict_id: str, age: timedelta) -> None:
    """Let a conflict have opened so long ago."""
    with world.parts.database.write() as session:
        session.execute(
            text("UPDATE conflict_care SET opened_ms = opened_ms - :age WHERE conflict_id = :id"),
            {"age": round(age.total_seconds() * 1000), "id": conflict_id},
        )


def sweep(world: World, *, after: timedelta = timedelta(), **facts: Any) -> int:
    """Escalate what has waited too long, when `after` will have passed."""
    with world.parts.database.write() as session:
        return escalate_conflicts(session, term=TERM, now=now() + after, **facts)


def hand_over(world: World, task: str, *, lead: str, assistant: str) -> None:
    """Send these two officers on the task, and nobody else."""
    team = [
        {"officer_id": lead, "role": "lead"},
        {"officer_id": assistant, "role": "assistant"},
    ]
    answer = world.supervisor.call(
        "PUT", f"/tasks/{task}/assignments", json={"assignments": team, "reason": "出差"}
    )
    assert answer.status_code == 200, answer.text
