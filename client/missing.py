"""Photos of a task that have not reached the server, and where their bytes are (缺失照片)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from client import photo_queue
from client.photo_queue import ARRIVED_STATES, REFUSED, SENT, WAITING
from client.views import TaskView

SETTLED = ARRIVED_STATES | {"lost"}
HERE = {
    WAITING: "在本机，等待上传",
    SENT: "已上传，等待服务器核验",
    REFUSED: "在本机，服务器未采用",
}


@dataclass(frozen=True)
class MissingPhoto:
    """One photo that approval waits for; `where` says in Chinese where its bytes are."""

    photo_id: str
    of_type: str
    of_id: str
    filename: str | None
    where: str
    lost: str | None
    """What became of calling it lost: `open`, `refused`, …; None while nobody asked."""


def missing_photos(db: sqlite3.Connection, view: TaskView) -> list[MissingPhoto]:
    """Those that were declared and did not come, then those that are named and not declared."""
    return [*_declared(db, view), *_only_named(view)]


def _declared(db: sqlite3.Connection, view: TaskView) -> Iterator[MissingPhoto]:
    for photo in view.photos:
        data = photo.data
        request = data.get("lost_request") or {}
        if data.get("state") in SETTLED:
            continue
        yield MissingPhoto(
            photo_id=photo.id,
            of_type=str(data.get("of_type")),
            of_id=str(data.get("of_id")),
            filename=data.get("filename"),
            where=_where(db, view, photo.id, data),
            lost=request.get("state") or ("open" if data.get("lost") else None),
        )


def _only_named(view: TaskView) -> Iterator[MissingPhoto]:
    declared = {photo.id for photo in view.photos}
    records = [view.record] if view.record else []
    for entity in (*records, *view.answers, *view.findings):
        for photo_id in entity.data.get("photos") or []:
            if photo_id not in declared:
                declared.add(photo_id)
                place = "已被引用，其申报尚未到达"
                yield MissingPhoto(photo_id, entity.type, entity.id, None, place, None)


def _where(db: sqlite3.Connection, view: TaskView, photo_id: str, data: dict[str, Any]) -> str:
    queued = photo_queue.find(db, photo_id)
    if queued is not None and queued.state in HERE:
        said = f"：{(queued.reason or {}).get('message')}" if queued.reason else ""
        return HERE[queued.state] + said
    if data.get("state") == "quarantined":
        return "已上传，但内容不符，已隔离"
    names = {each["officer_id"]: each["name"] for each in view.task.data.get("assignments", [])}
    by = names.get(data.get("by")) or data.get("by")
    return f"不在本机：在{by or '申报人'}的终端 {data.get('device') or ''} 上".rstrip()
