"""Which devices may hold more of a task than the server has (rule 10), and what came but is not
part of the record: shown before approval, and no obstacle to it."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.models import Assignment, Device, History, Task, User


def devices_of(session: Session, task: Task) -> list[dict[str, Any]]:
    """The devices of those who are on the task, and those that wrote something to it (rule 10)."""
    holders = select(Assignment.officer_id).where(
        Assignment.task_id == task.id, Assignment.ended_at.is_(None)
    )
    writers = select(History.device_id).where(History.task_id == task.id)
    rows = session.execute(
        select(
            Device.id, Device.name, Device.platform, Device.state, Device.last_seen_at,
            Device.last_push_at, Device.user_id, User.name.label("user_name"), User.officer_id,
        )
        .join(User, User.id == Device.user_id)
        .where(or_(User.officer_id.in_(holders), Device.id.in_(writers)))
        .order_by(Device.id)
    )  # fmt: skip
    return [
        {**row._mapping, "heard_since_submission": _heard(row.last_seen_at, row.last_push_at, task)}
        for row in rows
    ]


def _heard(last_seen_at: Any, last_push_at: Any, task: Task) -> bool:
    if task.submitted_at is None:
        return False
    return any(moment and moment >= task.submitted_at for moment in (last_seen_at, last_push_at))


def silent_devices(task: Task, devices: list[dict[str, Any]]) -> list[dict[str, str]]:
    """A warning for each device that was not heard of since the task was submitted."""
    if task.submitted_at is None:
        return []
    return [
        _warning(
            "device_silent",
            f"终端“{device['name']}”（{device['user_name']}）自提交后尚未联系服务器，"
            "可能仍有未上传的内容。",
            "device",
            device["id"],
        )
        for device in devices
        if device["state"] == "active" and not device["heard_since_submission"]
    ]


_UNMERGED_WARNINGS = {
    "salvaged": ("op_salvaged", "有一条迟到的记录未并入，已作为抢救记录保存，请查看。"),
    "deferred": ("op_held", "有一条操作在等待其所依赖的内容，尚未并入。"),
    "rejected": ("op_rejected", "有一条操作未被接受，原文已保存，请查看。"),
}


def kept_aside(unmerged: list[dict[str, Any]]) -> list[dict[str, str]]:
    """A warning for each op that is not part of the record."""
    return [
        _warning(*_UNMERGED_WARNINGS[each["status"]], each["type"], each["id"]) for each in unmerged
    ]


def _warning(code: str, message: str, type_: str, id_: str) -> dict[str, str]:
    return {"code": code, "message": message, "type": type_, "id": id_}
