"""Photos are compared in the background (照片比对): with themselves, and with those of other tasks.

`photos.compared_at` says that it was done; empty, it is to be done (again). Nothing of it stands in
the way of a push, and nothing of it reaches a device.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from media.likeness import hash_of_small
from media.small import THUMBNAIL
from server.db import Database
from server.models import Derivative, EvidenceFile, Photo, PictureHash, Task
from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.evidence.derivatives import MAX_ATTEMPTS, make_anew
from server.services.evidence.doubts import Doubt, find_doubts
from server.services.evidence.facts import facts_of
from server.services.evidence.likeness import MOST_SHOWN, Alike, find_alike, keep_hashes
from server.services.evidence.raising import Flag, clear_flags, raise_flags
from server.stores import MediaStores

BATCH = 50
log = logging.getLogger("suijian.photos")

_THUMBNAIL = select(Derivative.sha256).where(
    Derivative.sha256 == EvidenceFile.sha256, Derivative.kind == THUMBNAIL.name
)
SMALL_IS_MADE = _THUMBNAIL.where(Derivative.made_at.is_not(None)).exists()
SMALL_NEVER_COMES = or_(
    EvidenceFile.media_type.not_like("image/%"),
    _THUMBNAIL.where(Derivative.made_at.is_(None), Derivative.attempts >= MAX_ATTEMPTS).exists(),
)
"""Of a clip, and of a picture that is left to a person."""


class Pending(NamedTuple):
    """A verified photo to be compared."""

    id: str
    task_id: str
    verified_at: datetime
    sha256: str


def compare_photos(database: Database, media: MediaStores, *, now: datetime) -> int:
    """Compare up to `BATCH` photos, the earliest first; gives how many. Safe to repeat and to kill:
    hashes first, then what they find, then flags and `compared_at` at once. Those whose small
    picture was lost, as after a restored backup, are left until it is made again."""
    with database.read() as session:
        pending = _pending(session)
        unhashed = _unhashed(session, pending)
    hashes, lost = _hashes(media, unhashed)
    if unhashed:
        with database.write() as session:
            keep_hashes(session, hashes)
            for sha256 in lost:
                make_anew(session, sha256=sha256, now=now)
    waiting = unhashed - hashes.keys()
    ready = [photo for photo in pending if photo.sha256 not in waiting]
    with database.read() as session:
        found = [flag for photo in ready for flag in _of_others(session, photo)]
    if ready:
        with database.write() as session:
            _note(session, ready, found, now=now)
    return len(pending)


def compare_again(session: Session, object_ids: Sequence[str]) -> None:
    """Have the photos of these objects compared anew, because the register says something else of
    them. The caller holds the objects' rows."""
    session.execute(
        text(
            "UPDATE photos SET compared_at = NULL WHERE compared_at IS NOT NULL AND task_id IN "
            f"(SELECT id FROM tasks WHERE object_id IN {ids_from_json(session)})"
        ),
        {"ids": as_json(list(object_ids))},
    )


def _pending(session: Session) -> list[Pending]:
    """What is to be compared, once its picture was made small or never will be."""
    rows = session.execute(
        select(Photo.id, Photo.task_id, Photo.verified_at, Photo.received_sha256)
        .outerjoin(EvidenceFile, EvidenceFile.sha256 == Photo.received_sha256)
        .outerjoin(PictureHash, PictureHash.sha256 == Photo.received_sha256)
        .where(Photo.state == "verified", Photo.compared_at.is_(None))
        .where(
            or_(
                PictureHash.sha256.is_not(None),
                EvidenceFile.sha256.is_(None),
                SMALL_IS_MADE,
                SMALL_NEVER_COMES,
            )
        )
        .order_by(Photo.verified_at, Photo.id)
        .limit(BATCH)
    )
    return [Pending._make(row) for row in rows]


def _unhashed(session: Session, pending: Iterable[Pending]) -> set[str]:
    """The originals of these photos whose small picture is there and has no hash yet."""
    return set(
        session.scalars(
            select(EvidenceFile.sha256)
            .outerjoin(PictureHash, PictureHash.sha256 == EvidenceFile.sha256)
            .where(EvidenceFile.sha256.in_({photo.sha256 for photo in pending}))
            .where(PictureHash.sha256.is_(None), SMALL_IS_MADE)
        )
    )


def _hashes(media: MediaStores, digests: Iterable[str]) -> tuple[dict[str, int | None], list[str]]:
    """The hash of each original whose small picture lies where it should, and the originals whose
    does not. One that can't be read now is among neither: it waits, and nobody waits for it."""
    hashes, lost = {}, []
    for sha256 in digests:
        try:
            small = media.derivatives[THUMBNAIL.name].open(sha256)
            if small is None:
                lost.append(sha256)
                continue
            with small:
                hashes[sha256] = hash_of_small(small)
        except OSError:
            log.exception("the small picture of %s can't be read", sha256)
    return hashes, lost


def _of_others(session: Session, photo: Pending) -> list[Flag]:
    """A flag for each pair of this photo and one of another task that looks like it. Of two, the
    one that came later is flagged, in whatever order they are compared."""
    pairs = [("same_bytes", other) for other in _same_bytes(session, photo)]
    kept = session.get(PictureHash, photo.sha256)
    if kept is not None and kept.hash is not None:
        alike = find_alike(session, hash_=kept.hash, sha256=photo.sha256, task_id=photo.task_id)
        pairs += [("near_duplicate", other) for other in alike]
    return [_flag_of_later(photo, code, other) for code, other in pairs]


def _same_bytes(session: Session, photo: Pending) -> list[Alike]:
    rows = session.execute(
        select(Photo.id, Photo.task_id, Photo.verified_at)
        .join(Task, Task.id == Photo.task_id)
        .where(Photo.received_sha256 == photo.sha256, Photo.state == "verified")
        .where(Photo.task_id != photo.task_id, Task.practice == _practice_of(photo.task_id))
        .order_by(Photo.verified_at, Photo.id)
        .limit(MOST_SHOWN)
    )
    return [Alike._make((*row, 0)) for row in rows]


def _practice_of(task_id: str) -> Any:
    return select(Task.practice).where(Task.id == task_id).scalar_subquery()


def _flag_of_later(photo: Pending, code: str, other: Alike) -> Flag:
    details = {"distance_bits": other.distance_bits} if code == "near_duplicate" else {}
    if (photo.verified_at, photo.id) > (other.verified_at, other.photo_id):
        return Flag(photo.id, photo.task_id, Doubt(code, other.photo_id, details))
    return Flag(other.photo_id, other.task_id, Doubt(code, photo.id, details))


def _note(
    session: Session, pending: Sequence[Pending], found: Iterable[Flag], *, now: datetime
) -> None:
    """Write the flags of a batch. The objects are held meanwhile, so that one whose position is
    being corrected is compared either as it is after that, or anew."""
    ids = [photo.id for photo in pending]
    _hold_objects(session, {photo.task_id for photo in pending})
    doubted = [
        Flag(facts.photo_id, facts.task_id, doubt)
        for facts in facts_of(session, ids).values()
        for doubt in find_doubts(facts)
    ]
    clear_flags(session, ids, doubted, now=now)
    raise_flags(session, {flag.key: flag for flag in (*found, *doubted)}.values(), now=now)
    session.execute(
        update(Photo)
        .where(Photo.id.in_(ids), Photo.compared_at.is_(None))
        .values(compared_at=now)
        .execution_options(synchronize_session=False)
    )


def _hold_objects(session: Session, task_ids: Collection[str]) -> None:
    if not is_sqlite(session):  # there the transaction holds the one write lock
        session.execute(
            text(
                "SELECT id FROM objects WHERE id IN (SELECT object_id FROM tasks "
                f"WHERE id IN {ids_from_json(session)}) ORDER BY id FOR SHARE"
            ),
            {"ids": as_json(sorted(task_ids))},
        )
