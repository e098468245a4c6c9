"""Give out (派发): what was drawn becomes tasks, and devices get them at the next sync."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.models import Draw, InspectionObject, Organisation, Plan, Task
from server.services.audit.acts import record_act
from server.services.drawing.pool import Period, day_of_check
from server.services.planning.items import items_in_force
from server.services.scope import Actor
from server.services.sync.feed import hold_feeds
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import Check, FrequencyRules, checks_of_objects
from server.services.tasks.tasks import new_task


def give_out(
    session: Session, drawing: Draw, *, actor: Actor, rules: FrequencyRules, now: datetime
) -> None:
    """Make the tasks of all drawn objects and send their officers. Where only objects were drawn
    (N21) the tasks wait as drafts for officers who are named by hand."""
    drawing.opened_at = now
    make_tasks(session, drawing, list(teams_of(drawing)), actor=actor, rules=rules, now=now)
    send_officers(session, drawing, actor=actor, reason=None, now=now)


def send_officers(
    session: Session, drawing: Draw, *, actor: Actor, reason: str | None, now: datetime,
    again: bool = False,
) -> None:  # fmt: skip
    """Send the drawn officers on the tasks that wait for them. Where one can't be sent now, because
    a certificate lapsed after the freeze, that task waits on and the others go; the audit says why,
    once, and nothing when it is tried `again`."""
    waiting = waiting_of(session, drawing)
    hold_sites(session, [task.object_id for task, _ in waiting])
    hold_feeds(session, {post.officer_id for _, team in waiting for post in team})
    for task, team in waiting:
        try:
            with session.begin_nested():
                assign(session, actor=actor, task_id=task.id, posts=team, reason=reason, now=now)
        except DomainError as error:
            if not again:
                record_act(
                    session, actor=actor, action="task.assign.refused", target_type="task",
                    target_id=task.id, after={"code": error.code, "details": error.details},
                    now=now,
                )  # fmt: skip


def waiting_of(session: Session, drawing: Draw) -> list[tuple[Task, list[Post]]]:
    """The tasks of a draw whose officers were drawn and are not sent yet, each with its team."""
    drafts = session.scalars(
        select(Task).where(Task.draw_id == drawing.id, Task.status == "draft").order_by(Task.id)
    ).all()
    teams = teams_of(drawing) if drafts else {}
    return [(task, teams[task.object_id]) for task in drafts if teams.get(task.object_id)]


def hold_sites(session: Session, object_ids: Sequence[str]) -> dict[str, InspectionObject]:
    """The objects, locked in order, and before any feed is: pushes and assignments lock them so."""
    query = select(InspectionObject).where(InspectionObject.id.in_(object_ids))
    locked = query.order_by(InspectionObject.id).with_for_update(key_share=True)
    return {site.id: site for site in session.scalars(locked)}


def teams_of(drawing: Draw) -> dict[str, list[Post]]:
    """Object that is to be checked → who was drawn for it, after all that happened since."""
    teams: dict[str, list[Post]] = {each["id"]: [] for each in drawing.objects or ()}
    _seat(teams, drawing.assignments or ())
    for event, result in zip(drawing.events, drawing.after, strict=True):
        if event["kind"] == "object_replaced":
            del teams[event["object"]]
            teams[result["replacement"]] = []
        for object_id in event.get("objects", [event.get("object")]):
            if object_id in teams:
                teams[object_id] = [
                    post for post in teams[object_id] if post.officer_id != event.get("officer")
                ]
        _seat(teams, result["assignments"])
    return teams


def _seat(teams: dict[str, list[Post]], assignments: Sequence[Mapping[str, Any]]) -> None:
    for each in assignments:
        teams[each["object"]].append(Post(each["officer"], each["role"]))


def make_tasks(
    session: Session,
    drawing: Draw,
    object_ids: Sequence[str],
    *,
    actor: Actor,
    rules: FrequencyRules,
    now: datetime,
) -> list[Task]:
    """A draft task for each object, on the first day that keeps the interval and is not over. It
    belongs to the body that holds its object (N37). An object that became of another kind since the
    freeze, one that the plan has no checklist for, gets another of the plan's."""
    plan = session.get_one(Plan, drawing.plan_id)
    checklists = drawing.rules["checklists"]
    sites = hold_sites(session, object_ids)
    checks = checks_of_objects(session, object_ids)
    first = min(max(drawing.from_day, china_date(now)), drawing.to_day)
    period = Period(first=first, last=drawing.to_day)
    tasks = []
    for object_id in object_ids:
        site = sites[object_id]
        day = _day(checks[object_id], period=period, rules=rules)
        body = session.get_one(Organisation, site.organisation_id)
        task = new_task(
            session, actor=actor, organisation_id=site.organisation_id, now=now,
            origin="campaign" if plan.kind == "campaign" else "drawn",
            source_document=drawing.slot, object_id=object_id,
            checklist_id=checklists.get(site.kind) or min(checklists.values()),
            planned_on=day, due_on=period.last, override_reason=None, draw_id=drawing.id,
            item_list_ids=items_in_force(session, organisation=body, day=day).ids,
        )  # fmt: skip
        tasks.append(task)
        record_act(
            session, actor=actor, action="task.create", target_type="task", target_id=task.id,
            after={"number": task.number, "slot": drawing.slot, "object_id": object_id}, now=now,
        )  # fmt: skip
    return tasks


def _day(checks: Sequence[Check], *, period: Period, rules: FrequencyRules) -> date:
    """The day of the check. A task made by hand since the freeze, which an exempt origin may be,
    does not take back what was drawn."""
    day, _ = day_of_check(checks, period=period, rules=rules)
    return day or period.last
