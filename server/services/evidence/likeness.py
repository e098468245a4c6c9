"""Which pictures of other tasks are alike (相似照片): the index over perceptual hashes.

A hash stands in four bands of 16 bits, each with an index. Two hashes that differ in at most 7 bits
have a band in common up to one bit; so 4 x 17 seeks find all candidates, about a thousand among a
million pictures. They are measured in the same statement, without a look at their rows: the hash
stands in the index beside the band.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from media.likeness import BANDS, RADIUS_BITS, bands, neighbours, signed
from server.models.base import UtcDateTime
from server.services.bulk import Insert, as_json, insert_rows, is_sqlite

MOST_CANDIDATES = 20_000
"""More entries are not read, a fourth of them from each band: a search stays short should ever so
many share one. What they hide in it another band finds, up to 5 bits surely, of 7 nearly always."""
MOST_HASHES = 256
"""Of a crowd of near-identical pictures the photos of so many hashes are looked up, the nearest:
room for all that one's own task may have of a thing, and still to find who else has it."""
MOST_SHOWN = 5
"""The nearest photos that a search gives."""
_PRACTICE = (
    "COALESCE((SELECT o.practice FROM tasks t JOIN organisations o ON o.id = t.organisation_id "
    "WHERE t.id = {}), false)"
)
SAME_WORLD = f"{_PRACTICE.format('p.task_id')} = {_PRACTICE.format(':task')}"
"""What is for practice (N7) and what is not are not compared: neither casts doubt on the other."""
COLUMNS = {"sha256": "text", "hash": "bigint"} | {f"band_{n}": "int" for n in range(BANDS)}


class Alike(NamedTuple):
    """A photo of another task; `distance_bits` of 64 differ."""

    photo_id: str
    task_id: str
    verified_at: datetime
    distance_bits: int


def keep_hashes(session: Session, hashes: Mapping[str, int | None]) -> None:
    """Note the hashes of originals by their sha256; None for one that shows too little."""
    rows = [_row(*each) for each in hashes.items()]
    insert_rows(session, Insert("picture_hashes", COLUMNS, rows, "ON CONFLICT DO NOTHING"))


def _row(sha256: str, hash_: int | None) -> dict[str, Any]:
    parts: Iterable[int | None] = [None] * BANDS if hash_ is None else bands(hash_)
    named = {f"band_{place}": part for place, part in enumerate(parts)}
    return {"sha256": sha256, "hash": None if hash_ is None else signed(hash_), **named}


def find_alike(session: Session, *, hash_: int, sha256: str, task_id: str) -> list[Alike]:
    """The verified photos of other tasks whose pictures, of other bytes, differ in at most
    `RADIUS_BITS` from a hash (signed); nearest first, then the earliest; at most `MOST_SHOWN`."""
    wanted = {name: as_json(near) for name, near in probes(hash_).items()}
    rows = session.execute(
        text(search_statement(session)).columns(verified_at=UtcDateTime()),
        {**wanted, "hash": hash_, "sha256": sha256, "task": task_id},
    )
    return [Alike(*row) for row in rows]


def probes(hash_: int) -> dict[str, list[int]]:
    """What to seek in each band's index."""
    return {f"near_{place}": neighbours(band) for place, band in enumerate(bands(hash_))}


def search_statement(session: Session) -> str:
    """The one statement of a search."""
    seen = " UNION ALL ".join(
        f"SELECT hash FROM (SELECT hash FROM picture_hashes WHERE band_{place} "
        f"{_among(session, place)} LIMIT {MOST_CANDIDATES // BANDS}) of_{place}"
        for place in range(BANDS)
    )
    differ = (
        "distance_bits(hash, :hash)"
        if is_sqlite(session)
        else "bit_count(CAST(hash # CAST(:hash AS bigint) AS bit(64)))"
    )
    return (
        f"WITH seen AS ({seen}), "
        f"near AS (SELECT DISTINCT hash, {differ} AS differ FROM seen "
        f"WHERE {differ} <= {RADIUS_BITS} ORDER BY differ, hash LIMIT {MOST_HASHES}) "
        "SELECT p.id, p.task_id, p.verified_at, near.differ FROM near "
        "JOIN picture_hashes h ON h.hash = near.hash "
        "JOIN photos p ON p.received_sha256 = h.sha256 "
        "WHERE p.state = 'verified' AND p.task_id <> :task AND h.sha256 <> :sha256 "
        f"AND {SAME_WORLD} "
        f"ORDER BY near.differ, p.verified_at, p.id LIMIT {MOST_SHOWN}"
    )


def _among(session: Session, place: int) -> str:
    if is_sqlite(session):
        return f"IN (SELECT value FROM json_each(:near_{place}))"
    numbers = f"jsonb_array_elements_text(CAST(:near_{place} AS jsonb))"
    return f"= ANY (ARRAY(SELECT CAST({numbers} AS int)))"
