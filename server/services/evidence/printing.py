"""What stands on the printed copy of a photo (打印副本): when, where, who, and which original."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.stamp import Line
from server.clock import CHINA, parse_time
from server.models import EvidenceFile, InspectionObject, Officer, Photo, Task, User
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.photos import photo_file
from server.services.scope import Actor
from server.services.sync.documents import read_documents

UNKNOWN = "未记录"
SHOWN_DIGITS = 16
"""Of the sha256: enough to find the original by, and to tell it from every other."""


class Print(NamedTuple):
    """The original that is printed, and what stands below it."""

    file: EvidenceFile
    lines: list[Line]


def print_photo(session: Session, *, actor: Actor, photo_id: str, now: datetime) -> Print:
    """What to print of a verified photo in one's scope; that it was printed stands in its custody.

    Raises `not_found`.
    """
    file = photo_file(session, actor=actor, photo_id=photo_id)
    details = {"sha256": file.sha256, "purpose": "print"}
    seen = Custody(photo_id, "viewed", actor.user_id, actor.device_id, details)
    record_custody(session, [seen], now=now)
    record_act(
        session, actor=actor, action="photo.print", target_type="photo", target_id=photo_id,
        after={"sha256": file.sha256}, now=now,
    )  # fmt: skip
    return Print(file, _lines(session, actor, photo_id, file, now=now))


def _lines(
    session: Session, actor: Actor, photo_id: str, file: EvidenceFile, *, now: datetime
) -> list[Line]:
    photo, task, site, officer, name = session.execute(
        select(Photo, Task, InspectionObject, Officer, User.name)
        .join(Task, Task.id == Photo.task_id)
        .join(InspectionObject, InspectionObject.id == Task.object_id)
        .join(User, User.id == Photo.user_id)
        .outerjoin(Officer, Officer.id == User.officer_id)
        .where(Photo.id == photo_id)
    ).one()
    document = read_documents(session, [("photo", photo_id)]).get(("photo", photo_id))
    said = document.data if document else {}
    return [
        Line("检查对象", f"{site.name}（任务 {task.number}）"),
        Line("地址", site.address or UNKNOWN),
        Line("拍摄时间", f"{_time(parse_time(said.get('taken_at')))}（终端所报）"),
        Line("送达时间", f"{_time(photo.received_at)}（服务器）"),
        Line("坐标", _position(said, file.facts)),
        Line("执法人员", f"{officer.name if officer else name}（证件号 {_certificate(officer)}）"),
        Line("照片编号", photo_id),
        Line("原件 SHA-256", f"{file.sha256[:SHOWN_DIGITS]}…"),
        Line("打印", f"{_time(now)}，{actor.name}"),
    ]


def _certificate(officer: Officer | None) -> str:
    return (officer.certificate_number if officer else None) or UNKNOWN


def _time(moment: datetime | None) -> str:
    """China time, by which the law counts."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else UNKNOWN


def _position(said: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What the device said; else what the camera wrote into the file; and which of them it is."""
    accuracy = f"，±{said['accuracy_m']:.0f} 米" if said.get("accuracy_m") is not None else ""
    for source, where in ((f"终端所报{accuracy}", said), ("照片所载", facts.get("position") or {})):
        latitude, longitude = where.get("latitude"), where.get("longitude")
        if latitude is not None and longitude is not None:
            north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
            return f"{abs(latitude):.6f}°{north} {abs(longitude):.6f}°{east}（{source}）"
    return UNKNOWN
