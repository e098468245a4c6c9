"""The feeds (变更流): what changed, for each officer who holds it, in the order of commit.

An officer's feed is numbered by one counter row. `announce` raises it as the last thing in a write
transaction; the row stays locked until commit, so no lower `seq` can become visible after a higher
one, and only people on the same task ever wait for each other.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.failpoints import reach
from server.services.bulk import (
    WORD,
    Rows,
    Target,
    as_json,
    ids_from_json,
    insert_rows,
    is_sqlite,
    rows_from_json,
)
from server.services.sql import run


class FeedItem(NamedTuple):
    """One change for one officer; `op` is upsert, delete, revoke or purge."""

    officer_id: str
    type: str
    id: str
    op: str = "upsert"


NEW_ENTRIES = Target(
    "feed_entries",
    {"officer_id": WORD, "type": WORD, "id": WORD, "seq": "bigint", "op": WORD},
)
ENTRIES = Target(
    "feed_entries",
    NEW_ENTRIES.columns,
    "ON CONFLICT (officer_id, type, id) DO UPDATE SET seq = excluded.seq, op = excluded.op",
)
#: the channel on which PostgreSQL tells, at commit, whose feed moved (ADR 0007)
POKES = "suijian_pokes"


#: the `seq` of each (officer, type, id)
Seqs = dict[tuple[str, str, str], int]


def announce(
    session: Session,
    items: Iterable[FeedItem],
    *,
    new: Collection[tuple[str, str]] = (),
    also: Callable[[Seqs], Iterable[Rows]] = lambda _: (),
) -> Seqs:
    """Write the changes into their feeds, and with the same statement what is `also` to be
    written once each `seq` is known; gives those.

    Call it once, late in the transaction: from here on the feeds are locked. A feed keeps the
    newest entry of an entity; of several changes of one entity the last counts. `new` are entities
    that began in this transaction: no feed has an entry of them, and none is looked for.
    """
    newest = {(officer_id, type_, id_): op for officer_id, type_, id_, op in items}
    seqs = _numbered(session, newest)
    added: list[tuple[Any, ...]] = []
    renewed: list[tuple[Any, ...]] = []
    for (officer_id, type_, id_), seq in seqs.items():
        rows = added if (type_, id_) in new else renewed
        rows.append((officer_id, type_, id_, seq, newest[officer_id, type_, id_]))
    insert_rows(session, Rows(NEW_ENTRIES, added), Rows(ENTRIES, renewed), *also(seqs))
    if seqs:
        reach("feed.written")
    return seqs


def _numbered(session: Session, entries: Collection[tuple[str, str, str]]) -> Seqs:
    """The next numbers of their feeds, for these (officer, type, id)."""
    if not entries:
        return {}
    counts = Counter(officer_id for officer_id, _, _ in entries)
    heads = _raise_heads(session, counts)
    reach("feed.raised")
    nexts = {officer_id: count(first) for officer_id, first in heads.items()}
    return {entry: next(nexts[entry[0]]) for entry in entries}


def _raise_heads(session: Session, counts: Counter[str]) -> dict[str, int]:
    """Take `counts` numbers from each feed, in sorted order so that nobody deadlocks; gives the
    first of each."""
    rows = [{"officer_id": officer_id, "seq": counts[officer_id]} for officer_id in sorted(counts)]
    source = rows_from_json(session, {"officer_id": "text", "seq": "bigint"})
    poke = "" if is_sqlite(session) else f", pg_notify('{POKES}', officer_id)"
    heads = run(
        session,
        f"INSERT INTO feed_heads (officer_id, seq) SELECT officer_id, seq FROM {source} "
        "WHERE true ORDER BY officer_id "
        "ON CONFLICT (officer_id) DO UPDATE SET seq = feed_heads.seq + excluded.seq "
        f"RETURNING officer_id, seq{poke}",
        {"rows": as_json(rows)},
    )
    return {row.officer_id: row.seq - counts[row.officer_id] + 1 for row in heads}


def poke(session: Session, officer_id: str) -> None:
    """Have an officer's open streams look at once whether they may stay so; on SQLite every commit
    does."""
    if not is_sqlite(session):
        run(session, f"SELECT pg_notify('{POKES}', :officer)", {"officer": officer_id})


def hold_feeds(session: Session, officer_ids: Iterable[str]) -> None:
    """Lock these feeds now, before deciding what to write into them.

    Whoever takes something out of a feed must see what others put there; what is read after this
    call stays true until the transaction ends.
    """
    if zeros := Counter(dict.fromkeys(officer_ids, 0)):
        _raise_heads(session, zeros)


def holders(session: Session, task_ids: Iterable[str]) -> dict[str, list[str]]:
    """Who holds each task now: the officers whose assignment has not ended."""
    found: dict[str, list[str]] = {task_id: [] for task_id in task_ids}
    rows = run(
        session,
        "SELECT task_id, officer_id FROM assignments WHERE ended_at IS NULL "
        f"AND task_id IN {ids_from_json(session)}",
        {"ids": as_json(list(found))},
    )
    for task_id, officer_id in rows:
        found[task_id].append(officer_id)
    return found


def announce_to_holders(session: Session, changes: Iterable[tuple[str, str, str]]) -> None:
    """Announce `(task_id, type, id)` upserts to everyone who holds the task."""
    listed = list(changes)
    held_by = holders(session, {task_id for task_id, _, _ in listed})
    announce(
        session,
        [FeedItem(o, type_, id_) for task_id, type_, id_ in listed for o in held_by[task_id]],
    )
