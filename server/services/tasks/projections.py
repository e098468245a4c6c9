"""What devices see of the server's own tables: task, object, checklist and history documents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.clock import from_ms, wire_day, wire_moment, wire_time
from server.models import (
    Assignment,
    Checklist,
    Device,
    InspectionObject,
    LateOp,
    Officer,
    Organisation,
    Receipt,
    Task,
    UnawaitedDevice,
    User,
)
from server.services.bulk import as_json, ids_from_json
from server.services.sync.documents import ServerDocument, put_documents
from server.services.tasks.past_checks import histories


def project_task(session: Session, task_id: str, now: datetime) -> bool:
    """Write the task document anew from the tables; gives whether it changed.

    Call it after every change to a task's row, its assignments or its salvaged work; announcing
    the change is the caller's.
    """
    data = task_data(session, task_id)
    return bool(put_documents(session, [ServerDocument("task", task_id, data, task_id)], now=now))


def task_data(session: Session, task_id: str) -> dict[str, Any]:
    """What the task document says, from the tables."""
    session.flush()
    row = session.execute(
        select(Task, Checklist.code, Checklist.version, Organisation.practice)
        .join(Checklist, Checklist.id == Task.checklist_id)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(Task.id == task_id)
    ).one()
    task: Task = row.Task
    return {
        **({"practice": True} if row.practice else {}),  # only there: others stand as they are
        "number": task.number,
        "origin": task.origin,
        "object_id": task.object_id,
        "checklist_id": task.checklist_id,
        "checklist_code": row.code,
        "checklist_version": row.version,
        "organisation_id": task.organisation_id,
        "status": task.status,
        "round": task.round,
        "due_on": wire_day(task.due_on),
        "planned_on": wire_day(task.planned_on),
        "started_at": wire_moment(task.started_at),
        "finished_at": wire_moment(task.finished_at),
        "assignments": _assignments(session, task_id),
        "source_document": task.source_document,
        "send_back_reason": task.send_back_reason,
        "cancel_reason": task.cancel_reason,
        "salvaged": _salvaged(session, task_id),
        "not_awaited": _not_awaited(session, task_id),
    }


def project_surroundings(session: Session, task: Task, now: datetime) -> set[tuple[str, str]]:
    """Write what a task's holders need besides the task itself: its object, the object's history
    and the pinned checklist. Gives the (type, id) of what changed."""
    # Locked, so that a check of the object that is approved meanwhile is not missing from history.
    site = session.get_one(InspectionObject, task.object_id, with_for_update={"key_share": True})
    checklist = session.get_one(Checklist, task.checklist_id)
    documents = [_object(site), _checklist(checklist), *histories(session, [site.id])]
    return put_documents(session, documents, now=now)


def project_objects(
    session: Session, object_ids: Sequence[str], now: datetime
) -> set[tuple[str, str]]:
    """Write the object and history documents anew where devices have them; gives what changed.

    For a register that was corrected and for a check that was approved.
    """
    session.flush()
    held = session.execute(
        text(f"SELECT id FROM documents WHERE type = 'object' AND id IN {ids_from_json(session)}"),
        {"ids": as_json(list(object_ids))},
    ).scalars()
    sites = session.scalars(
        select(InspectionObject)
        .where(InspectionObject.id.in_(list(held)))
        .order_by(InspectionObject.id)  # one order for all who write them: nobody deadlocks
    ).all()
    documents = [_object(site) for site in sites]
    documents += histories(session, [site.id for site in sites])
    return put_documents(session, documents, now=now)


def _object(site: InspectionObject) -> ServerDocument:
    fields = (
        "name", "kind", "small_kind", "address", "credit_code", "division_code", "latitude",
        "longitude", "tags", "contact_name", "contact_phone",
    )  # fmt: skip
    return ServerDocument("object", site.id, {name: getattr(site, name) for name in fields})


def _checklist(checklist: Checklist) -> ServerDocument:
    fields = ("code", "version", "title", "kind", "items")
    data = {name: getattr(checklist, name) for name in fields}
    return ServerDocument("checklist", checklist.id, data)


def _assignments(session: Session, task_id: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Assignment.officer_id, Officer.name, Assignment.role)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(Assignment.task_id == task_id, Assignment.ended_at.is_(None))
        .order_by(Assignment.role.desc(), Assignment.officer_id)  # the lead first
    )
    return [dict(row._mapping) for row in rows]


def _salvaged(session: Session, task_id: str) -> list[dict[str, Any]]:
    """Work that arrived after its writer had left the task (抢救记录) or after its approval
    (补正), in the order of arrival, and what was decided about it."""
    rows = session.execute(
        select(
            Receipt.op_id, Receipt.type, Receipt.entity_id, Receipt.body, Receipt.received_ms,
            User.officer_id, LateOp.id.label("late_op_id"), LateOp.kind, LateOp.state,
            LateOp.reason,
        )
        .join(User, User.id == Receipt.user_id)
        .outerjoin(
            LateOp, (LateOp.device_id == Receipt.device_id) & (LateOp.op_id == Receipt.op_id)
        )
        .where(Receipt.task_id == task_id, Receipt.status == "salvaged")
        .order_by(Receipt.received_ms, Receipt.device_id, Receipt.n)
    )  # fmt: skip
    return [
        {
            "op_id": row.op_id,
            "type": row.type,
            "id": row.entity_id,
            "patch": orjson.loads(row.body or "{}").get("patch"),
            "by": row.officer_id,
            "at": wire_time(from_ms(row.received_ms)),
            "late_op_id": row.late_op_id,
            "kind": row.kind,
            "state": row.state,
            "reason": row.reason,
        }
        for row in rows
    ]


def _not_awaited(session: Session, task_id: str) -> list[dict[str, Any]]:
    """The devices that approval did not wait for, with the reason given."""
    rows = session.execute(
        select(UnawaitedDevice, Device.name, User.name.label("user_name"))
        .join(Device, Device.id == UnawaitedDevice.device_id)
        .join(User, User.id == Device.user_id)
        .where(UnawaitedDevice.task_id == task_id)
        .order_by(UnawaitedDevice.named_at, UnawaitedDevice.device_id)
    )
    return [
        {
            "device_id": row.UnawaitedDevice.device_id,
            "device_name": row.name,
            "user_name": row.user_name,
            "round": row.UnawaitedDevice.round,
            "reason": row.UnawaitedDevice.reason,
            "waiting_ops": row.UnawaitedDevice.waiting_ops,
            "waiting_photos": row.UnawaitedDevice.waiting_photos,
            "held_ops": row.UnawaitedDevice.held_ops,
            "at": wire_time(row.UnawaitedDevice.named_at),
        }
        for row in rows
    ]
