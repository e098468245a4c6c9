"""One photo out of parts that came up side by side (分段合成): tus concatenation.

A final upload takes its parts in the transaction that begins it; nobody else can then have them.
They are copied into its file, and removed once that is whole on the disk, before it is judged. So
whatever a kill leaves can be joined again or is joined already, and the same request repeated finds
the same upload.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from media.errors import UploadNotFound
from media.partial import PartialUpload
from media.uploads import Uploads
from server.errors import DomainError
from server.failpoints import reach
from server.models import Upload
from server.services.evidence.uploads import NewUpload, note_upload, require_own
from server.services.scope import Actor

MAX_PARTS = 64
"""Parts of one photo; their addresses come in one header."""


def begin_joined(
    session: Session, *, actor: Actor, asked: NewUpload, part_ids: Sequence[str],
    uploads: Uploads, now: datetime, expiry_hours: int, max_bytes: int,
) -> Upload:  # fmt: skip
    """Note an upload that is made of parts, in this order; they are its own from now on.

    Gives the upload that was begun before when the same is asked again. It needs no room among the
    unfinished uploads: it takes the room of its parts. Raises as `begin_upload`; for the parts
    `upload_not_found`, also for another's, `upload_expired`, `upload_concat_invalid`,
    `upload_part_used`, `upload_incomplete`, `file_too_large`, `UploadLocked`, `UploadNotFound`.
    """
    parts = _own_parts(session, actor, part_ids, now=now)
    begun = _begun_before(session, parts, asked)
    if begun is not None:
        return begun
    _require_whole(parts, uploads)
    total_bytes = sum(part.length_bytes or 0 for part in parts)
    if total_bytes > max_bytes:
        details = {"size_bytes": total_bytes, "limit_bytes": max_bytes}
        raise DomainError("file_too_large", details=details)
    upload = note_upload(
        session, actor=actor, asked=replace(asked, length_bytes=total_bytes), now=now,
        expiry_hours=expiry_hours,
    )  # fmt: skip
    for place, part in enumerate(parts):
        part.state, part.final_id, part.place = "used", upload.id, place
    return upload


def _own_parts(
    session: Session, actor: Actor, part_ids: Sequence[str], *, now: datetime
) -> list[Upload]:
    """The rows, held so that two final uploads never share a part."""
    own = select(Upload).where(Upload.id.in_(part_ids), Upload.user_id == actor.user_id)
    found = session.scalars(own.order_by(Upload.id).with_for_update()).all()
    held = {part.id: part for part in found}
    if len(held) < len(part_ids):
        raise DomainError("upload_not_found")
    parts = [require_own(held[each], actor, now=now) for each in part_ids]
    wrong = [part.id for part in parts if not part.is_partial]
    if wrong:
        raise DomainError("upload_concat_invalid", details={"not_partial": wrong})
    return parts


def _begun_before(session: Session, parts: Sequence[Upload], asked: NewUpload) -> Upload | None:
    """The upload that these very parts were joined to, as the same photo. Raises
    `upload_part_used` when they went elsewhere."""
    finals = {part.final_id for part in parts}
    if finals == {None}:
        return None
    final_id = parts[0].final_id or ""
    final = session.get(Upload, final_id) if len(finals) == 1 else None
    same = (
        final is not None
        and final.terminated_at is None
        and (final.photo_id, final.sha256) == (asked.photo_id, asked.sha256)
        and all((a.place or 0) < (b.place or 0) for a, b in pairwise(parts))
        and len(parts) == _count_parts(session, final_id)
    )
    if not same:
        raise DomainError("upload_part_used")
    return final


def _count_parts(session: Session, final_id: str) -> int:
    return session.scalars(select(func.count()).where(Upload.final_id == final_id)).one()


def _require_whole(parts: Sequence[Upload], uploads: Uploads) -> None:
    """Asked under each part's lock: what a request is still writing may yet be cut back."""
    unfinished = []
    for part in parts:
        with uploads.locked(part.id) as partial:
            if partial.offset != part.length_bytes:
                unfinished.append(part.id)
    if unfinished:
        raise DomainError("upload_incomplete", details={"unfinished": unfinished})


def part_ids_of(session: Session, upload: Upload) -> list[str]:
    """The parts of a final upload in their order; none of any other."""
    if not upload.is_final:
        return []
    parts = select(Upload.id).where(Upload.final_id == upload.id).order_by(Upload.place)
    return list(session.scalars(parts))


def join_parts(
    uploads: Uploads, upload: Upload, partial: PartialUpload, part_ids: Sequence[str]
) -> None:
    """Copy the parts into the final upload whose lock is held, and remove them.

    May be killed and repeated at any point. Raises `UploadNotFound` when a part is missing,
    `UploadIncomplete` when one lost bytes.
    """
    size_bytes = upload.length_bytes or 0
    if partial.offset != size_bytes:
        partial.gather(_streams(uploads, part_ids), size_bytes=size_bytes)
    reach("upload.joined")
    for part_id in part_ids:
        with suppress(UploadNotFound):
            uploads.remove(part_id)
    reach("upload.parts_removed")


def _streams(uploads: Uploads, part_ids: Sequence[str]) -> Iterator[BinaryIO]:
    for part_id in part_ids:
        with uploads.open(part_id) as stream:
            yield stream
        reach("upload.part_copied")
