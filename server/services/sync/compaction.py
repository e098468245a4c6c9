"""Compaction (压缩): tombstones that are old enough leave the feeds, and the feeds' floors rise.

A feed keeps the newest entry of each entity. An entity that is gone leaves a tombstone there
(`delete`, `purge`), for devices that have not heard of it. After `tombstone_days` it goes too; a
device whose cursor lies below the floor may have missed it and must begin anew (410). History,
receipts and audit are never compacted.

An entry has no time of its own: that would cost every push, for entries that are hardly ever asked
for it. Instead a sweep notes now and then where each feed stands (`FeedMark`): what a feed holds up
to a mark is at least as old as the mark.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.db import Database
from server.services.audit.acts import record_act
from server.services.bulk import as_json, rows_from_json
from server.services.sql import run
from server.services.sync.feed import hold_feeds

#: feeds held at once, and tombstones removed at once: a push waits for no more than this
FEEDS = 100
TOMBSTONES = 1000
MARKS = 5000

#: where the marks say that a feed's tombstones are due, feed by feed
DUE = (
    "SELECT officer_id, max(seq) AS seq FROM feed_marks WHERE at_ms <= :before "
    "GROUP BY officer_id ORDER BY officer_id LIMIT :feeds"
)
DUE_COLUMNS = {"officer_id": "text", "seq": "bigint"}
OF_DUE = (
    "JOIN feed_entries f ON f.officer_id = r.officer_id AND f.seq <= r.seq "
    "AND f.op IN ('delete', 'purge')"
)


class Compacted(NamedTuple):
    """What one batch did; `finished` when no feed is due any more."""

    removed: int
    finished: bool


def compact(database: Database, *, now: datetime, tombstone_days: int) -> Iterator[int]:
    """Mark the feeds, then remove what is due; gives the count of each batch. Each is a short
    transaction of its own, so it may be interrupted and repeated at any time."""
    marked = MARKS
    while marked == MARKS:
        with database.write() as session:
            marked = mark_feeds(session, now=now)
    finished = False
    while not finished:
        with database.write() as session:
            removed, finished = compact_batch(session, now=now, tombstone_days=tombstone_days)
        yield removed


def mark_feeds(session: Session, *, now: datetime) -> int:
    """Note where feeds stand that have gained tombstones since they were noted last; gives how
    many were noted, at most `MARKS`: call it until it gives fewer."""
    marked = run(
        session,
        "INSERT INTO feed_marks (officer_id, seq, at_ms) "
        "SELECT h.officer_id, h.seq, :ms FROM feed_heads h WHERE EXISTS "
        "(SELECT 1 FROM feed_entries f WHERE f.officer_id = h.officer_id "
        "AND f.op IN ('delete', 'purge') AND f.seq > COALESCE((SELECT max(m.seq) "
        "FROM feed_marks m WHERE m.officer_id = h.officer_id), 0)) "
        "ORDER BY h.officer_id LIMIT :marks ON CONFLICT DO NOTHING RETURNING seq",
        {"ms": to_ms(now), "marks": MARKS},
    )
    return len(marked)


def count_due(session: Session, *, now: datetime, tombstone_days: int) -> int:
    """How many tombstones are due."""
    due = DUE.replace("LIMIT :feeds", "")
    [(count,)] = run(
        session,
        f"SELECT count(*) FROM ({due}) AS r {OF_DUE}",
        {"before": _before(now, tombstone_days)},
    )
    return int(count)


def compact_batch(session: Session, *, now: datetime, tombstone_days: int) -> Compacted:
    """Remove a bounded batch of due tombstones and raise the floors of their feeds.

    The feeds are held until the commit, so a push to one of them waits, and a pull sees all of the
    batch or nothing: either the tombstone or the floor above it. Oldest first within a feed: what
    lies at or below a floor is gone for good.
    """
    before = _before(now, tombstone_days)
    due = run(session, DUE, {"before": before, "feeds": FEEDS})
    if not due:
        return Compacted(0, finished=True)
    rows = as_json([row._asdict() for row in due])
    hold_feeds(session, [row.officer_id for row in due])
    removed = _remove(session, rows)
    _raise_floors(session, removed)
    if len(removed) < TOMBSTONES:
        _forget_marks(session, rows)
    if removed:
        record_act(
            session, actor=None, action="feeds.compacted", target_type="feeds", target_id="",
            after={"tombstones": len(removed), "feeds": len({officer for officer, _ in removed})},
            now=now,
        )  # fmt: skip
    return Compacted(len(removed), finished=False)


def _before(now: datetime, tombstone_days: int) -> int:
    return to_ms(now - timedelta(days=tombstone_days))


def _remove(session: Session, due: str) -> list[tuple[str, int]]:
    return run(
        session,
        "DELETE FROM feed_entries WHERE (officer_id, seq) IN "
        f"(SELECT f.officer_id, f.seq FROM {rows_from_json(session, DUE_COLUMNS)} {OF_DUE} "
        "ORDER BY f.officer_id, f.seq LIMIT :tombstones) RETURNING officer_id, seq",
        {"rows": due, "tombstones": TOMBSTONES},
    )


def _raise_floors(session: Session, removed: list[tuple[str, int]]) -> None:
    floors: dict[str, int] = {}
    for officer_id, seq in removed:
        floors[officer_id] = max(seq, floors.get(officer_id, 0))
    run(
        session,
        f"UPDATE feed_heads SET floor = r.seq FROM {rows_from_json(session, DUE_COLUMNS)} "
        "WHERE feed_heads.officer_id = r.officer_id AND feed_heads.floor < r.seq",
        {"rows": as_json([{"officer_id": o, "seq": seq} for o, seq in floors.items()])},
    )


def _forget_marks(session: Session, due: str) -> None:
    """These feeds have no tombstone left up to here."""
    run(
        session,
        "DELETE FROM feed_marks WHERE EXISTS (SELECT 1 FROM "
        f"{rows_from_json(session, DUE_COLUMNS)} WHERE r.officer_id = feed_marks.officer_id "
        "AND feed_marks.seq <= r.seq)",
        {"rows": due},
    )
