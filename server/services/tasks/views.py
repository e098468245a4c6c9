"""Tasks as supervisors see them: with object, checklist, everyone who was sent, and frequency."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, undefer

from server.models import Assignment, Checklist, InspectionObject, Officer, Organisation, Task
from server.services.scope import Actor, in_scope
from server.services.tasks.frequency import FrequencyRules, assess, checks_of_objects
from server.services.tasks.lifecycle import find_task

FILTERS = ("status", "origin", "object_id", "organisation_id")


class Page(NamedTuple):
    """Some items, and the mark where the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


def get_task(
    session: Session, *, actor: Actor, task_id: str, rules: FrequencyRules
) -> dict[str, Any]:
    """One task. Raises `not_found`."""
    task = find_task(session, actor=actor, task_id=task_id)
    return _views(session, [task], rules)[0]


def list_tasks(
    session: Session,
    *,
    actor: Actor,
    filters: Mapping[str, str],
    after: str | None,
    limit: int,
    rules: FrequencyRules,
) -> Page:
    """The tasks of one's part of the tree, newest first. `filters` may name the columns of
    `FILTERS` and `officer_id`, who is on the task now. Raises `not_found` for an unknown mark."""
    query = (
        select(Task)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(in_scope(actor))
        .order_by(Task.created_at.desc(), Task.id.desc())
        .limit(limit + 1)
        .options(undefer(Task.practice))
    )
    query = _filtered(query, filters)
    if after is not None:
        mark = find_task(session, actor=actor, task_id=after)
        query = query.where(
            or_(
                Task.created_at < mark.created_at,
                (Task.created_at == mark.created_at) & (Task.id < mark.id),
            )
        )
    tasks = session.scalars(query).all()
    shown = tasks[:limit]
    return Page(_views(session, shown, rules), shown[-1].id if len(tasks) > limit else None)


def _filtered(query: Select[Task], filters: Mapping[str, str]) -> Select[Task]:
    for name in FILTERS:
        if name in filters:
            query = query.where(getattr(Task, name) == filters[name])
    if "officer_id" in filters:
        query = query.where(
            exists().where(
                Assignment.task_id == Task.id,
                Assignment.officer_id == filters["officer_id"],
                Assignment.ended_at.is_(None),
            )
        )
    return query


def _views(session: Session, tasks: Sequence[Task], rules: FrequencyRules) -> list[dict[str, Any]]:
    columns = [column.key for column in Task.__table__.columns]
    sites = _by_id(session, InspectionObject, {task.object_id for task in tasks})
    checklists = _by_id(session, Checklist, {task.checklist_id for task in tasks})
    teams = _teams(session, [task.id for task in tasks])
    checks = checks_of_objects(session, list(sites))
    return [
        {
            **{name: getattr(task, name) for name in columns},
            "practice": task.practice,
            "object": sites[task.object_id],
            "checklist": checklists[task.checklist_id],
            "assignments": teams[task.id],
            "frequency": assess(
                (check for check in checks[task.object_id] if check.task_id != task.id),
                day=task.planned_on,
                rules=rules,
            ),
        }
        for task in tasks
    ]


def _by_id(session: Session, model: Any, ids: set[str]) -> dict[str, Any]:
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}


def _teams(session: Session, task_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Everyone who is or was on each task, those who are on it first, the lead before others."""
    teams: dict[str, list[dict[str, Any]]] = {task_id: [] for task_id in task_ids}
    rows = session.execute(
        select(
            Assignment.task_id, Assignment.officer_id, Officer.name, Assignment.role,
            Assignment.assigned_at, Assignment.ended_at, Assignment.end_reason,
        )
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(Assignment.task_id.in_(task_ids))
        .order_by(
            Assignment.ended_at.is_not(None), Assignment.role.desc(), Assignment.assigned_at,
            Assignment.officer_id,
        )
    )  # fmt: skip
    for row in rows:
        facts = dict(row._mapping)
        teams[facts.pop("task_id")].append(facts)
    return teams
