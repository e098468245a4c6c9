"""Derivatives (衍生图): thumbnails, made apart from any request and tried again when they fail."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from media.errors import MediaError
from media.folders import is_full
from media.images import thumbnail
from server.db import Database
from server.failpoints import reach
from server.models import EvidenceFile
from server.stores import MediaStores

BATCH = 100
MAX_ATTEMPTS = 5
"""After so many failures a picture is left to a person; it stands with its last error."""


def make_derivatives(database: Database, media: MediaStores, *, now: datetime) -> int:
    """Make up to `BATCH` missing thumbnails; gives how many files it took in hand.

    Pictures that failed before come last, so that none of them holds up the others; each is
    noted in a transaction of its own. Safe to repeat and to kill.
    """
    with database.read() as session:
        pending = _pending(session)
    for sha256 in pending:
        error = _make(media, sha256)
        reach("derivatives.made")
        with database.write() as session:
            if not _note(session, sha256, error=error, now=now):
                media.thumbnails.delete(sha256)  # its original is being removed
    return len(pending)


def can_have_thumbnail(file: EvidenceFile) -> bool:
    """Whether a missing thumbnail may still come: no clip is decoded, no failure tried for ever."""
    return file.media_type.startswith("image/") and file.thumbnail_attempts < MAX_ATTEMPTS


def _pending(session: Session) -> list[str]:
    query = (
        select(EvidenceFile.sha256)
        .where(EvidenceFile.thumbnail_at.is_(None), EvidenceFile.deleting_at.is_(None))
        .where(EvidenceFile.thumbnail_attempts < MAX_ATTEMPTS)
        .where(EvidenceFile.media_type.startswith("image/"))
        .order_by(EvidenceFile.thumbnail_attempts, EvidenceFile.stored_at)
        .limit(BATCH)
    )
    return list(session.scalars(query))


def _make(media: MediaStores, sha256: str) -> str | None:
    """Make one; gives what went wrong. Raises OSError on a full disk: the picture bears no blame,
    and would otherwise be given up after a few turns."""
    try:
        with media.originals.open(sha256) as original:
            media.thumbnails.put(sha256, thumbnail(original))
    except (MediaError, OSError) as error:
        if isinstance(error, OSError) and is_full(error):
            raise
        return str(error)
    return None


def _note(session: Session, sha256: str, *, error: str | None, now: datetime) -> bool:
    """Whether the file still stands; while the row is locked, nobody removes it."""
    noted = session.scalars(
        update(EvidenceFile)
        .where(EvidenceFile.sha256 == sha256, EvidenceFile.deleting_at.is_(None))
        .values(
            thumbnail_at=None if error else now,
            thumbnail_attempts=EvidenceFile.thumbnail_attempts + 1,
            thumbnail_error=error,
        )
        .returning(EvidenceFile.sha256)
    )
    return noted.first() is not None
