"""Once a day the heads of the chains are written outside the database (锚定).

A chain alone does not show that its end was cut off, nor that someone with the whole database made
it anew. Against that the day's file names every head that moved since the file before, by the root
of a Merkle tree, and the head of the audit trail; and it names the file before by its sha256, so
that the files are a chain as well. docs/evidence/custody.md gives the format.

Killed at any point, the job goes on: heads without an anchor are written anew, an anchor without a
row is adopted. A database that was set back to an older state adopts what it has forgotten, and
`flask evidence verify` then tells what it lost.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from custody.tree import Tree
from custody.verify import ANCHOR_FORMAT, head_line
from media.anchors import AnchorFolder
from server.clock import china_date, wire_time
from server.db import Database
from server.models import AuditSeal, CustodyAnchor, CustodySeal
from server.services.bulk import is_sqlite

ANCHOR_VERSION = 1
ROWS_AT_ONCE = 1_000
ONE_DAY = timedelta(days=1)


class Made(NamedTuple):
    """What an anchor covers: how many heads moved, and the last day without an anchor before."""

    day: date
    heads: int
    missed_days: int


def anchor_heads(database: Database, folder: AnchorFolder, *, now: datetime) -> Made | None:
    """Write the anchor of yesterday (in China) unless it is there; gives what it covers. Days that
    were missed are covered by it too, and it says so. The caller sees to it that everything is
    sealed, and that nobody else does the same now.

    Raises OSError when the folder cannot be written.
    """
    day = china_date(now) - ONE_DAY
    _adopt(database, folder, upto=day)
    with database.read() as session:
        before = _newest(session)
        if before is not None and before.day >= day:
            return None
        content, heads = _compose(session, folder, day=day, before=before, now=now)
    folder.keep(day, content)
    said = json.loads(content)
    with database.write() as session:
        session.add(_row(day, content, seals=said["seals"], made_at=now))
    return Made(day, heads, len(said["missed_days"]))


def _newest(session: Session) -> CustodyAnchor | None:
    return session.scalars(
        select(CustodyAnchor).order_by(CustodyAnchor.day.desc()).limit(1)
    ).one_or_none()


def _row(day: date, content: bytes, *, seals: int, made_at: datetime) -> CustodyAnchor:
    sha256 = hashlib.sha256(content).hexdigest()
    return CustodyAnchor(day=day, seals=seals, sha256=sha256, made_at=made_at)


def _adopt(database: Database, folder: AnchorFolder, *, upto: date) -> None:
    """Take note of files newer than any that the database knows. How many of its seals they cover
    is not believed: the next anchor lists every head."""
    with database.read() as session:
        newest = _newest(session)
    known = newest.day if newest else date.min
    strange = [day for day in folder.days() if known < day <= upto]
    if not strange:
        return
    with database.write() as session:
        for day in strange:
            content = folder.read(day) or b""
            made_at = datetime.fromisoformat(json.loads(content)["made_at"])
            session.add(_row(day, content, seals=0, made_at=made_at))


def _compose(
    session: Session, folder: AnchorFolder, *, day: date, before: CustodyAnchor | None,
    now: datetime,
) -> tuple[bytes, int]:  # fmt: skip
    """The anchor's bytes, its heads already written; and how many heads."""
    seals = session.scalar(select(func.max(CustodySeal.number))) or 0
    tree = Tree()
    lines = _through(tree, moved_heads(session, after=before.seals if before else 0, upto=seals))
    sha256 = folder.keep_heads(day, lines)
    audit = session.execute(
        select(AuditSeal.position, AuditSeal.digest).order_by(AuditSeal.position.desc()).limit(1)
    ).one_or_none()
    anchor = {
        "format": ANCHOR_FORMAT,
        "version": ANCHOR_VERSION,
        "day": day.isoformat(),
        "missed_days": [each.isoformat() for each in _between(before, day)],
        "made_at": wire_time(now),
        "previous": before and {"day": before.day.isoformat(), "sha256": before.sha256},
        "seals": seals,
        "heads": {"count": tree.size, "root": tree.close().hex(), "sha256": sha256},
        "audit": audit and {"position": audit.position, "digest": audit.digest},
    }
    return json.dumps(anchor, indent=1).encode() + b"\n", tree.size


def _between(before: CustodyAnchor | None, day: date) -> Iterator[date]:
    """The days after the anchor before that have none of their own."""
    missed = before.day + ONE_DAY if before else day
    while missed < day:
        yield missed
        missed += ONE_DAY


def _through(tree: Tree, lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        tree.add(line)
        yield line


def moved_heads(session: Session, *, after: int, upto: int) -> Iterator[bytes]:
    """The heads of the chains that got seals of these numbers, in the order of the photos' ids as
    bytes; streamed."""
    order = "photo_id" if is_sqlite(session) else 'photo_id COLLATE "C"'
    rows: Any = session.execute(
        text(
            "SELECT photo_id, position, digest FROM (SELECT photo_id, position, digest, "
            "row_number() OVER (PARTITION BY photo_id ORDER BY position DESC) AS place "
            "FROM custody_seals WHERE number > :after AND number <= :upto) AS moved "
            f"WHERE place = 1 ORDER BY {order}"
        ),
        {"after": after, "upto": upto},
        execution_options={"stream_results": True, "yield_per": ROWS_AT_ONCE},
    )
    for photo_id, position, digest in rows:
        yield head_line(photo_id, position, digest)
