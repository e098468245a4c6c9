"""What an officer holds, as digests: a device finds out whether and where it differs, and heals.

A question is about all, about a type, or about a range of a type's ids. The answer splits it into
parts with a digest each; a range of few entities is told entity by entity. So a device that holds
thousands comes to the one that differs with two or three small questions.

The work of a question is bounded: more than `MAX_DIGESTED` entities are only counted and split, and
each part must be asked for by itself. Digests are made when asked for, and kept nowhere: that costs
about 30 µs an entity, once a day and device, and no write pays for it.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.services.bulk import as_json, is_among, is_sqlite
from server.services.scope import Actor
from server.services.sql import run
from server.services.sync.pull import changes_since
from sync.digest import entity_digest, range_digest, split

MAX_DIGESTED = 5000
FAN_OUT = 32
#: a range of so few is told entity by entity
FEW = 64

#: what an officer holds: nothing that is gone or going
HELD = "f.officer_id = :officer AND f.op = 'upsert'"
DOCUMENT = "JOIN documents t ON t.type = f.type AND t.id = f.id"


class Span(NamedTuple):
    """A range of a type's ids, from `start` on up to but without `end`, in byte order; None is
    open. Without a type: all."""

    type: str | None = None
    start: str | None = None
    end: str | None = None


class Part(NamedTuple):
    """A piece of a span; its digest is None where there is too much in the span to digest."""

    type: str
    start: str | None
    end: str | None
    held: int
    digest: bytes | None


class Leaf(NamedTuple):
    """One entity."""

    type: str
    id: str
    rev: int
    digest: bytes


class Digest(NamedTuple):
    """The answer: either parts, or the entities themselves."""

    held: int
    digest: bytes | None
    parts: list[Part] | None
    entities: list[Leaf] | None


def is_current(session: Session, *, actor: Actor, cursor: str, secret: bytes) -> bool:
    """Whether nothing came since the cursor, so that what is held may be compared at all. Raises
    as `changes_since` does."""
    page = changes_since(session, actor=actor, cursor=cursor, limit=1, secret=secret)
    return not page.changes


def digest_of(session: Session, *, actor: Actor, span: Span) -> Digest:
    """The digest of what the actor holds in a span. The session must be one snapshot.

    Raises `forbidden` for one who is no officer.
    """
    if actor.officer_id is None:
        raise DomainError("forbidden", details={"needs": ["officer"]})
    scope = _scope(session, actor.officer_id, span)
    count = _count(session, scope)
    if count > MAX_DIGESTED:
        return Digest(count, None, list(_blind_parts(session, scope, span, count)), None)
    leaves = _leaves(session, scope)
    digest = range_digest(leaf.digest for leaf in leaves)
    if span.type is not None and len(leaves) <= FEW:
        return Digest(len(leaves), digest, None, leaves)
    return Digest(len(leaves), digest, list(_parts(leaves, span)), None)


def entities_held(
    session: Session, *, actor: Actor, type_: str, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The entities of these ids as they stand, as far as the actor holds them."""
    rows = run(
        session,
        f"SELECT f.id, t.rev, CAST(t.data AS text) AS data FROM feed_entries f {DOCUMENT} "
        f"WHERE {HELD} AND f.type = :type AND {is_among(session, 'f.id')}",
        {"officer": actor.officer_id, "type": type_, "ids": as_json(list(ids))},
    )
    return [
        {"type": type_, "id": row.id, "rev": row.rev, "data": orjson.loads(row.data)}
        for row in rows
    ]


class _Scope(NamedTuple):
    """A span as SQL: its condition, its parameters, and ids in byte order."""

    condition: str
    parameters: dict[str, Any]
    id: str


def _scope(session: Session, officer_id: str, span: Span) -> _Scope:
    id_ = "f.id" if is_sqlite(session) else 'f.id COLLATE "C"'
    bounds = {
        "type": ("f.type = :type", span.type),
        "start": (f"{id_} >= :start", span.start),
        "end": (f"{id_} < :end", span.end),
    }
    asked = {name: bound for name, bound in bounds.items() if bound[1] is not None}
    condition = " AND ".join([HELD, *(clause for clause, _ in asked.values())])
    parameters = {name: value for name, (_, value) in asked.items()}
    return _Scope(condition, {"officer": officer_id, **parameters}, id_)


def _count(session: Session, scope: _Scope) -> int:
    counted = f"SELECT count(*) FROM feed_entries f WHERE {scope.condition}"
    [(count,)] = run(session, counted, scope.parameters)
    return int(count)


def _leaves(session: Session, scope: _Scope) -> list[Leaf]:
    rows = run(
        session,
        "SELECT f.type, f.id, t.rev, CAST(t.data AS text) AS data "
        f"FROM feed_entries f {DOCUMENT} WHERE {scope.condition}",
        scope.parameters,
    )
    return sorted(
        Leaf(type_, id_, rev, entity_digest(type_, id_, rev, orjson.loads(data)))
        for type_, id_, rev, data in rows
    )


def _parts(leaves: Sequence[Leaf], span: Span) -> Iterator[Part]:
    """Types, or stretches of one type's ids that leave no gap between them."""
    if span.type is None:
        for type_, group in groupby(leaves, key=lambda leaf: leaf.type):
            yield _part(list(group), Span(type_))
        return
    pieces = split(leaves, FAN_OUT)
    starts = [span.start, *(piece[0].id for piece in pieces[1:])]
    for piece, start, end in zip(pieces, starts, [*starts[1:], span.end], strict=True):
        yield _part(piece, Span(span.type, start, end))


def _part(leaves: Sequence[Leaf], span: Span) -> Part:
    digest = range_digest(leaf.digest for leaf in leaves)
    return Part(span.type or "", span.start, span.end, len(leaves), digest)


def _blind_parts(session: Session, scope: _Scope, span: Span, count: int) -> Iterator[Part]:
    """The same without digests: the database counts and cuts."""
    if span.type is None:
        counted = f"SELECT f.type, count(*) FROM feed_entries f WHERE {scope.condition}"
        for type_, held in run(session, f"{counted} GROUP BY f.type", scope.parameters):
            yield Part(type_, None, None, held, None)
        return
    step = -(-count // FAN_OUT)
    cuts = run(
        session,
        f"SELECT id FROM (SELECT f.id, row_number() OVER (ORDER BY {scope.id}) AS place "
        f"FROM feed_entries f WHERE {scope.condition}) AS placed "
        "WHERE place > 1 AND place % :step = 1 ORDER BY place",
        {**scope.parameters, "step": step},
    )
    starts = [span.start, *(row.id for row in cuts)]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], span.end], strict=True)):
        yield Part(span.type, start, end, min(step, count - number * step), None)
