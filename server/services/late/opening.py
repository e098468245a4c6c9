"""Late ops are opened while a push is taken, with the receipts; a held one may go on by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.ids import new_id
from server.services.bulk import as_json, rows_from_json
from server.services.sql import run
from server.services.sync.receipts import Incoming, Settled

AFTER_APPROVAL = "task_reviewed"
OPENED = {
    "id": "text", "device_id": "text", "op_id": "text", "user_id": "text", "kind": "text",
    "task_id": "text",
}  # fmt: skip
NAMES = {"device_id": "text", "op_id": "text"}


def open_late_ops(session: Session, salvaged: Sequence[Settled], *, now: datetime) -> None:
    """Have people decide about ops that were just salvaged: `(op, its task, its result)`. The
    results then say under which id; one that was held too long becomes what it is now."""
    if not salvaged:
        return
    rows = [_row(it, task_id, result) for it, task_id, result in salvaged]
    named = run(
        session,
        "INSERT INTO late_ops (id, device_id, op_id, user_id, kind, state, task_id, "
        "organisation_id, opened_ms) SELECT r.id, r.device_id, r.op_id, r.user_id, r.kind, 'open', "
        f"t.id, t.organisation_id, :ms FROM {rows_from_json(session, OPENED)} "
        "JOIN tasks t ON t.id = r.task_id WHERE true "
        "ON CONFLICT (device_id, op_id) DO UPDATE SET kind = excluded.kind, state = 'open', "
        "task_id = excluded.task_id, organisation_id = excluded.organisation_id "
        "RETURNING id, device_id, op_id, kind",
        {"rows": as_json(rows), "ms": to_ms(now)},
    )
    ids = {(row.device_id, row.op_id): row for row in named}
    for it, _, result in salvaged:
        row = ids[it.device_id, it.op.op_id]
        result["error"]["details"] |= {"late_op_id": row.id, "kind": row.kind, "state": "open"}


def close_gone_on(session: Session, went_on: Sequence[Incoming], *, now: datetime) -> None:
    """Nobody has to decide any more about ops that were held and have gone on by themselves."""
    if not went_on:
        return
    names = [{"device_id": it.device_id, "op_id": it.op.op_id} for it in went_on]
    run(
        session,
        "UPDATE late_ops SET state = 'went_on', decided_ms = :ms "
        f"FROM {rows_from_json(session, NAMES)} WHERE late_ops.device_id = r.device_id "
        "AND late_ops.op_id = r.op_id AND late_ops.kind = 'held' AND late_ops.state = 'open'",
        {"rows": as_json(names), "ms": to_ms(now)},
    )


def _row(it: Incoming, task_id: str | None, result: dict[str, Any]) -> dict[str, Any]:
    approved = result["error"]["code"] == AFTER_APPROVAL
    return {
        "id": new_id(), "device_id": it.device_id, "op_id": it.op.op_id, "user_id": it.user_id,
        "kind": "amendment" if approved else "salvage", "task_id": task_id,
    }  # fmt: skip
