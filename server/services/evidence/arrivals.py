"""An upload is complete (上传完成): its bytes are judged, and become an original or are kept aside.

The order survives a kill at any point. Good bytes go into the store first and the row follows: a
row left behind is found by `recovered`. Bad bytes are called quarantined first, while they still
lie, flushed, where they arrived, and then moved: what was left behind there is moved by the sweep.
In a bucket both are copied, and what is left of the upload goes last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
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
from server.models import EvidenceFile, Photo, Upload
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.derivatives import expect_derivatives
from server.services.evidence.files import (
    require_quarantine,
    take_up_again,
    wait_for_removal,
)
from server.services.evidence.verification import (
    PAST,
    VERIFIED,
    Waiting,
    call_verified,
    show_photos,
)
from server.services.scope import Actor
from server.services.sync.locks import lock_tasks
from server.services.upsert import insert_missing
from server.stores import MediaStores

Fault = dict[str, Any]

QUARANTINED = {"state": "quarantined"}


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
    session: Session, *, actor: Actor | None, upload_id: str, arrival: Arrival, now: datetime
) -> None:
    """Note what arrived, once: repeated, it changes nothing.

    `actor` is who sent it; None when the server makes good what a kill left undone. Raises
    `UploadLocked` while the same bytes are being removed from quarantine.
    """
    upload = session.get(Upload, upload_id)
    if upload is not None:
        concerned = [*_waiting_for(session, upload, arrival), *_own_photo(session, upload)]
        lock_tasks(session, [photo.task_id for photo in concerned])
        upload = session.get(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload is None or upload.state != "open":
        return
    if arrival.fault is not None:
        require_quarantine(session, arrival.sha256)
    upload.state = "done" if arrival.fault is None else "quarantined"
    upload.fault, upload.received_sha256 = arrival.fault, arrival.sha256
    upload.completed_at = now
    _record(session, upload, arrival, actor=actor, now=now)
    verified: list[Waiting] = []
    if arrival.facts is not None:
        insert_missing(session, EvidenceFile, [_file_row(arrival.sha256, arrival.facts, now)])
        take_up_again(session, arrival.sha256, now=now)
        if not arrival.facts.media_type.is_video:
            expect_derivatives(session, [arrival.sha256], now=now)
        waiting = _waiting_for(session, upload, arrival)
        verified = call_verified(session, waiting, actor=actor, now=now)
    doubted = _doubt_photo(session, upload, now=now)
    patches = dict.fromkeys(verified, VERIFIED) | dict.fromkeys(doubted, QUARANTINED)
    show_photos(session, patches, actor=actor, now=now)


def _own_photo(session: Session, upload: Upload) -> list[Waiting]:
    """The photo that the upload says it is for, if it is declared already."""
    own = select(Photo.id, Photo.task_id).where(Photo.id == upload.photo_id)
    return [Waiting(row.id, row.task_id) for row in session.execute(own)]


def _waiting_for(session: Session, upload: Upload, arrival: Arrival) -> list[Waiting]:
    """Photos that these bytes verify: the upload's own, and others that its sender declared."""
    if arrival.fault is not None:
        return []
    verified = (
        select(Photo.id, Photo.task_id)
        .where(Photo.sha256 == arrival.sha256, Photo.state.not_in(PAST))
        .where(or_(Photo.id == upload.photo_id, Photo.user_id == upload.user_id))
        .order_by(Photo.id)
    )
    return [Waiting(row.id, row.task_id) for row in session.execute(verified)]


def _doubt_photo(session: Session, upload: Upload, *, now: datetime) -> list[Waiting]:
    """Call the upload's photo in doubt unless it was verified, because what came for it is not what
    was declared; the caller shows it. Only its declarer's own upload can do that, and not to one
    that was declared lost."""
    rows = session.execute(
        update(Photo)
        .where(Photo.id == upload.photo_id, Photo.user_id == upload.user_id)
        .where(Photo.state == "declared")
        .values(state="quarantined", received_at=now)
        .returning(Photo.id, Photo.task_id)
        .execution_options(synchronize_session=False)
    )
    doubted = [Waiting(row.id, row.task_id) for row in rows]
    by = (upload.user_id, upload.device_id, {"received": upload.received_sha256})
    record_custody(session, [Custody(photo.id, "quarantined", *by) for photo in doubted], now=now)
    return doubted


def _record(
    session: Session, upload: Upload, arrival: Arrival, *, actor: Actor | None, now: datetime
) -> None:
    kind = "received" if arrival.fault is None else "refused"
    details = {
        "upload_id": upload.id,
        "sha256": arrival.sha256,
        "size_bytes": upload.length_bytes,
        **({"fault": arrival.fault} if arrival.fault else {}),
    }
    photo_id = upload.photo_id or ""
    record_custody(
        session, [Custody(photo_id, kind, upload.user_id, upload.device_id, details)], now=now
    )
    record_act(
        session, actor=actor, action=f"photo.{kind}", target_type="photo", target_id=photo_id,
        after=details, now=now,
    )  # fmt: skip


def _file_row(sha256: str, facts: MediaFacts, now: datetime) -> dict[str, Any]:
    return {
        "sha256": sha256,
        "size_bytes": facts.size_bytes,
        "media_type": str(facts.media_type),
        "facts": _said_by_file(facts),
        "stored_at": now,
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
