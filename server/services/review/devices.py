"""The devices of a task (任务终端): which may hold more of it than the server has (rule 10), and
what came but is not part of the record."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Device, Task, UnawaitedDevice, User
from server.models.base import UtcDateTime
from server.services.bulk import as_json, ids_from_json
from server.services.scope import Actor
from server.services.sync.standing import standings
from server.services.tasks.lifecycle import find_task

#: A pull leaves no trace. Whoever was heard so shortly before a task became theirs may have pulled
#: it since with the token they got then.
PULLS_UNSEEN = timedelta(days=1)

#: those of everyone who is on the task, of everyone who left and may still send, and all that ever
#: wrote to it; `since` is when the task came to their person, `left_at` when they last left it
DEVICES = text(
    "SELECT d.id, MIN(a.assigned_at) AS since, MAX(a.ended_at) AS left_at, "
    "MAX(CASE WHEN a.ended_at IS NULL THEN a.role END) AS role, COUNT(a.id) AS stands "
    "FROM devices d JOIN users u ON u.id = d.user_id LEFT JOIN assignments a "
    "ON a.officer_id = u.officer_id AND a.task_id = :task AND a.purged_at IS NULL "
    "WHERE a.id IS NOT NULL OR d.id IN (SELECT device_id FROM history WHERE task_id = :task) "
    "GROUP BY d.id ORDER BY d.id"
).columns(since=UtcDateTime(), left_at=UtcDateTime())
#: ops of these devices that wait on the server: on this task, or on nobody knows yet which
HELD = (
    "SELECT c.device_id, COUNT(*) AS held FROM receipts c "
    "LEFT JOIN documents d ON d.type = c.type AND d.id = c.entity_id "
    "WHERE c.status = 'deferred' AND c.device_id IN {ids} "
    "AND COALESCE(c.task_id, d.task_id, :task) = :task GROUP BY c.device_id"
)


def devices_of(session: Session, task: Task) -> list[dict[str, Any]]:
    """Every device of the task with its last contact, and what it said still waits on it."""
    stand = {row.id: row for row in session.execute(DEVICES, {"task": task.id})}
    held = _held_ops(session, task.id, list(stand))
    named = _named(session, task)
    found = session.execute(
        select(
            Device.id, Device.name, Device.platform, Device.state, Device.user_id,
            Device.last_seen_at, Device.last_push_at, Device.pending, Device.pending_told_at,
            User.name.label("user_name"), User.officer_id,
        )
        .join(User, User.id == Device.user_id)
        .where(Device.id.in_(stand))
        .order_by(Device.id)
    )  # fmt: skip
    return [
        _facts(device, task, stand[device.id], held.get(device.id, 0), named.get(device.id))
        for device in found
    ]


def read_devices(session: Session, *, actor: Actor, task_id: str) -> list[dict[str, Any]]:
    """The devices of a task, for those who are on it and those who supervise it. Raises
    `not_found`."""
    if actor.role == "officer":
        standing = standings(session, [task_id]).get((task_id, actor.officer_id or ""))
        if standing not in ("lead", "assistant"):
            raise DomainError("not_found")
        return devices_of(session, session.get_one(Task, task_id))
    return devices_of(session, find_task(session, actor=actor, task_id=task_id))


def _facts(device: Any, task: Task, stands: Any, held: int, named: Any) -> dict[str, Any]:
    waiting = [each for each in device.pending or () if each["task_id"] == task.id]
    last_contact_at = max(filter(None, (device.last_seen_at, device.last_push_at)), default=None)
    facts = {
        **{name: getattr(device, name) for name in _SHOWN},
        "standing": stands.role or ("former" if stands.stands else "gone"),
        "last_contact_at": last_contact_at,
        "heard_since_submission": _heard(last_contact_at, task),
        "waiting_ops": sum(each["ops"] for each in waiting),
        "waiting_photos": sum(each["photos"] for each in waiting),
        "held_ops": held,
        "not_awaited": named,
    }
    silent = _may_hold_unheard(last_contact_at, task, stands)
    return {**facts, "awaited_because": _awaited_because(facts, task, silent=silent)}


_SHOWN = (
    "id", "name", "platform", "state", "user_id", "user_name", "officer_id", "last_seen_at",
    "last_push_at", "pending_told_at",
)  # fmt: skip


def _awaited_because(facts: Mapping[str, Any], task: Task, *, silent: bool) -> str | None:
    """The code of why approval waits for a device; None where it does not."""
    if task.status != "submitted" or facts["not_awaited"] is not None:
        return None
    if facts["held_ops"] and facts["standing"] != "gone":
        return "device_op_held"
    if facts["state"] not in ("active", "draining") or facts["standing"] == "gone":
        return None
    if facts["waiting_ops"] or facts["waiting_photos"]:
        return "device_waiting"
    return "device_silent" if silent else None


def _may_hold_unheard(last_contact_at: datetime | None, task: Task, stands: Any) -> bool:
    """Whether a device may have something to say and has not been heard since it should have: since
    the submission, or since its person left. One that was last heard before the task came to its
    person cannot have it at all."""
    if last_contact_at is None or not stands.stands:
        return False
    if last_contact_at <= stands.since - PULLS_UNSEEN:
        return False
    moment = task.submitted_at if stands.role else stands.left_at
    return moment is None or last_contact_at < moment


def _heard(last_contact_at: datetime | None, task: Task) -> bool:
    if task.submitted_at is None or last_contact_at is None:
        return False
    return last_contact_at >= task.submitted_at


def _held_ops(session: Session, task_id: str, device_ids: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        text(HELD.format(ids=ids_from_json(session))),
        {"task": task_id, "ids": as_json(device_ids)},
    )
    return {row.device_id: row.held for row in rows}


def _named(session: Session, task: Task) -> dict[str, dict[str, Any]]:
    """The devices that a supervisor named as not awaited in this round."""
    found = session.execute(
        select(UnawaitedDevice, User.name)
        .join(User, User.id == UnawaitedDevice.named_by)
        .where(UnawaitedDevice.task_id == task.id, UnawaitedDevice.round == task.round)
    )
    return {
        row.device_id: {"reason": row.reason, "named_by": name, "named_at": row.named_at}
        for row, name in found
    }
