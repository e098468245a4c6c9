"""Derivatives (衍生图): small pictures, made apart from any request and tried again when they fail.

What is due stands in a table. Who takes an original in hand counts the attempt and says when the
next may be, commits that, and only then tries; so it may die at any point. Waits grow, so that a
store that is away for an hour costs no picture its attempts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256 as sha256_of
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlalchemy.orm import Session

from media.darkroom import Darkroom, PictureNotMade
from media.errors import MediaError, StoreFault
from media.folders import is_full
from media.small import SIZES
from server.db import Database
from server.failpoints import reach
from server.models import Derivative, EvidenceFile
from server.services.bulk import WORD, Insert, insert_rows
from server.services.evidence.custody import record_derived
from server.services.sql import as_stored
from server.stores import MediaStores

KINDS = tuple(size.name for size in SIZES)
COLUMNS = {"sha256": WORD, "kind": WORD, "attempts": "int", "due_at": "timestamptz"}
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 25, 120, 600, 0))
"""After each attempt; after so many a picture is left to a person, with its last error."""
MAX_ATTEMPTS = len(WAITS)
ADOPTED_AT_ONCE = 1000


@dataclass(frozen=True)
class Taken:
    """An original in hand, and which derivatives of it are missing."""

    sha256: str
    kinds: Sequence[str]


def expect_derivatives(session: Session, digests: Iterable[str], *, now: datetime) -> None:
    """Note that these pictures are to have small ones, soon; those that are known already stay."""
    insert_rows(session, derivative_rows(session, digests, now=now))


def derivative_rows(session: Session, digests: Iterable[str], *, now: datetime) -> Insert:
    """The rows of `expect_derivatives`, to be inserted in one statement with their originals'."""
    due_at = as_stored(session, now)
    rows = [
        {"sha256": sha256, "kind": kind, "attempts": 0, "due_at": due_at}
        for sha256 in digests
        for kind in KINDS
    ]
    return Insert("derivatives", COLUMNS, rows, "ON CONFLICT DO NOTHING")


def adopt_pictures(session: Session, *, now: datetime) -> int:
    """Expect derivatives of pictures that the version before took in; gives of how many."""
    lacking = (
        "SELECT f.sha256 FROM evidence_files f WHERE f.media_type LIKE 'image/%' "
        "AND NOT EXISTS (SELECT 1 FROM derivatives d WHERE d.sha256 = f.sha256 AND d.kind = :kind) "
        "LIMIT :most"
    )
    found = session.scalars(text(lacking), {"kind": KINDS[-1], "most": ADOPTED_AT_ONCE}).all()
    expect_derivatives(session, found, now=now)
    return len(found)


def make_derivatives(
    database: Database, media: MediaStores, *, now: datetime, darkroom: Darkroom
) -> int:
    """Make what is due, one original after the other; gives how many were taken in hand.

    Several may do it at the same time, each with a darkroom of its own. Raises OSError on a full
    disk: the picture bears no blame, and the attempt is not counted against it.
    """
    count = 0
    while (taken := _take_next(database, now=now)) is not None:
        made, error = _made(media, darkroom, taken, database)
        reach("derivatives.made")
        with database.write() as session:
            if not _note(session, taken, made, error=error, now=now):
                for kind in made:  # its original is being removed
                    media.derivatives[kind].delete(taken.sha256)
        count += 1
    return count


def any_due(session: Session, *, now: datetime) -> bool:
    """Whether there is anything to make: asked before processes and turns to write are taken."""
    return session.scalars(_due(now).limit(1)).first() is not None


def _due(now: datetime) -> Select[Derivative]:
    stands = select(EvidenceFile.sha256).where(
        EvidenceFile.sha256 == Derivative.sha256, EvidenceFile.deleting_at.is_(None)
    )
    return select(Derivative).where(
        Derivative.made_at.is_(None),
        Derivative.attempts < MAX_ATTEMPTS,
        Derivative.due_at <= now,
        stands.exists(),
    )


def _take_next(database: Database, *, now: datetime) -> Taken | None:
    with database.write() as session:
        waiting = _due(now)
        first = session.scalars(
            waiting.order_by(Derivative.due_at).limit(1).with_for_update(skip_locked=True)
        ).one_or_none()
        if first is None:
            return None
        own = waiting.where(Derivative.sha256 == first.sha256)
        rows = session.scalars(own.with_for_update(skip_locked=True)).all()
        for row in rows:
            row.due_at = now + WAITS[row.attempts]
            row.attempts += 1
        return Taken(first.sha256, [row.kind for row in rows])


def _made(
    media: MediaStores, darkroom: Darkroom, taken: Taken, database: Database
) -> tuple[dict[str, bytes], str | None]:
    """What was made and lies in its store, and what went wrong."""
    try:
        with media.originals.open(taken.sha256) as original:
            content = original.read()  # at most `MAX_IMAGE_BYTES`
        pictures = darkroom.pictures(content)
        made = {kind: pictures[kind] for kind in taken.kinds}
        for kind, picture in made.items():
            media.derivatives[kind].put(taken.sha256, picture)
    except (MediaError, PictureNotMade) as error:
        return {}, str(error)
    except OSError as error:
        if is_full(error) or isinstance(error, StoreFault):
            _give_back(database, taken)
            raise
        return {}, str(error)
    return made, None


def _give_back(database: Database, taken: Taken) -> None:
    with database.write() as session:
        session.execute(
            _rows_of(taken).values(attempts=Derivative.attempts - 1)  # the wait stays
        )


def _note(
    session: Session,
    taken: Taken,
    made: dict[str, bytes],
    *,
    error: str | None,
    now: datetime,
) -> bool:
    """What became of it: the one place where a picture is known to be derived. Gives whether its
    original still stands; while its row is locked, nobody removes it."""
    stands = select(EvidenceFile.sha256).where(
        EvidenceFile.sha256 == taken.sha256, EvidenceFile.deleting_at.is_(None)
    )
    if session.scalars(stands.with_for_update(read=True)).first() is None:
        return False
    if error is not None:
        session.execute(_rows_of(taken).values(error=error))
    for kind, picture in made.items():
        digest = sha256_of(picture).hexdigest()
        session.execute(
            _rows_of(Taken(taken.sha256, [kind])).values(
                made_at=now, error=None, made_sha256=digest, size_bytes=len(picture)
            )
        )
        record_derived(session, original_sha256=taken.sha256, kind=kind, sha256=digest, now=now)
    return True


def _rows_of(taken: Taken) -> Any:
    return (
        update(Derivative)
        .where(Derivative.sha256 == taken.sha256, Derivative.kind.in_(taken.kinds))
        .execution_options(synchronize_session=False)
    )


def find_derivative(session: Session, file: EvidenceFile, kind: str) -> Derivative | None:
    """The derivative of a stored file, made or not; None for a clip, of which there are none."""
    return session.get(Derivative, (file.sha256, kind))


def may_come(derivative: Derivative) -> bool:
    """Whether one that is missing may still be made."""
    return derivative.attempts < MAX_ATTEMPTS


def make_anew(session: Session, *, sha256: str, now: datetime) -> None:
    """Have derivatives of an original made again whose files are gone: a restored backup need not
    hold them."""
    session.execute(
        _rows_of(Taken(sha256, KINDS)).values(made_at=None, attempts=0, due_at=now, error=None)
    )
