"""What changes hands with a task: who comes gets everything, who leaves keeps nothing.

Leaving is two-phase: `revoke` at once, `purge` once the time is over in which the officer's device
may still send what it wrote offline.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from server.models import Assignment, Task
from server.services.bulk import as_json, ids_from_json, rows_from_json
from server.services.sync.feed import FeedItem, announce, hold_feeds

SHARED = (("object", "object_id"), ("history", "object_id"), ("checklist", "checklist_id"))


def items_for_newcomers(session: Session, task: Task, comers: Collection[str]) -> list[FeedItem]:
    """The whole task for each: its documents, object, history and checklist.

    Someone who held it before is told of what was deleted meanwhile.
    """
    shared = [(type_, getattr(task, column), False) for type_, column in SHARED]
    own = session.execute(
        text("SELECT type, id, deleted FROM documents WHERE task_id = :task ORDER BY type, id"),
        {"task": task.id},
    )
    return [
        FeedItem(officer_id, type_, id_, "delete" if deleted else "upsert")
        for type_, id_, deleted in [*shared, *own]
        for officer_id in comers
    ]


def items_for_leavers(session: Session, task: Task, leavers: Collection[str]) -> list[FeedItem]:
    """`revoke` for each of the task's documents, and for what it shares with other tasks unless
    another task of theirs still needs it. Their feeds must be held (`hold_feeds`)."""
    own = session.execute(
        text("SELECT type, id FROM documents WHERE task_id = :task AND NOT deleted"),
        {"task": task.id},
    ).all()
    items = [FeedItem(o, type_, id_, "revoke") for type_, id_ in own for o in leavers]
    for type_, column in SHARED:
        kept = _still_need(session, column, getattr(task, column), leavers)
        items += [
            FeedItem(officer_id, type_, getattr(task, column), "revoke")
            for officer_id in leavers
            if officer_id not in kept
        ]
    return items


def _still_need(session: Session, column: str, value: str, officers: Collection[str]) -> set[str]:
    """Those who hold some task with this object or checklist."""
    rows = session.execute(
        text(
            "SELECT DISTINCT a.officer_id FROM assignments a JOIN tasks t ON t.id = a.task_id "
            f"WHERE t.{column} = :value AND a.ended_at IS NULL "
            f"AND a.officer_id IN {ids_from_json(session)}"
        ),
        {"value": value, "ids": as_json(list(officers))},
    )
    return set(rows.scalars())


def items_for_object_holders(
    session: Session, documents: Collection[tuple[str, str]]
) -> list[FeedItem]:
    """`upsert` of these object and history documents for all who hold a task of the object."""
    held = session.execute(
        text(
            "SELECT DISTINCT a.officer_id, t.object_id FROM assignments a "
            "JOIN tasks t ON t.id = a.task_id "
            f"WHERE a.ended_at IS NULL AND t.object_id IN {ids_from_json(session)}"
        ),
        {"ids": as_json(sorted({id_ for _, id_ in documents}))},
    ).all()
    return [
        FeedItem(officer_id, type_, id_)
        for officer_id, object_id in held
        for type_, id_ in sorted(documents)
        if id_ == object_id
    ]


def release_due(session: Session, *, now: datetime, salvage_days: int) -> int:
    """Tell devices to drop what their officers left more than `salvage_days` ago.

    Gives the number of feed entries written. Safe to repeat; a task that came back to its officer,
    or that they left again since, keeps its documents.
    """
    left = (
        update(Assignment)
        .where(Assignment.purged_at.is_(None))
        .where(Assignment.ended_at < now - timedelta(days=salvage_days))
        .values(purged_at=now)
        .returning(Assignment.officer_id, Assignment.task_id)
        .execution_options(synchronize_session=False)
    )
    due = sorted({(row.officer_id, row.task_id) for row in session.execute(left)})
    if not due:
        return 0
    hold_feeds(session, {officer_id for officer_id, _ in due})
    return len(announce(session, _stale_items(session, due)))


def _stale_items(session: Session, due: Sequence[tuple[str, str]]) -> list[FeedItem]:
    """What the feeds still hold of the tasks that these officers left, as `purge` entries."""
    left = rows_from_json(session, {"officer_id": "text", "task_id": "text"})
    own = (
        f"SELECT f.officer_id, f.type, f.id FROM {left} "
        "JOIN documents d ON d.task_id = r.task_id "
        "JOIN feed_entries f ON f.officer_id = r.officer_id AND f.type = d.type AND f.id = d.id "
        "WHERE f.op IN ('upsert', 'revoke') AND NOT EXISTS (SELECT 1 FROM assignments a "
        "WHERE a.officer_id = r.officer_id AND a.task_id = r.task_id AND a.purged_at IS NULL)"
    )
    shared = (
        "SELECT f.officer_id, f.type, f.id FROM {left} JOIN tasks t ON t.id = r.task_id "
        "JOIN feed_entries f ON f.officer_id = r.officer_id "
        "AND f.type = '{type}' AND f.id = t.{column} "
        "WHERE f.op IN ('upsert', 'revoke') AND NOT EXISTS (SELECT 1 FROM assignments a "
        "JOIN tasks o ON o.id = a.task_id AND o.{column} = t.{column} "
        "WHERE a.officer_id = r.officer_id AND a.purged_at IS NULL)"
    )
    queries = [
        own,
        *(shared.format(left=left, type=type_, column=column) for type_, column in SHARED),
    ]
    pairs = as_json([{"officer_id": officer, "task_id": task} for officer, task in due])
    rows = session.execute(text(" UNION ".join(queries)), {"rows": pairs})
    return [FeedItem(officer_id, type_, id_, "purge") for officer_id, type_, id_ in rows]
