"""Inspections that were published long ago, and what is said about keeping them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from server.clock import now
from server.models import DeletionItem, EvidenceFile, Photo, Publication, Task
from tests.server.inspections import ok, submit
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import declare, digest, upload
from tests.world import Caller, World

LONG_AGO = timedelta(days=366 * 12)
REASON = {"reason": "保管期满，经鉴定无继续保存价值"}


def closed(world: World, *datas: bytes, hazard: bool = True, **facts: Any) -> str:
    """A published inspection with these photos, `p0-<task>` and so on; gives the task's id."""
    task_id = world.task(**facts)
    outcome, value = ("term_correction", "fail") if hazard else ("none", "pass")
    ok(
        world.lead.push(
            op("task", task_id, {"status": "in_progress"}),
            op("record", task_id, {"unit_name": "小吃店", "outcome": outcome}),
            op("answer", f"{task_id}.1.1", {"value": value}),
            op("answer", f"{task_id}.1.2", {"value": "pass"}),
        )
    )
    of = {}
    if hazard:
        said = {"item_code": "1.1", "title": "灭火器失效", "action": "term_correction"}
        ok(world.lead.push(new_finding(f"f-{task_id}", task_id, **said)))
        of = {"of_type": "finding", "of_id": f"f-{task_id}"}
    for n, data in enumerate(datas):
        declare(world.lead, task_id, f"p{n}-{task_id}", data, **of)
        upload(world.lead, data, f"p{n}-{task_id}")
    submit(world, task_id)
    for step, body in (("approve", None), ("publish", {})):
        answer = world.supervisor.post(f"/tasks/{task_id}/{step}", body)
        assert answer.status_code in (200, 201), answer.text
    return task_id


def long_ago(world: World, *task_ids: str) -> None:
    """As if they had been approved and published twelve years before."""
    then = now() - LONG_AGO
    with world.parts.database.write() as session:
        of_these = Task.id.in_(task_ids)
        session.execute(update(Task).where(of_these).values(reviewed_at=then))
        notices = update(Publication).where(Publication.task_id.in_(task_ids))
        session.execute(notices.values(published_at=then))
    seal(world)


def seal(world: World) -> None:
    """As the job does by the minute."""
    world.parts.jobs.run_now("seal_custody")


def set_terms(world: World, years: int = 10, **others: int | None) -> None:
    """The corps keeps everything for so long; what happened before is sealed."""
    seal(world)
    kinds = ("with_findings", "without_findings", "quarantined", "undeclared")
    for kind, term in {**dict.fromkeys(kinds, years), **others}.items():
        put_term(world.admin, "corps", kind, term)


def put_term(caller: Caller, organisation_id: str, kind: str, years: Any, status: int = 200) -> Any:
    body = {"years": years, "reason": "保管期限表"}
    path = f"/retention/terms/{organisation_id}/{kind}"
    answer = caller.call("PUT", path, json=body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def due(caller: Caller) -> dict[tuple[str, str | None], int]:
    """How many files of each kind are due (None) or kept for a reason."""
    answer = caller.get("/retention/due")
    assert answer.status_code == 200, answer.text
    found = answer.get_json()["items"]
    return {(each["kind"], each["kept_because"]): each["files"] for each in found}


def request(caller: Caller, status: int = 201, **asked: Any) -> dict[str, Any]:
    answer = caller.post("/retention/acts", {**REASON, **asked})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def approved_act(world: World) -> str:
    """An act that the supervisor asked for and the admin approved; nothing is carried out yet."""
    seal(world)
    act_id = request(world.supervisor)["id"]
    answer = world.admin.post(f"/retention/acts/{act_id}/approve", {"note": "同意"})
    assert answer.status_code == 200, answer.text
    return act_id


def carry_out(world: World) -> None:
    world.parts.jobs.run_now("carry_out_deletions")


def hold(caller: Caller, target_type: str, target_id: str, status: int = 201, **more: Any) -> Any:
    said = {"target_type": target_type, "target_id": target_id, "reason": "行政复议", **more}
    answer = caller.post("/holds", said)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def release(caller: Caller, hold_id: str, status: int = 200) -> Any:
    answer = caller.post(f"/holds/{hold_id}/release", {"reason": "复议终结"})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def states(world: World, task_id: str) -> dict[str, str]:
    """The state of each photo of a task."""
    query = select(Photo.id, Photo.state).where(Photo.task_id == task_id).order_by(Photo.id)
    with world.parts.database.read() as session:
        return dict(session.execute(query).all())


def items(world: World, act_id: str) -> dict[str, tuple[str, str | None]]:
    """What became of each subject of an act."""
    query = select(DeletionItem).where(DeletionItem.act_id == act_id)
    with world.parts.database.read() as session:
        return {i.subject_id: (i.state, i.kept_because) for i in session.scalars(query)}


def file_row(world: World, data: bytes) -> EvidenceFile:
    with world.parts.database.read() as session:
        return session.get_one(EvidenceFile, digest(data))


def is_stored(world: World, data: bytes) -> bool:
    return world.parts.media.originals.exists(digest(data))
