"""Done means done (rule 10): approval waits for what devices still hold, or names them.

A device is waited for while it said that something waits on it, while an op of it is held on the
server, or while it was not heard of since the submission although it may hold the task. A
supervisor who will not wait names the device and the reason; that stands with the record.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import UnawaitedDevice
from server.services.audit.acts import record_act
from server.services.review.completeness import Gap
from server.services.review.devices import devices_of
from server.services.review.inspections import require_reviewer
from server.services.scope import Actor
from server.services.sync.feed import announce_to_holders
from server.services.tasks.lifecycle import find_task
from server.services.tasks.projections import project_task

Facts = Mapping[str, Any]

AWAITED = {
    "device_waiting": "{device}上还有{waiting_ops}条操作、{waiting_photos}张照片未上传，"
    "请等待其同步，或注明不再等待的理由。",
    "device_op_held": "{device}有{held_ops}条操作在等待其所依赖的内容，"
    "请先处理，或注明不再等待的理由。",
    "device_silent": "{device}自提交后尚未联系服务器，可能仍有未上传的内容，"
    "请等待其同步，或注明不再等待的理由。",
}
SILENT = "{device}自提交后尚未联系服务器，可能仍有未上传的内容。"
UNMERGED = {
    "salvaged": ("op_salvaged", "有一条迟到的记录未并入，已作为抢救记录保存，请查看。"),
    "deferred": ("op_held", "有一条操作在等待其所依赖的内容，尚未并入。"),
    "rejected": ("op_rejected", "有一条操作未被接受，原文已保存，请查看。"),
}


def awaited(devices: Iterable[Facts]) -> list[Gap]:
    """What approval waits for, a gap for each device."""
    return [
        Gap(because, _said(AWAITED[because], device), "device", device["id"])
        for device in devices
        if (because := device["awaited_because"])
    ]


def silent(devices: Iterable[Facts]) -> list[dict[str, str]]:
    """A warning for each device in use that was not heard of since the submission and is not
    waited for: it cannot have pulled the task, or somebody said why it is not awaited."""
    return [
        Gap("device_silent", _said(SILENT, device), "device", device["id"])._asdict()
        for device in devices
        if device["state"] == "active"
        and device["awaited_because"] is None
        and not device["heard_since_submission"]
    ]


def kept_aside(unmerged: Sequence[Facts]) -> list[dict[str, str]]:
    """A warning for each op that is not part of the record."""
    return [Gap(*UNMERGED[each["status"]], each["type"], each["id"])._asdict() for each in unmerged]


def name_not_awaited(
    session: Session, *, actor: Actor, task_id: str, device_id: str, reason: str, now: datetime
) -> list[dict[str, Any]]:
    """Say that approval shall not wait for a device, and why; gives the task's devices.

    It holds for this round of the task. Raises `not_found`, `reviewer_on_task`, or `state_invalid`
    where the task is not submitted or the device is not waited for.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    require_reviewer(session, actor=actor, task_id=task_id)
    found = {device["id"]: device for device in devices_of(session, task)}
    if device_id not in found:
        raise DomainError("not_found", details={"field": "device_id"})
    device = found[device_id]
    if device["awaited_because"] is None:
        raise DomainError("state_invalid", details={"step": "not_awaited", "status": task.status})
    known = {name: device[name] for name in ("waiting_ops", "waiting_photos", "held_ops")}
    session.add(
        UnawaitedDevice(
            task_id=task_id, round=task.round, device_id=device_id, reason=reason,
            last_contact_at=device["last_contact_at"], named_by=actor.user_id, named_at=now,
            **known,
        )
    )  # fmt: skip
    record_act(
        session, actor=actor, action="task.not_awaited", target_type="task", target_id=task_id,
        after={"device_id": device_id, "reason": reason, "because": device["awaited_because"],
               "round": task.round, **known},
        now=now,
    )  # fmt: skip
    project_task(session, task_id, now)
    announce_to_holders(session, [(task_id, "task", task_id)])
    return devices_of(session, task)


def _said(message: str, device: Facts) -> str:
    return message.format_map(
        {**device, "device": f"终端“{device['name']}”（{device['user_name']}）"}
    )
