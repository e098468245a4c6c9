"""Receipts (回执): what became of each op. The result of a repeated op is read from here."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.services.bulk import (
    WORD,
    Rows,
    Target,
    as_json,
    beside_rows,
    is_among,
    rows_from_json,
    seek_rows,
)
from server.services.scope import Actor
from server.services.sql import run
from sync.ops import Op

#: statuses whose op is nowhere else and is kept with its receipt, to be mended or looked at
KEPT_WHOLE = frozenset({"rejected", "deferred", "salvaged"})

RECEIPTS = Target(
    "receipts",
    {
        "device_id": WORD, "op_id": WORD, "n": "bigint", "user_id": WORD, "digest": WORD,
        "type": WORD, "entity_id": WORD, "task_id": WORD, "status": WORD,
        "result": WORD, "body": WORD, "offset_ms": "bigint", "effective_ms": "bigint",
        "received_ms": "bigint",
    },
    alike=("device_id", "user_id", "offset_ms", "received_ms"),
)  # fmt: skip


class Incoming(NamedTuple):
    """An op with what it was stamped with when it arrived; a held one keeps its stamp."""

    op: Op
    key: tuple[str, str]  # the entity it is about: type and id, as in the op
    digest: str
    device_id: str
    n: int
    user_id: str
    officer_id: str | None
    offset_ms: int
    effective_ms: int
    received_ms: int


class Known(NamedTuple):
    """A receipt as it stands."""

    digest: str
    status: str
    result: dict[str, Any]


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 over the op as it came, keys sorted: the same op, whatever its spelling."""
    try:
        raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        if "ecursion" in str(error):  # beyond 254 levels: nobody's op, and no one op's fault
            raise DomainError("invalid_json", details={"reason": "nested too deeply"}) from None
        raw = body_text(body).encode()  # integers beyond 64 bits, lone surrogates
    return hashlib.sha256(raw).hexdigest()


class Met(NamedTuple):
    """What a device's ops meet: the receipts that some of them have already, by op id; the tasks
    of the entities that exist; the tasks on which earlier ops of the device are held."""

    receipts: dict[str, Known]
    tasks: dict[tuple[str, str], str]
    held_on: set[str]


def met_by(session: Session, device_id: str, ops: Iterable[Op]) -> Met:
    """What these ops of a device meet, in one round trip. Its row is held by the caller. An entity
    never moves to another task; of a held op the task may be known only since."""
    source = rows_from_json(session, {"op_id": "text", "type": "text", "id": "text"})
    receipt = "c.device_id = :device AND c.op_id = r.op_id"
    rows = run(
        session,
        "SELECT r.op_id, r.type, r.id, c.digest, c.status, c.result, d.task_id "
        f"FROM {source} {beside_rows(session, 'receipts', 'c', receipt)} "
        f"{beside_rows(session, 'documents', 'd', 'd.type = r.type AND d.id = r.id')} "
        "WHERE c.op_id IS NOT NULL OR d.task_id IS NOT NULL UNION ALL "
        "SELECT NULL, NULL, NULL, NULL, NULL, NULL, COALESCE(c.task_id, d.task_id) "
        "FROM receipts c LEFT JOIN documents d ON d.type = c.type AND d.id = c.entity_id "
        "WHERE c.device_id = :device AND c.status = 'deferred'",
        {
            "device": device_id,
            "rows": as_json([{"op_id": op.op_id, "type": op.type, "id": op.id} for op in ops]),
        },
    )
    met = Met({}, {}, set())
    for row in rows:
        if row.task_id is not None and row.op_id is None:
            met.held_on.add(row.task_id)
        elif row.task_id is not None:
            met.tasks[row.type, row.id] = row.task_id
        if row.result is not None:
            met.receipts[row.op_id] = Known(row.digest, row.status, orjson.loads(row.result))
    return met


def known_receipts(session: Session, device_id: str, op_ids: Sequence[str]) -> dict[str, Known]:
    """The receipts that a device already has among these ops."""
    rows = run(
        session,
        "SELECT op_id, digest, status, result FROM receipts "
        f"WHERE device_id = :device AND {is_among(session, 'op_id')}",
        {"device": device_id, "ids": as_json(list(op_ids))},
    )
    return {row.op_id: Known(row.digest, row.status, orjson.loads(row.result)) for row in rows}


def statuses_of(session: Session, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What became of ops, by (device, op id), as far as they have arrived."""
    wanted = [{"device_id": device_id, "op_id": op_id} for device_id, op_id in set(names)]
    if not wanted:
        return {}
    found = seek_rows(session, "receipts", {"device_id": "text", "op_id": "text"})
    rows = run(
        session, f"SELECT t.device_id, t.op_id, t.status FROM {found}", {"rows": as_json(wanted)}
    )
    return {(row.device_id, row.op_id): row.status for row in rows}


def tasks_of_earlier_ops(
    session: Session, device_id: str, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The tasks of entities that do not exist, as this device named them: in a create that was
    salvaged, refused or is held. What follows it belongs there too."""
    wanted = [{"type": type_, "id": id_} for type_, id_ in keys]
    if not wanted:
        return {}
    source = rows_from_json(session, {"type": "text", "id": "text"})
    rows = run(
        session,
        f"SELECT c.type, c.entity_id, c.task_id FROM receipts c JOIN {source} "
        "ON r.type = c.type AND r.id = c.entity_id "
        "WHERE c.device_id = :device AND c.task_id IS NOT NULL ORDER BY c.n",
        {"device": device_id, "rows": as_json(wanted)},
    )
    return {(row.type, row.entity_id): row.task_id for row in rows}


def held_ops(
    session: Session,
    device_ids: Iterable[str],
    keys: Iterable[tuple[str, str]],
    task_ids: Iterable[str],
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The held ops of these devices and those on these entities and tasks, oldest first:
    (body, receipt)."""
    source = rows_from_json(session, {"type": "text", "id": "text"})
    rows = run(
        session,
        "SELECT c.device_id, c.op_id, c.n, c.digest, c.user_id, u.officer_id, c.body, "
        "c.task_id, c.effective_ms, c.received_ms, c.offset_ms FROM receipts c "
        "JOIN users u ON u.id = c.user_id "
        f"WHERE c.status = 'deferred' AND ({is_among(session, 'c.device_id', 'devices')} OR EXISTS "
        f"(SELECT 1 FROM {source} WHERE r.type = c.type AND r.id = c.entity_id) "
        f"OR {is_among(session, 'c.task_id')}) "
        "ORDER BY c.received_ms, c.device_id, c.n",
        {
            "devices": as_json(list(device_ids)),
            "rows": as_json([{"type": t, "id": i} for t, i in keys]),
            "ids": as_json(list(task_ids)),
        },
    )
    return [(orjson.loads(row.body), row._asdict()) for row in rows]


#: an op, its task, its result
Settled = tuple[Incoming, str | None, dict[str, Any]]


def receipts_of(settled: Iterable[Settled]) -> Rows:
    """The receipts of fresh ops, to be added."""
    return Rows(RECEIPTS, [_row(*each) for each in settled])


def renew_receipts(session: Session, settled: Iterable[Settled]) -> None:
    """Write what became of ops that were held."""
    rows = [
        dict(zip(RECEIPTS.columns, _row(it, task_id, result), strict=True))
        for it, task_id, result in settled
    ]
    if not rows:
        return
    source = rows_from_json(session, RECEIPTS.columns)
    run(
        session,
        "UPDATE receipts SET status = r.status, result = r.result, body = r.body, "
        f"task_id = r.task_id FROM {source} "
        "WHERE receipts.device_id = r.device_id AND receipts.op_id = r.op_id",
        {"rows": as_json(rows)},
    )


def mark_mended(session: Session, arrived: Iterable[Incoming]) -> None:
    """Note for rejected ops which op of their device now stands for them (rule 11)."""
    rows = [
        {"device_id": it.device_id, "op_id": it.op.mends, "mender": it.op.op_id}
        for it in arrived
        if it.op.mends
    ]
    if rows:
        source = rows_from_json(session, {"device_id": "text", "op_id": "text", "mender": "text"})
        run(
            session,
            f"UPDATE receipts SET mended_by = r.mender FROM {source} "
            "WHERE receipts.device_id = r.device_id AND receipts.op_id = r.op_id "
            "AND receipts.status = 'rejected' AND receipts.op_id <> r.mender",
            {"rows": as_json(rows)},
        )


def _row(it: Incoming, task_id: str | None, result: dict[str, Any]) -> tuple[Any, ...]:
    op, status = it.op, result["status"]
    body = body_text(op.body) if status in KEPT_WHOLE else None
    return (
        it.device_id, op.op_id, it.n, it.user_id, it.digest, op.type, op.id, task_id, status,
        as_json(result), body, it.offset_ms, it.effective_ms, it.received_ms,
    )  # fmt: skip


def body_text(body: Mapping[str, Any]) -> str:
    """An op as text that every database keeps, whatever signs are in it."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True)


def results_of(session: Session, *, actor: Actor, op_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The stored results of this device's ops, in the order asked; `unknown` for the others."""
    known = known_receipts(session, actor.device_id or "", op_ids)
    return [
        known[op_id].result if op_id in known else {"op_id": op_id, "status": "unknown"}
        for op_id in op_ids
    ]
