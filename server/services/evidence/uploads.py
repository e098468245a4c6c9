"""Uploads on their way (上传): begun, looked up by their owner, given up.

The rows only; the bytes lie in `media.uploads`, and no transaction is open while they stream in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import Glance
from server.errors import DomainError
from server.models import Assignment, Photo, Upload
from server.services.audit.acts import act, record_act
from server.services.bulk import WORD, Insert, insert_rows, is_sqlite
from server.services.evidence.files import count_on_files
from server.services.evidence.photos import require_kept
from server.services.scope import Actor
from server.services.sql import as_read, as_stored, run

#: of each, what is known when it begins; in the order of its columns
COLUMNS = {
    "id": WORD, "user_id": WORD, "device_id": WORD, "length_bytes": "bigint",
    "tus_metadata": "text", "photo_id": WORD, "sha256": WORD, "filename": "text", "state": WORD,
    "concat": "text", "created_at": "timestamptz", "expires_at": "timestamptz",
}  # fmt: skip
FIND = (
    "SELECT id, user_id, device_id, length_bytes, tus_metadata, photo_id, sha256, state, concat, "
    "fault, expires_at, terminated_at FROM uploads WHERE id = :id"
)
#: 'open' is no parameter: a prepared statement could not use the index of the open
UNFINISHED = "SELECT count(*) AS count FROM uploads WHERE user_id = :user_id AND state = 'open'"

MAX_OPEN_UPLOADS = 200
"""Unfinished uploads of one user; each costs a file until it expires."""


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """What a device announces: the length in bytes, None if it will be told later, and what the
    whole file will be. A part is nothing by itself: then that is None."""

    id: str
    length_bytes: int | None
    photo_id: str | None
    sha256: str | None
    filename: str | None
    tus_metadata: str
    concat: str | None = None


def begin_upload(
    session: Session, *, actor: Actor, asked: NewUpload, now: datetime, expiry_hours: int
) -> Upload:
    """Note an upload whose empty file exists already.

    Raises `forbidden` for someone who is no officer, `not_found` for a photo declared on a task
    that is not theirs, `photo_declared_otherwise`, `photo_deleted`, `uploads_too_many`.
    """
    _require_room(session, actor)
    return note_upload(session, actor=actor, asked=asked, now=now, expiry_hours=expiry_hours)


def note_upload(
    session: Session, *, actor: Actor, asked: NewUpload, now: datetime, expiry_hours: int
) -> Upload:
    """As `begin_upload`, for one that has its room already."""
    if actor.officer_id is None:
        raise DomainError("forbidden", details={"needs": ["officer"]})
    count_on_files(session, [asked.sha256])  # first, so that a mark under way is seen
    _require_fitting(session, actor, asked)
    expires_at = now + timedelta(hours=expiry_hours)
    row = {
        **vars(asked), "user_id": actor.user_id, "device_id": actor.device_id, "state": "open",
    }  # fmt: skip
    moments = {"created_at": as_stored(session, now), "expires_at": as_stored(session, expires_at)}
    begun = act(
        actor=actor, action="upload.begin", target_type="upload", target_id=asked.id,
        after={"photo_id": asked.photo_id, "sha256": asked.sha256, "bytes": asked.length_bytes},
        now=now,
    )  # fmt: skip
    insert_rows(session, Insert("uploads", COLUMNS, [row | moments]), begun)
    return Upload(**row, created_at=now, expires_at=expires_at)


def _require_fitting(session: Session, actor: Actor, asked: NewUpload) -> None:
    """A photo that is declared already must be the caller's to upload, and these very bytes; and
    it takes none once its own were deleted: no term would ever end what nothing shows."""
    if not run(session, "SELECT 1 FROM photos WHERE id = :id", {"id": asked.photo_id}):
        return
    photo = session.get_one(Photo, asked.photo_id)
    if photo.user_id != actor.user_id and not _was_on_task(session, actor, photo.task_id):
        raise DomainError("not_found")
    if photo.sha256 != asked.sha256:
        raise DomainError("photo_declared_otherwise", details={"declared": photo.sha256})
    require_kept(session, actor=actor, photo=photo)


def _was_on_task(session: Session, actor: Actor, task_id: str | None) -> bool:
    """Whether the officer is on the task, or was: what they did before they left still counts."""
    posts = select(Assignment.id).where(
        Assignment.task_id == task_id, Assignment.officer_id == actor.officer_id
    )
    return session.execute(posts.limit(1)).first() is not None


def _require_room(session: Session, actor: Actor) -> None:
    """The account's row is locked, so that uploads begun at the same time are all counted."""
    whose = {"user_id": actor.user_id}
    if not is_sqlite(session):  # there the transaction holds the one write lock
        run(session, "SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE", whose)
    [unfinished] = run(session, UNFINISHED, whose)
    if unfinished.count >= MAX_OPEN_UPLOADS:
        raise DomainError("uploads_too_many", details={"limit": MAX_OPEN_UPLOADS})


def find_upload(
    session: Session | Glance, *, actor: Actor, upload_id: str, now: datetime
) -> Upload:
    """The caller's own upload, as it stands; it belongs to no session.

    Raises `upload_not_found`, also for another's, `upload_expired`.
    """
    found = run(session, FIND, {"id": upload_id})
    return require_own(_as_upload(found[0]) if found else None, actor, now=now)


def _as_upload(row: Any) -> Upload:
    fault = orjson.loads(row.fault) if isinstance(row.fault, str) else row.fault
    return Upload(**row._asdict() | {"fault": fault, "expires_at": as_read(row.expires_at)})


def _hold_upload(session: Session, *, actor: Actor, upload_id: str, now: datetime) -> Upload:
    """As `find_upload`, its row locked and the session's own."""
    found = session.get(Upload, upload_id, with_for_update=True)
    return require_own(found, actor, now=now)


def require_own(upload: Upload | None, actor: Actor, *, now: datetime) -> Upload:
    """The upload, if it is the caller's and may still be asked for. Raises as `find_upload`."""
    if upload is None or upload.user_id != actor.user_id or upload.terminated_at is not None:
        raise DomainError("upload_not_found")
    if upload.state == "open" and upload.expires_at <= now:
        raise DomainError("upload_expired")
    return upload


def set_length(
    session: Session, *, actor: Actor, upload_id: str, length_bytes: int, now: datetime
) -> Upload:
    """Fix a length that was left open, once. Raises as `find_upload`, `upload_length_fixed`."""
    upload = _hold_upload(session, actor=actor, upload_id=upload_id, now=now)
    if upload.length_bytes not in (None, length_bytes):
        details = {"length_bytes": upload.length_bytes}
        raise DomainError("upload_length_fixed", details=details)
    upload.length_bytes = length_bytes
    return upload


def terminate_upload(session: Session, *, actor: Actor, upload_id: str, now: datetime) -> bool:
    """Give an upload up. One that is complete only loses its address: what it brought is evidence,
    or part of what will be. Gives whether its bytes are wanted no more.

    Raises as `find_upload`.
    """
    upload = _hold_upload(session, actor=actor, upload_id=upload_id, now=now)
    unfinished = upload.state == "open"
    if unfinished:
        session.delete(upload)
    else:
        upload.terminated_at = now
    record_act(
        session, actor=actor, action="upload.terminate", target_type="upload", target_id=upload_id,
        before={"photo_id": upload.photo_id, "state": upload.state}, now=now,
    )  # fmt: skip
    return unfinished
