"""The anomaly list (异常清单, N30, N48): what is allowed and must be seen all the same."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Draw, InspectionObject, Organisation, Plan, PlanRevision, Task
from server.services.scope import Actor, in_scope
from server.services.tasks.frequency import FrequencyRules, assess, checks_of_objects


def anomalies_of(
    session: Session, *, actor: Actor, year: int, rules: FrequencyRules
) -> list[dict[str, Any]]:
    """The anomalies of a year in one's part of the tree: `{code, organisation_id, what, id, day,
    reason, by}` each.

    `override`: cap or interval were overridden, by whom and why. `other_origin`: a task outside
    draw and exemption. `over_cap`: an object with more checks than the cap. `abandoned_draw`.
    `objects_only`: officers were named by hand.
    """
    return sorted(
        [
            *_tasks(session, actor, year),
            *_over_cap(session, actor, year, rules),
            *_abandoned(session, actor, year),
            *_objects_only(session, actor, year),
        ],
        key=lambda each: (each["day"], each["code"], each["id"]),
    )


def _tasks(session: Session, actor: Actor, year: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Task)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(in_scope(actor), Task.status != "cancelled")
        .where(Task.planned_on.between(date(year, 1, 1), date(year, 12, 31)))
        .where(Task.override_reason.is_not(None) | (Task.origin == "other"))
    )
    return [
        _told(
            "override" if task.override_reason else "other_origin",
            organisation_id=task.organisation_id, what="task", id_=task.id, day=task.planned_on,
            reason=task.override_reason or task.source_document, by=task.approved_by,
        )
        for task in rows
    ]  # fmt: skip


def _over_cap(
    session: Session, actor: Actor, year: int, rules: FrequencyRules
) -> list[dict[str, Any]]:
    sites = {
        row.id: row.organisation_id
        for row in session.execute(
            select(InspectionObject.id, InspectionObject.organisation_id)
            .join(Organisation, Organisation.id == InspectionObject.organisation_id)
            .join(Task, Task.object_id == InspectionObject.id)
            .where(in_scope(actor), Task.status != "cancelled")
            .where(Task.planned_on.between(date(year, 1, 1), date(year, 12, 31)))
            .distinct()
        )
    }
    found = []
    for object_id, checks in checks_of_objects(session, list(sites)).items():
        counted = assess(checks, day=date(year, 12, 31), rules=rules).counted_in_year
        if counted > rules.cap_per_year:
            last = max(check.day for check in checks if check.day.year == year)
            found.append(
                _told(
                    "over_cap", organisation_id=sites[object_id], what="object", id_=object_id,
                    day=last, reason=str(counted), by=None,
                )
            )  # fmt: skip
    return found


def _abandoned(session: Session, actor: Actor, year: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Draw.id, Draw.organisation_id, Draw.from_day, Draw.abandon_reason, Draw.abandoned_by)
        .join(Organisation, Organisation.id == Draw.organisation_id)
        .where(in_scope(actor), Draw.state == "abandoned")
        .where(Draw.from_day.between(date(year, 1, 1), date(year, 12, 31)))
    )
    return [
        _told(
            "abandoned_draw", organisation_id=draw.organisation_id, what="draw", id_=draw.id,
            day=draw.from_day, reason=draw.abandon_reason, by=draw.abandoned_by,
        )
        for draw in rows
    ]  # fmt: skip


def _objects_only(session: Session, actor: Actor, year: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Plan, PlanRevision)
        .join(
            PlanRevision,
            (PlanRevision.plan_id == Plan.id) & (PlanRevision.revision == Plan.approved_revision),
        )
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(in_scope(actor), Plan.year == year)
    )
    return [
        _told(
            "objects_only", organisation_id=plan.organisation_id, what="plan", id_=plan.id,
            day=plan.from_day, reason=revision.content["object_only_reason"],
            by=revision.decided_by,
        )
        for plan, revision in rows
        if not revision.content["roles"]
    ]  # fmt: skip


def _told(
    code: str, *, organisation_id: str, what: str, id_: str, day: date, reason: str | None,
    by: str | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "code": code, "organisation_id": organisation_id, "what": what, "id": id_, "day": day,
        "reason": reason, "by": by,
    }  # fmt: skip
