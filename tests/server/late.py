"""What tests of late work share: late ops as people ask for them and decide about them."""

from datetime import datetime
from typing import Any

from server.clock import now
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from tests.world import Caller, World


def late_ops(caller: Caller, **query: str) -> list[dict[str, Any]]:
    """The late ops that someone sees."""
    answer = caller.get("/late-ops", query_string=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def accept(caller: Caller, late_op_id: str, **decision: Any) -> Any:
    """Take a late op over; gives the answer."""
    return caller.post(f"/late-ops/{late_op_id}/accept", decision)


def refuse(caller: Caller, late_op_id: str, reason: str = "与现场不符") -> Any:
    """Set a late op aside; gives the answer."""
    return caller.post(f"/late-ops/{late_op_id}/refuse", {"reason": reason})


def late_op_of(result: dict[str, Any]) -> str:
    """The id under which people decide about a salvaged op."""
    late_op_id: str = result["error"]["details"]["late_op_id"]
    return late_op_id


def reassign(
    world: World, task_id: str, *team: tuple[str, str], moment: datetime | None = None
) -> None:
    """Send these officers on the task, and nobody else."""
    with world.parts.database.write() as session:
        assign(
            session, actor=world.actor(world.supervisor), task_id=task_id,
            posts=[Post(*post) for post in team], reason="出差", now=moment or now(),
        )  # fmt: skip


def data_of(caller: Caller, type_: str, id_: str) -> dict[str, Any]:
    """What an officer's device sees of an entity."""
    for change in caller.pull()["changes"]:
        if (change["type"], change["id"]) == (type_, id_):
            data: dict[str, Any] = change["data"]
            return data
    raise AssertionError(f"{type_} {id_} is not in the feed")
