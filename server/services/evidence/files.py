"""Stored files, and how writing meets removing (原件与销毁): who counts on bytes takes their lock.

Removing marks a file first (`deleting_at`), under its row's lock and only while nobody needs it;
the bytes go afterwards. Declaring a photo and beginning an upload take the lock, too, so that
either they are seen before the mark, or they see it. An upload that is whole waits until the
removal is over: it would find the bytes there, and then lose them with the old ones.

Locks are taken in this order: tasks, uploads, files, photos, feeds.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from media.errors import UploadLocked
from server.db import Database
from server.models import EvidenceFile, Upload
from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.sql import run

QUARANTINE_LOCKS = 0x5EA4  # class of our PostgreSQL advisory locks, one per digest in quarantine


def count_on_files(session: Session, digests: Iterable[str | None]) -> None:
    """Let none of these files be marked for removal until the transaction ends."""
    wanted = sorted({digest for digest in digests if digest})
    if wanted and not is_sqlite(session):  # there the transaction holds the one write lock
        run(
            session, f"SELECT sha256 FROM evidence_files WHERE sha256 IN {ids_from_json(session)} "
            "ORDER BY sha256 FOR KEY SHARE", {"ids": as_json(wanted)},
        )  # fmt: skip


def hold_files(session: Session, digests: Collection[str]) -> None:
    """Have these files for oneself: nobody counts on them, and nobody holds them, meanwhile."""
    session.execute(
        select(EvidenceFile.sha256)
        .where(EvidenceFile.sha256.in_(digests))
        .order_by(EvidenceFile.sha256)
        .with_for_update()
    )


def hold_quarantine(session: Session, digests: Collection[str]) -> None:
    """The same for files that are kept aside, which have no row but their uploads'."""
    if not is_sqlite(session):
        for digest in sorted(digests):
            session.execute(
                text("SELECT pg_advisory_xact_lock(:kind, hashtext(:digest))"),
                {"kind": QUARANTINE_LOCKS, "digest": digest},
            )


def wait_for_removal(database: Database, sha256: str | None) -> None:
    """Raise `UploadLocked` while an original of this digest is being removed: what came stays where
    it is, and is taken up later."""
    with database.glance() as glance:
        removing = run(
            glance, "SELECT 1 FROM evidence_files WHERE sha256 = :sha256 "
            "AND deleting_at IS NOT NULL AND deleted_at IS NULL", {"sha256": sha256},
        )  # fmt: skip
    if removing:
        raise UploadLocked


def require_quarantine(session: Session, sha256: str) -> None:
    """Raise `UploadLocked` while the same bytes are being removed from quarantine."""
    hold_quarantine(session, [sha256])
    removing = select(Upload.id).where(Upload.received_sha256 == sha256, Upload.state == "deleting")
    if session.scalars(removing.limit(1)).first() is not None:
        raise UploadLocked


def mark_files(session: Session, digests: Sequence[str], moment: datetime | None) -> None:
    """Call files being removed since a moment; None: they stay after all."""
    session.execute(
        update(EvidenceFile)
        .where(EvidenceFile.sha256.in_(digests))
        .values(deleting_at=moment)
        .execution_options(synchronize_session=False)
    )
