"""Objects that may be one are found (疑似重复): alike name and address, or one legal person.

Never all pairs: only objects of the same block are compared, and a block too large is walked in the
order of its names, each with its next neighbours; what is left out is counted and told. Blocks are
sorted in a scratch file, so memory does not grow with the register. What is found is a proposal;
pairs that a person has decided on stay decided.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.db import Database
from server.ids import new_id
from server.models import DuplicatePair, InspectionObject
from server.services.bulk import Insert, insert_rows
from server.services.registers.alike import Known, blocks_of, known, likeness
from server.services.sql import as_stored

MAX_BLOCK = 200  # objects; up to 19,900 comparisons
NEIGHBOURS = 40  # in a larger block
BATCH = 1000
_PAIRS = {
    "id": "text", "first_id": "text", "second_id": "text", "score": "integer", "reasons": "jsonb",
    "state": "text", "found_at": "timestamptz",
}  # fmt: skip
Pair = tuple[str, str, int, list[str]]
Progress = Callable[[int, int], object]


@dataclass(kw_only=True)
class Search:
    """What a search did. `cut` counts comparisons left out of blocks that were too large."""

    objects: int = 0
    blocks: int = 0
    large_blocks: int = 0
    compared: int = 0
    cut: int = 0
    found: int = 0
    new: int = 0


def find_duplicates(
    database: Database, *, practice: bool = False, now: datetime, progress: Progress
) -> Search:
    """Look through all objects that stand, the real ones or those for practice (N7); put new pairs
    to people. Safe to repeat."""
    search = Search()
    scratch = sqlite3.connect("", isolation_level=None)
    try:
        scratch.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE seats (block TEXT, core TEXT, id TEXT, PRIMARY KEY (block, core, id)) "
            "WITHOUT ROWID;"
            "CREATE TABLE objects (id TEXT PRIMARY KEY, division_code, credit_code, name, address);"
            "CREATE TABLE pairs (first_id, second_id, score, reasons, "
            "PRIMARY KEY (first_id, second_id)) WITHOUT ROWID;"
        )
        with database.read() as session:
            search.objects = _seat(session, scratch, practice=practice)
        _compare(scratch, search, progress)
        search.found = scratch.execute("SELECT count(*) FROM pairs").fetchone()[0]
        for batch in _pairs(scratch):
            with database.write() as session:
                before = _count(session)
                put_pairs(session, batch, now=now)
                search.new += _count(session) - before
        return search
    finally:
        scratch.close()


def _seat(session: Session, scratch: sqlite3.Connection, *, practice: bool) -> int:
    """Copy the objects into the scratch file, each with the blocks it sits in."""
    found = InspectionObject
    rows = session.execute(
        select(found.id, found.division_code, found.credit_code, found.name, found.address)
        .where(found.state == "active", found.practice.is_(practice))
        .execution_options(yield_per=BATCH)
    )
    count = 0
    for part in rows.partitions():
        scratch.execute("BEGIN")
        scratch.executemany("INSERT INTO objects VALUES (?,?,?,?,?)", [tuple(row) for row in part])
        scratch.executemany(
            "INSERT OR IGNORE INTO seats VALUES (?,?,?)",
            [
                (block, one.core, one.id)
                for one in (_known(tuple(row)) for row in part)
                for block in blocks_of(one)
            ],
        )
        scratch.execute("COMMIT")
        count += len(part)
    return count


def _known(row: tuple[Any, ...]) -> Known:
    id_, division_code, credit_code, name, address = row
    return known(
        id_=id_, division_code=division_code, credit_code=credit_code, name=name, address=address
    )


def _compare(scratch: sqlite3.Connection, search: Search, progress: Progress) -> None:
    seats = scratch.execute(
        "SELECT s.block, o.* FROM seats s JOIN objects o ON o.id = s.id ORDER BY s.block, s.core"
    )
    total = scratch.execute("SELECT count(*) FROM seats").fetchone()[0]
    done = 0
    for _, rows in groupby(seats, key=itemgetter(0)):
        objects = (_known(row[1:]) for row in rows)
        first = list(islice(objects, MAX_BLOCK + 1))
        if len(first) <= MAX_BLOCK:
            pairs, size = _all_pairs(first), len(first)
            scratch.executemany(
                "INSERT OR IGNORE INTO pairs VALUES (?,?,?,?)", _alike(pairs, search)
            )
        else:
            size = _walk(scratch, first, objects, search)
        search.blocks += size > 1
        done += size
        progress(done, total)


def _all_pairs(objects: list[Known]) -> Iterator[tuple[Known, Known]]:
    for place, one in enumerate(objects):
        for other in objects[place + 1 :]:
            yield one, other


def _walk(
    scratch: sqlite3.Connection, first: list[Known], rest: Iterator[Known], search: Search
) -> int:
    """Compare each object of a large block with its next neighbours by name; gives its size."""
    search.large_blocks += 1
    window: list[Known] = []
    size = compared = 0
    for source in (first, rest):
        for one in source:
            found = _alike(((other, one) for other in window), search)
            scratch.executemany("INSERT OR IGNORE INTO pairs VALUES (?,?,?,?)", found)
            compared += len(window)
            window = [*window[-(NEIGHBOURS - 1) :], one]
            size += 1
    search.cut += size * (size - 1) // 2 - compared
    return size


def _alike(
    pairs: Iterator[tuple[Known, Known]], search: Search
) -> Iterator[tuple[str, str, int, str]]:
    for one, other in pairs:
        search.compared += 1
        if found := likeness(one, other):
            first, second = sorted((one.id, other.id))
            yield first, second, found.score, ",".join(found.reasons)


def _pairs(scratch: sqlite3.Connection) -> Iterator[list[Pair]]:
    cursor = scratch.execute("SELECT * FROM pairs ORDER BY score DESC, first_id, second_id")
    while rows := cursor.fetchmany(BATCH):
        yield [(first, second, score, reasons.split(",")) for first, second, score, reasons in rows]


def put_pairs(session: Session, pairs: Sequence[Pair], *, now: datetime) -> None:
    """Put pairs (lesser id, greater id, score, reasons) to people, unless they are known."""
    rows = [
        {
            "id": new_id(), "first_id": first, "second_id": second, "score": score,
            "reasons": reasons, "state": "open", "found_at": as_stored(session, now),
        }
        for first, second, score, reasons in pairs
    ]  # fmt: skip
    again = "ON CONFLICT (first_id, second_id) DO NOTHING"
    insert_rows(session, Insert("duplicate_pairs", _PAIRS, rows, again))


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(DuplicatePair)) or 0
