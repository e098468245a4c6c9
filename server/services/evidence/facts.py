"""What is known of a photo (照片事实), side by side: what the camera wrote into the file, what the
device said of it, and what the server saw itself.

Only the server's own times are proof of anything. Positions of camera and device are nominally
WGS-84, and so is the object's, which in the register is what somebody entered: CGCS2000 of a survey
is the same to the decimetre, but a point picked on a Chinese map app is GCJ-02 (or BD-09) and lies
100 to 700 m beside it. Nothing says which it was, so nothing is converted, and who compares allows
for it (`doubts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from media.exif import Position
from media.places import distance_m
from server.clock import CHINA, from_ms, parse_time
from server.models import Document, EvidenceFile, History, InspectionObject, Photo, Task


@dataclass(frozen=True, kw_only=True)
class PhotoFacts:
    """Each is None where nobody said it. `camera_at` is UTC by the camera's own offset; of one that
    wrote none, `camera_wall_clock` alone is known. `device_taken_at` is by the device's clock, and
    `device_taken_corrected_at` the same by the server's; `written_at` is when the device wrote its
    op, corrected, and `pushed_at` when that came. `stored_at` is the first time that these bytes
    were here."""

    photo_id: str
    task_id: str
    sha256: str | None
    media_type: str | None
    size_bytes: int | None
    width_px: int | None
    height_px: int | None
    make: str | None
    model: str | None

    camera_wall_clock: str | None
    camera_at: datetime | None
    device_taken_at: datetime | None
    device_clock_offset_ms: int | None
    device_taken_corrected_at: datetime | None
    device_stamped_at: datetime | None
    written_at: datetime | None
    pushed_at: datetime | None
    declared_at: datetime
    stored_at: datetime | None
    received_at: datetime | None
    verified_at: datetime | None
    task_created_at: datetime
    task_started_at: datetime | None

    camera_position: Position | None
    device_position: Position | None
    device_accuracy_m: float | None
    object_position: Position | None

    @property
    def camera_moment(self) -> datetime | None:
        """When the camera says it was; without an offset of its own its clock is read as China's
        (UTC+8), which is right for all that is inspected here."""
        if self.camera_at or not self.camera_wall_clock:
            return self.camera_at
        return datetime.fromisoformat(self.camera_wall_clock).replace(tzinfo=CHINA)

    @property
    def camera_to_object_m(self) -> float | None:
        """From where the camera says it was to where the object is."""
        return _between(self.camera_position, self.object_position)

    @property
    def device_to_object_m(self) -> float | None:
        """From where the device says it was to where the object is."""
        return _between(self.device_position, self.object_position)

    @property
    def camera_to_device_m(self) -> float | None:
        """Between the two places at which one picture is said to be taken."""
        return _between(self.camera_position, self.device_position)

    def on_the_wire(self) -> dict[str, Any]:
        """All of it as it is shown."""
        distances = ("camera_to_object_m", "device_to_object_m", "camera_to_device_m")
        return {**asdict(self), **{name: getattr(self, name) for name in distances}}


def facts_of(session: Session, photo_ids: Sequence[str]) -> dict[str, PhotoFacts]:
    """The facts of photos by their ids, with one statement."""
    first = aliased(History)
    earliest = (
        select(func.min(first.rev))
        .where(first.type == "photo", first.entity_id == Photo.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Photo, EvidenceFile, Document.data, Task.created_at, Task.started_at,
            History.device_ms, History.offset_ms, History.effective_ms, History.received_ms,
            InspectionObject.latitude, InspectionObject.longitude,
        )
        .join(Task, Task.id == Photo.task_id)
        .join(InspectionObject, InspectionObject.id == Task.object_id)
        .outerjoin(EvidenceFile, EvidenceFile.sha256 == Photo.received_sha256)
        .outerjoin(Document, (Document.type == "photo") & (Document.id == Photo.id))
        .outerjoin(
            History,
            (History.type == "photo")
            & (History.entity_id == Photo.id)
            & (History.rev == earliest)
            & History.op_id.is_not(None),
        )
        .where(Photo.id.in_(photo_ids))
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return {row.Photo.id: _gathered(row) for row in rows}


def _gathered(row: Row[Any]) -> PhotoFacts:
    photo, file = row.Photo, row.EvidenceFile
    said: Mapping[str, Any] = row.data or {}
    exif: Mapping[str, Any] = file.facts if file else {}
    taken_at = parse_time(said.get("taken_at"))
    return PhotoFacts(
        photo_id=photo.id,
        task_id=photo.task_id,
        sha256=photo.received_sha256,
        media_type=file and file.media_type,
        size_bytes=file and file.size_bytes,
        width_px=exif.get("width_px"),
        height_px=exif.get("height_px"),
        make=exif.get("make"),
        model=exif.get("model"),
        camera_wall_clock=exif.get("taken_wall_clock"),
        camera_at=parse_time(exif.get("taken_at")),
        device_taken_at=taken_at,
        device_clock_offset_ms=row.offset_ms,
        device_taken_corrected_at=_shifted(taken_at, row.offset_ms),
        device_stamped_at=_moment(row.device_ms),
        written_at=_moment(row.effective_ms),
        pushed_at=_moment(row.received_ms),
        declared_at=photo.declared_at,
        stored_at=file and file.stored_at,
        received_at=photo.received_at,
        verified_at=photo.verified_at,
        task_created_at=row.created_at,
        task_started_at=row.started_at,
        camera_position=_place(exif.get("position") or {}),
        device_position=_place(said),
        device_accuracy_m=said.get("accuracy_m"),
        object_position=_place(row._asdict()),
    )


def _place(said: Mapping[str, Any]) -> Position | None:
    """A position with both its halves; zero and zero is what a receiver without a fix says."""
    latitude, longitude = said.get("latitude"), said.get("longitude")
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return Position(latitude, longitude)


def _between(one: Position | None, other: Position | None) -> float | None:
    return round(distance_m(one, other), 1) if one and other else None


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _shifted(moment: datetime | None, offset_ms: int | None) -> datetime | None:
    if moment is None or offset_ms is None:
        return moment
    try:
        return moment + timedelta(milliseconds=offset_ms)
    except OverflowError:  # a clock of the year 9999
        return None
