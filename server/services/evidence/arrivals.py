"""An upload is complete (上传完成): its bytes are judged, and become an original or are kept aside.

The order survives a kill at any point. Good bytes go into the store first and the row follows: a
row left behind is found by `recovered`. Bad bytes are called quarantined first, while they still
lie, flushed, where they arrived, and then moved: what was left behind there is moved by the sweep.
In a bucket both are copied, and what is left of the upload goes last.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from media.errors import MediaError, UploadNotFound
from media.examine import MediaFacts, examine, type_of
from media.images import Source
from media.partial import PartialUpload
from media.store import Store
from server.clock import wire_moment
from server.db import Database
from server.errors import CATALOGUE, DomainError
from server.failpoints import reach
from server.models import Photo, Upload
from server.services.audit.acts import act
from server.services.bulk import WORD, Insert, as_json, insert_rows, json_parameter
from server.services.evidence.custody import Custody, custody_rows, record_custody
from server.services.evidence.derivatives import derivative_rows
from server.services.evidence.files import require_quarantine, wait_for_removal
from server.services.evidence.verification import (
    PAST,
    VERIFIED,
    Waiting,
    call_verified,
    show_photos,
)
from server.services.scope import Actor
from server.services.sql import as_stored, run
from server.services.sync.locks import lock_tasks
from server.stores import MediaStores

Fault = dict[str, Any]

QUARANTINED = {"state": "quarantined"}

#: an upload's own photo, whoever declared it, and those of the same bytes that its sender did
CONCERNED = """
SELECT id, task_id, state, sha256, user_id FROM photos WHERE id = :id
UNION
SELECT id, task_id, state, sha256, user_id FROM photos WHERE sha256 = :sha256 AND user_id = :user_id
ORDER BY id"""
ENDED = """
UPDATE uploads SET state = :state, fault = {fault}, received_sha256 = :sha256, completed_at = :now
WHERE id = :id AND state = 'open' RETURNING id"""
FILE = {
    "sha256": WORD, "size_bytes": "bigint", "media_type": WORD, "facts": "jsonb",
    "thumbnail_attempts": "int", "stored_at": "timestamptz",
}  # fmt: skip
#: bytes that come anew after they were removed: their file stands again
TAKEN_UP = """ON CONFLICT (sha256) DO UPDATE
SET deleting_at = NULL, deleted_at = NULL, stored_at = excluded.stored_at
WHERE evidence_files.deleted_at IS NOT NULL"""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A whole file: its own digest, what it is, or why it is no evidence."""

    sha256: str
    facts: MediaFacts | None = None
    fault: Fault | None = None


def judge(source: Source, *, sha256: str, stated_sha256: str | None) -> Arrival:
    """Whether a file whose digest is `sha256` is the photo or clip that its sender stated."""
    facts, fault = _examined(source)
    if sha256 != stated_sha256:
        details = {"stated": stated_sha256, "received": sha256}
        fault = _fault("sha256_mismatch", details, CATALOGUE["sha256_mismatch"].message)
    if fault is None:
        return Arrival(sha256=sha256, facts=facts)
    for_people = {"detected": type_of(source), "sound": facts is not None}
    return Arrival(sha256=sha256, fault={**fault, **for_people})


def _examined(source: Source) -> tuple[MediaFacts | None, Fault | None]:
    try:
        return examine(source), None
    except MediaError as error:
        return None, _fault(error.code, error.details, error.message)


def _fault(code: str, details: dict[str, Any], message: str) -> Fault:
    return {"code": code, "message": message, "details": {**details, "quarantined": True}}


def raise_fault(fault: Fault) -> None:
    """Tell the sender why the file is no evidence, as often as they ask."""
    raise DomainError(fault["code"], message=fault["message"], details=fault["details"])


@contextmanager
def completing(
    database: Database, media: MediaStores, upload: Upload, partial: PartialUpload
) -> Iterator[Arrival]:
    """Judge a whole file whose lock is held, and keep it; the block notes the arrival in a
    transaction of its own. Raises `UploadIncomplete`, and `UploadLocked` while an older file of the
    same bytes is being removed."""
    wait_for_removal(database, upload.sha256)
    whole = partial.finish(upload.length_bytes or 0)
    arrival = judge(whole.path, sha256=whole.sha256, stated_sha256=upload.sha256)
    reach("upload.judged")
    if arrival.fault is None:
        media.originals.take(whole)
        reach("upload.stored")
    yield arrival
    reach("upload.noted")
    if arrival.fault is not None:
        media.quarantine.take(whole)
    partial.remove()


def recovered(database: Database, originals: Store, upload: Upload) -> Arrival:
    """The arrival of an open upload whose file is gone, because the store took it before the
    server died. Raises `UploadNotFound` if the store has no such bytes, `UploadLocked` while they
    are being removed."""
    wait_for_removal(database, upload.sha256)
    sha256 = upload.sha256
    if sha256 is None or not originals.exists(sha256):
        raise UploadNotFound
    if originals.size_bytes(sha256) != upload.length_bytes:
        raise UploadNotFound
    with originals.open(sha256) as stream:
        return judge(stream, sha256=sha256, stated_sha256=sha256)


def complete_upload(
    session: Session, *, actor: Actor | None, upload: Upload, arrival: Arrival, now: datetime
) -> None:
    """Note what arrived, once: repeated, it changes nothing.

    `actor` is who sent it; None when the server makes good what a kill left undone. Raises
    `UploadLocked` while the same bytes are being removed from quarantine.
    """
    lock_tasks(session, [photo.task_id for photo in _concerned(session, upload, arrival)])
    if not _ended(session, upload, arrival, now=now):
        return
    if arrival.fault is not None:
        require_quarantine(session, arrival.sha256)
    insert_rows(session, *_left_by(session, upload, arrival, actor=actor, now=now))
    concerned = _concerned(session, upload, arrival)
    sound = [] if arrival.fault is not None else [photo for photo in concerned if photo.proven]
    verified = call_verified(session, [photo.waiting for photo in sound], actor=actor, now=now)
    doubted = _doubt_photo(session, upload, arrival, concerned, now=now)
    patches = dict.fromkeys(verified, VERIFIED) | dict.fromkeys(doubted, QUARANTINED)
    show_photos(session, patches, actor=actor, now=now)


class Concerned(NamedTuple):
    """A photo that an upload is about: its own, or another that its sender declared of the same
    bytes. `proven` by those bytes, unless it was before."""

    id: str
    task_id: str
    state: str
    proven: bool
    own: bool

    @property
    def waiting(self) -> Waiting:
        """As it is told to others."""
        return Waiting(self.id, self.task_id)


def _concerned(session: Session, upload: Upload, arrival: Arrival) -> list[Concerned]:
    rows = run(
        session, CONCERNED,
        {"id": upload.photo_id, "user_id": upload.user_id, "sha256": arrival.sha256},
    )  # fmt: skip
    return [
        Concerned(
            row.id, row.task_id, row.state,
            proven=row.sha256 == arrival.sha256 and row.state not in PAST,
            own=row.id == upload.photo_id and row.user_id == upload.user_id,
        )
        for row in rows
    ]  # fmt: skip


def _ended(session: Session, upload: Upload, arrival: Arrival, *, now: datetime) -> bool:
    """Say on the upload's row what came of it, unless that was said before; gives whether it was
    not."""
    ended = run(
        session, ENDED.format(fault=json_parameter(session, "fault")),
        {
            "id": upload.id, "state": "done" if arrival.fault is None else "quarantined",
            "fault": arrival.fault and as_json(arrival.fault), "sha256": arrival.sha256,
            "now": as_stored(session, now),
        },
    )  # fmt: skip
    return bool(ended)


def _left_by(
    session: Session, upload: Upload, arrival: Arrival, *, actor: Actor | None, now: datetime
) -> list[Insert]:
    """What an arrival leaves: its mark in custody and audit, and a file that has small pictures to
    come."""
    kind = "received" if arrival.fault is None else "refused"
    details = {
        "upload_id": upload.id,
        "sha256": arrival.sha256,
        "size_bytes": upload.length_bytes,
        **({"fault": arrival.fault} if arrival.fault else {}),
    }
    photo_id = upload.photo_id or ""
    event = Custody(photo_id, kind, upload.user_id, upload.device_id, details)
    left = [
        custody_rows(session, [event], now=now),
        act(
            actor=actor, action=f"photo.{kind}", target_type="photo", target_id=photo_id,
            after=details, now=now,
        ),
    ]  # fmt: skip
    if arrival.facts is None or arrival.fault is not None:
        return left
    file = _file_row(arrival.sha256, arrival.facts) | {"stored_at": as_stored(session, now)}
    pictured = [] if arrival.facts.media_type.is_video else [arrival.sha256]
    return [
        *left,
        Insert("evidence_files", FILE, [file], TAKEN_UP),
        derivative_rows(session, pictured, now=now),
    ]


def _doubt_photo(
    session: Session, upload: Upload, arrival: Arrival, concerned: Sequence[Concerned], *,
    now: datetime,
) -> list[Waiting]:  # fmt: skip
    """Call the upload's photo in doubt unless it was verified, because what came for it is not what
    was declared; the caller shows it. Only its declarer's own upload can do that, and not to one
    that was declared lost."""
    if not any(photo.own and photo.state == "declared" for photo in concerned):
        return []
    rows = session.execute(
        update(Photo)
        .where(Photo.id == upload.photo_id, Photo.state == "declared")
        .values(state="quarantined", received_at=now)
        .returning(Photo.id, Photo.task_id)
        .execution_options(synchronize_session=False)
    )
    doubted = [Waiting(row.id, row.task_id) for row in rows]
    by = (upload.user_id, upload.device_id, {"received": arrival.sha256})
    record_custody(session, [Custody(photo.id, "quarantined", *by) for photo in doubted], now=now)
    return doubted


def _file_row(sha256: str, facts: MediaFacts) -> dict[str, Any]:
    return {
        "sha256": sha256,
        "size_bytes": facts.size_bytes,
        "media_type": str(facts.media_type),
        "facts": _said_by_file(facts),
        "thumbnail_attempts": 0,
    }


def _said_by_file(facts: MediaFacts) -> dict[str, Any]:
    """What a picture says of itself, without what it leaves open."""
    if facts.image is None:
        return {}
    exif = asdict(facts.image.exif)
    exif["taken_at"] = wire_moment(facts.image.exif.taken_at)
    said = {"width_px": facts.image.width_px, "height_px": facts.image.height_px, **exif}
    return {name: value for name, value in said.items() if value is not None}
