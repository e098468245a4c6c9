"""What stands on the printed copy of a photo (打印副本): when, where, who, and which original."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.stamp import Line
from server.clock import CHINA
from server.models import EvidenceFile, InspectionObject, Officer, Photo, Task, User
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.facts import PhotoFacts, facts_of
from server.services.evidence.photos import photo_file
from server.services.scope import Actor

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
    number, site, officer, name = session.execute(
        select(Task.number, InspectionObject, Officer, User.name)
        .select_from(Photo)
        .join(Task, Task.id == Photo.task_id)
        .join(InspectionObject, InspectionObject.id == Task.object_id)
        .join(User, User.id == Photo.user_id)
        .outerjoin(Officer, Officer.id == User.officer_id)
        .where(Photo.id == photo_id)
    ).one()
    facts = facts_of(session, [photo_id])[photo_id]
    return [
        *([Line("演练", "演练中拍摄，不是执法证据")] if site.practice else ()),
        Line("检查对象", f"{site.name}（任务 {number}）"),
        Line("地址", site.address or UNKNOWN),
        Line("拍摄时间", f"{_time(facts.device_taken_at)}（终端所报）"),
        Line("送达时间", f"{_time(facts.received_at)}（服务器）"),
        Line("坐标", _position(facts)),
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


def _position(facts: PhotoFacts) -> str:
    """What the device said; else what the camera wrote into the file; and which of them it is."""
    accuracy_m = facts.device_accuracy_m
    accuracy = f"，±{accuracy_m:.0f} 米" if accuracy_m is not None else ""
    for source, at in (
        (f"终端所报{accuracy}", facts.device_position),
        ("照片所载", facts.camera_position),
    ):
        if at is not None:
            north, east = "N" if at.latitude >= 0 else "S", "E" if at.longitude >= 0 else "W"
            return f"{abs(at.latitude):.6f}°{north} {abs(at.longitude):.6f}°{east}（{source}）"
    return UNKNOWN
