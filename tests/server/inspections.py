"""Inspections as two officers write them, ready to be reviewed and published."""

from typing import Any

from server.clock import now
from server.services.sync.office import office_act
from tests.server.sync.ops import new_finding, op
from tests.world import World


def submitted(world: World, *, finding: dict[str, Any] | None = None, **facts: Any) -> str:
    """A complete inspection, submitted: item 1.1 failed, with a hazard and a verified photo of it;
    gives the task's id. `finding` overrides fields of the hazard, `facts` go to `world.task`."""
    task_id = world.task(**facts)
    hazard = {
        "item_code": "1.1",
        "title": "灭火器失效",
        "description": "二层灭火器2具空瓶",
        "severity": "serious",
        "action": "term_correction",
        "term_until": "2026-12-20",
        **(finding or {}),
    }
    hazard_id, photo_id = f"f-{task_id}", f"p-{task_id}"
    ok(
        world.lead.push(
            op("task", task_id, {"status": "in_progress"}),
            op("record", task_id, {"unit_name": "小吃店", "outcome": "term_correction"}),
            op("answer", f"{task_id}.1.1", {"value": "fail"}),
            op("answer", f"{task_id}.1.2", {"value": "pass"}),
            new_finding(hazard_id, task_id, **hazard),
            new_photo(photo_id, task_id, of_type="finding", of_id=hazard_id),
        )
    )
    set_photo(world, photo_id, state="verified")
    submit(world, task_id)
    return task_id


def new_photo(id_: str, task_id: str, **facts: Any) -> dict[str, Any]:
    """The op that declares a photo; of the record unless told otherwise."""
    body = {
        "task_id": task_id, "of_type": "record", "of_id": task_id, "kind": "evidence",
        "sha256": "a" * 64, "size_bytes": 3, "media_type": "image/jpeg", **facts,
    }  # fmt: skip
    return op("photo", id_, body, action="create")


def submit(world: World, task_id: str) -> None:
    """The lead submits what is there."""
    seen = by_id_of(world, "task", task_id)
    patch = {"status": "submitted", "finished_at": "2026-11-20T16:30:00.000Z"}
    ok(world.lead.push(op("task", task_id, patch, base_rev=seen["rev"])))


def approved(world: World, **facts: Any) -> str:
    """A submitted inspection that the supervisor approved."""
    task_id = submitted(world, **facts)
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert answer.status_code == 200, answer.text
    return task_id


def published(world: World, **facts: Any) -> tuple[str, str]:
    """A published inspection: its task's id and its notice's."""
    task_id = approved(world, **facts)
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", {})
    assert answer.status_code == 201, answer.text
    return task_id, answer.get_json()["notice_id"]


def set_photo(world: World, photo_id: str, **facts: Any) -> None:
    """What the office knows of a photo."""
    with world.parts.database.write() as session:
        office_act(session, type="photo", id=photo_id, patch=facts, actor=None, now=now())


def by_id_of(world: World, type_: str, id_: str) -> dict[str, Any]:
    """What the lead's device holds of an entity."""
    changes = world.lead.pull()["changes"]
    return next(change for change in changes if (change["type"], change["id"]) == (type_, id_))


def ok(results: list[dict[str, Any]]) -> None:
    """Fail the test unless every op was taken."""
    assert {result["status"] for result in results} <= {"applied", "merged"}, results
