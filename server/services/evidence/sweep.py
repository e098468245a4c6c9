"""What kills and lost connections left behind (上传清理): finished, moved or removed, by the clock.

Every step may be repeated and killed; bytes that are whole are never removed.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from media.errors import OriginalDamaged, UploadIncomplete, UploadLocked, UploadNotFound
from server.config import Settings
from server.db import Database
from server.failpoints import reach
from server.models import Photo, Upload
from server.services.evidence.arrivals import complete_upload, completing, recovered
from server.services.evidence.joining import join_parts, part_ids_of
from server.services.evidence.verification import find_waiting, verify_photos
from server.stores import MediaStores

ORPHAN_GRACE = timedelta(days=1)
"""Beyond the life of an upload: then no row can still want the file."""

JOIN_GRACE = timedelta(minutes=1)
"""So long a request that joins parts is not disturbed between its row and its lock."""


def sweep_uploads(
    database: Database, media: MediaStores, settings: Settings, *, now: datetime
) -> None:
    """Do whatever is due. Raises `OriginalDamaged`, when everything else was done, if what came is
    not what the store has under its digest: its bytes stay until a person has seen to that."""
    damaged = [*_move_quarantined(database, media), *_settle_open(database, media, now=now)]
    _settle_photos(database, now=now)
    with database.write() as session:
        _forget_done(session, now=now)
        _forget_used(session, now=now)
    if damaged:
        raise damaged[0]
    expiry = timedelta(hours=settings.upload_expiry_hours)
    media.uploads.sweep(untouched_since=now - expiry - ORPHAN_GRACE)


def _move_quarantined(database: Database, media: MediaStores) -> Iterator[OriginalDamaged]:
    """Killed between saying so and moving: what no photo is still lies where it arrived."""
    with database.read() as session:
        found = session.scalars(select(Upload.id).where(Upload.state == "quarantined")).all()
    for upload_id in found:
        try:
            with suppress(UploadNotFound, UploadLocked), media.uploads.locked(upload_id) as partial:
                media.quarantine.take(partial.finish(partial.offset))
                partial.remove()
        except OriginalDamaged as fault:
            yield fault


def _settle_open(
    database: Database, media: MediaStores, *, now: datetime
) -> Iterator[OriginalDamaged]:
    """Join or finish the uploads whose bytes are here already, remove the expired ones."""
    with database.read() as session:
        unfinished = session.scalars(select(Upload).where(Upload.state == "open")).all()
    for upload in unfinished:
        reach("sweep.found")
        try:
            if _is_ready(media, upload, now=now):
                _complete(database, media, upload, now=now)
            elif upload.expires_at <= now:
                _remove(database, media, upload.id)
        except (UploadNotFound, UploadIncomplete):
            _settle_without_file(database, media, upload, now=now)
        except OriginalDamaged as fault:
            yield fault


def _is_ready(media: MediaStores, upload: Upload, *, now: datetime) -> bool:
    """Whether all bytes are here, and nobody is about to do what comes next."""
    if upload.is_final:
        return upload.created_at <= now - JOIN_GRACE
    whole = media.uploads.offset(upload.id) == upload.length_bytes
    return whole and not upload.is_partial


def _complete(database: Database, media: MediaStores, upload: Upload, *, now: datetime) -> None:
    """Killed after the last byte, and nobody asked since."""
    with database.read() as session:
        part_ids = part_ids_of(session, upload)
    with suppress(UploadLocked), media.uploads.locked(upload.id) as partial:
        if upload.is_final:
            join_parts(media.uploads, upload, partial, part_ids)
        with completing(database, media, upload, partial) as arrival, database.write() as session:
            complete_upload(session, actor=None, upload=upload, arrival=arrival, now=now)


def _settle_without_file(
    database: Database, media: MediaStores, upload: Upload, *, now: datetime
) -> None:
    try:
        arrival = recovered(database, media.originals, upload)
    except UploadLocked:  # the next sweep looks again
        return
    except UploadNotFound:
        if upload.expires_at <= now:
            _delete_open(database, upload.id)
        return
    with database.write() as session:
        complete_upload(session, actor=None, upload=upload, arrival=arrival, now=now)


def _remove(database: Database, media: MediaStores, upload_id: str) -> None:
    """The row first: a file without a row is only waste, a row without a file would say that the
    store has its bytes."""
    with suppress(UploadNotFound, UploadLocked), media.uploads.locked(upload_id) as partial:
        if _delete_open(database, upload_id):
            partial.remove()


def _delete_open(database: Database, upload_id: str) -> bool:
    """Whether it was open still; a part may have been used in the meantime."""
    gone = delete(Upload).where(Upload.id == upload_id, Upload.state == "open")
    with database.write() as session:
        return session.scalars(gone.returning(Upload.id)).first() is not None


def _settle_photos(database: Database, *, now: datetime) -> None:
    """Verify what was declared while its bytes came another way."""
    with database.write() as session:
        verify_photos(session, find_waiting(session), actor=None, now=now)


def _forget_done(session: Session, *, now: datetime) -> None:
    """Drop the rows of old uploads whose photo is verified. The others wait: their photo may yet
    be declared."""
    verified = select(Photo.id).where(
        Photo.id == Upload.photo_id, Photo.received_sha256 == Upload.sha256
    )
    session.execute(
        delete(Upload)
        .where(Upload.state == "done", Upload.expires_at <= now, verified.exists())
        .execution_options(synchronize_session=False)
    )


def _forget_used(session: Session, *, now: datetime) -> None:
    """Drop the rows of old parts whose final upload is settled: their files are gone since."""
    final = aliased(Upload)
    waiting = select(final.id).where(final.id == Upload.final_id, final.state == "open")
    session.execute(
        delete(Upload)
        .where(Upload.state == "used", Upload.expires_at <= now, ~waiting.exists())
        .execution_options(synchronize_session=False)
    )
