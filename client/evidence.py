"""Attaching photos (照片证据): the bytes are taken in, declared by an op, and queued for upload."""

from __future__ import annotations

import mimetypes
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from client import journal, mirror, photo_queue
from client.clock import wire_time
from client.errors import NotOnDevice
from client.folding import task_of
from client.journal import Pen
from client.photo_queue import QueuedPhoto

Json = dict[str, Any]

BEGUN_AT = {"answer": "answered_at", "record": "started_at"}
"""With which field a parent begins that a photo is taken of first."""


@dataclass(frozen=True)
class PhotoFacts:
    """What is known when a photo is taken. Position in degrees (WGS 84), accuracy in metres."""

    kind: str = "evidence"
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None

    def patch(self) -> Json:
        """The fields for the wire; what is not known is absent."""
        known = {
            "kind": self.kind,
            "taken_at": self.taken_at and wire_time(self.taken_at),
            "latitude": self.latitude,
            "longitude": self.longitude,
            "accuracy_m": self.accuracy_m,
        }
        return {field: value for field, value in known.items() if value is not None}


@dataclass(frozen=True)
class Bytes:
    """A photo's bytes in the device's own folder."""

    sha256: str
    size_bytes: int
    filename: str

    @property
    def media_type(self) -> str:
        """Guessed by the name; the server looks at the bytes themselves."""
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"


def attach(pen: Pen, of: tuple[str, str], taken: Bytes, facts: PhotoFacts) -> str:
    """Declare a photo of an entity, link it there, queue its bytes: one transaction.

    Three ops in this order, so that each finds what it refers to: the parent, if it begins here;
    the photo; the parent's list of photos. Answers the photo id.
    """
    task_id = _begin_parent(pen, *of)
    photo_id = uuid.uuid4().hex
    born = journal.births(pen, *of)
    declared = _declaration(task_id, of, taken) | facts.patch()
    op = journal.write(pen, "photo", photo_id, declared, depends_on=born)
    _link(pen, of, photo_id, depends_on=(op.op_id,) if op else ())
    photo_queue.add(pen.db, _queued(pen, photo_id, taken))
    return photo_id


def _begin_parent(pen: Pen, type_: str, id_: str) -> str:
    """The parent's task. An answer or record without one is begun; a finding must be there."""
    parent = mirror.find(pen.db, pen.account.user_id, type_, id_)
    task_id = task_of(type_, id_, parent.data if parent else None)
    if task_id is None:
        raise NotOnDevice(f"no {type_} {id_} on this device to attach a photo to")
    if parent is None:
        journal.write(pen, type_, id_, {BEGUN_AT[type_]: wire_time(pen.now)})
    return task_id


def _declaration(task_id: str, of: tuple[str, str], taken: Bytes) -> Json:
    return {
        "task_id": task_id,
        "of_type": of[0],
        "of_id": of[1],
        "sha256": taken.sha256,
        "size_bytes": taken.size_bytes,
        "filename": taken.filename,
        "media_type": taken.media_type,
    }


def _link(pen: Pen, of: tuple[str, str], photo_id: str, depends_on: tuple[str, ...]) -> None:
    parent = mirror.get(pen.db, pen.account.user_id, *of)
    photos = [*parent.data.get("photos", []), photo_id]
    journal.write(pen, *of, {"photos": photos}, depends_on=depends_on)


def _queued(pen: Pen, photo_id: str, taken: Bytes) -> QueuedPhoto:
    return QueuedPhoto(
        photo_id=photo_id,
        user_id=pen.account.user_id,
        sha256=taken.sha256,
        size_bytes=taken.size_bytes,
        filename=taken.filename,
        media_type=taken.media_type,
    )
