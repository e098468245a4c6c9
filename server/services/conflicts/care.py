"""The care of a conflict (承办) follows the conflict: begun, ended and shown on its document.

`assigned_to` and `escalated_at` of the document say what the office did, never what devices did,
and make no version of it: its `rev` goes on saying what of its entity it shows. So nobody's
settlement is refused because the care has moved.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.sql import run

Assignee = dict[str, str]

CARE_COLUMNS = {
    "conflict_id": "text", "task_id": "text", "open": "boolean", "opened_ms": "bigint",
    "settled_ms": "bigint", "officer_id": "text", "escalation": "bigint",
}  # fmt: skip
#: a conflict that opens anew waits anew, in the care of who had it
RENEW_CARE = (
    "ON CONFLICT (conflict_id) DO UPDATE SET open = excluded.open, "
    "settled_ms = excluded.settled_ms, "
    "opened_ms = CASE WHEN excluded.open THEN excluded.opened_ms "
    "ELSE conflict_care.opened_ms END, "
    "escalation = CASE WHEN excluded.open THEN 0 ELSE conflict_care.escalation END, "
    "escalated_ms = CASE WHEN excluded.open THEN NULL ELSE conflict_care.escalated_ms END"
)
SETTLEMENT_COLUMNS = {
    "conflict_id": "text", "rev": "bigint", "candidate": "text", "note": "text",
}  # fmt: skip
#: the officer who leads a task now
LEAD = (
    "SELECT a.officer_id FROM assignments a "
    "WHERE a.task_id = {task} AND a.role = 'lead' AND a.ended_at IS NULL"
)


def leads_of(session: Session, task_ids: Collection[str]) -> dict[str, Assignee]:
    """The lead (主办) of each task, in whose care a conflict begins."""
    if not task_ids:
        return {}
    rows = run(
        session,
        "SELECT a.task_id, o.id, o.name FROM assignments a JOIN officers o ON o.id = a.officer_id "
        "WHERE a.role = 'lead' AND a.ended_at IS NULL "
        f"AND a.task_id IN {ids_from_json(session)}",
        {"ids": as_json(sorted(task_ids))},
    )
    return {row.task_id: {"kind": "officer", "id": row.id, "name": row.name} for row in rows}


def with_care(
    data: Mapping[str, Any], known: Mapping[str, Any], leads: Mapping[str, Assignee]
) -> dict[str, Any]:
    """A conflict's document with its care: as it was, or begun by the task's lead."""
    goes_on = known.get("state") == data["state"] == "open"
    begun_by = leads.get(data["task_id"])
    return {
        **data,
        "assigned_to": known.get("assigned_to", begun_by),
        "escalated_at": known.get("escalated_at") if goes_on else None,
    }


def care_row(conflict_id: str, data: Mapping[str, Any], *, now_ms: int) -> dict[str, Any]:
    """The row of a conflict that was opened or settled now."""
    is_open = data["state"] == "open"
    assignee = data["assigned_to"] or {}
    return {
        "conflict_id": conflict_id, "task_id": data["task_id"], "open": is_open,
        "opened_ms": now_ms, "settled_ms": None if is_open else now_ms, "escalation": 0,
        "officer_id": assignee.get("id") if assignee.get("kind") == "officer" else None,
    }  # fmt: skip


def settlement_row(conflict_id: str, rev: int, choice: Mapping[str, Any]) -> dict[str, Any]:
    """The row of one settling (裁定); `rev` is the version of the entity that it made."""
    return {
        "conflict_id": conflict_id, "rev": rev, "candidate": choice.get("candidate"),
        "note": choice.get("note"),
    }  # fmt: skip


def move_care(session: Session, task_id: str) -> set[tuple[str, str]]:
    """Let the care follow the officers of a task: what the lead has by default goes to who leads
    now, and so does what was assigned to somebody who left. Gives the documents that changed.

    The task's row is locked by the caller.
    """
    on_task = "SELECT officer_id FROM assignments WHERE task_id = :task AND ended_at IS NULL"
    rows = run(
        session,
        f"UPDATE conflict_care SET officer_id = ({LEAD.format(task=':task')}), user_id = NULL, "
        "assigned_by = NULL, assigned_ms = NULL WHERE task_id = :task AND "
        f"(assigned_by IS NULL OR officer_id NOT IN ({on_task})) RETURNING conflict_id",
        {"task": task_id},
    )
    moved = [row.conflict_id for row in rows]
    return {("conflict", conflict_id) for conflict_id in show_care(session, moved)}


def show_care(session: Session, conflict_ids: Collection[str]) -> list[str]:
    """Let documents show the care of their conflicts; gives the ids of those that changed.

    The tasks' rows are locked by the caller, because a push under way writes documents whole.
    """
    if not conflict_ids:
        return []
    shown = _SHOWN_ON_SQLITE if is_sqlite(session) else _SHOWN_ON_POSTGRES
    rows = run(
        session,
        f"UPDATE documents SET data = {shown} FROM conflict_care c "
        "LEFT JOIN officers f ON f.id = c.officer_id LEFT JOIN users u ON u.id = c.user_id "
        "WHERE documents.type = 'conflict' AND documents.id = c.conflict_id "
        f"AND c.conflict_id IN {ids_from_json(session)} "
        f"AND documents.data IS DISTINCT FROM {shown} RETURNING documents.id",
        {"ids": as_json(sorted(conflict_ids))},
    )
    return [row.id for row in rows]


_WHO = (
    "CASE WHEN c.officer_id IS NOT NULL THEN "
    "{object}('kind', 'officer', 'id', c.officer_id, 'name', f.name) "
    "WHEN c.user_id IS NOT NULL THEN "
    "{object}('kind', 'supervisor', 'id', c.user_id, 'name', u.name) ELSE {nobody} END"
)
_WHO_ON_POSTGRES = _WHO.format(object="jsonb_build_object", nobody="CAST('null' AS jsonb)")
_WHO_ON_SQLITE = _WHO.format(object="json_object", nobody="'null'")
_SHOWN_ON_POSTGRES = (
    f"documents.data || jsonb_build_object('assigned_to', {_WHO_ON_POSTGRES}, "
    "'escalated_at', to_char(to_timestamp(c.escalated_ms / 1000.0) AT TIME ZONE 'UTC', "
    """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))"""
)
_SHOWN_ON_SQLITE = (
    f"json_set(documents.data, '$.assigned_to', json({_WHO_ON_SQLITE}), "
    "'$.escalated_at', strftime('%Y-%m-%dT%H:%M:%fZ', c.escalated_ms / 1000.0, 'unixepoch'))"
)


def adopt_conflicts(session: Session) -> None:
    """Take into care what was opened by a version of the server that knew no care.

    Their documents show it from their next change on.
    """
    run(
        session,
        "INSERT INTO conflict_care (conflict_id, task_id, open, opened_ms, settled_ms, "
        "officer_id, escalation) SELECT d.id, d.task_id, d.data ->> 'state' = 'open', "
        "d.updated_ms, CASE WHEN d.data ->> 'state' = 'open' THEN NULL ELSE d.updated_ms END, "
        f"({LEAD.format(task='d.task_id')}), 0 "
        # a difference of sets: no plan, however wrong about their sizes, looks at each pair
        "FROM (SELECT id FROM documents WHERE type = 'conflict' "
        "EXCEPT SELECT conflict_id FROM conflict_care) AS missing "
        "JOIN documents d ON d.type = 'conflict' AND d.id = missing.id "
        "WHERE true ON CONFLICT DO NOTHING",
        {},
    )
