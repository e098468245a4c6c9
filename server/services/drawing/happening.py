"""Late events (后续事件): a substitute takes an object's place, an officer another's, in the drawn
order; each goes into the ledger with its ground when it happens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from draw.events import Standing, apply
from draw.faults import Refused
from server.errors import DomainError
from server.models import Draw, Task
from server.services.audit.acts import record_act
from server.services.drawing.committing import note_in_ledger
from server.services.drawing.finding import find_draw, require_state
from server.services.drawing.giving_out import hold_sites, make_tasks, send_officers, teams_of
from server.services.drawing.refusals import as_domain_error
from server.services.drawing.rolling import is_sealed, redrawn
from server.services.scope import Actor
from server.services.sync.feed import hold_feeds
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.tasks import cancel_task
from server.signing import Signer

Event = Mapping[str, Any]


def note_event(
    session: Session,
    *,
    actor: Actor,
    draw_id: str,
    event: Event,
    signer: Signer | None,
    rules: FrequencyRules,
    now: datetime,
) -> Draw:
    """Let an event happen to a drawn draw, as the draw's own rules have it.

    Raises `not_found`, `draw_state`, `ledger_key_missing`, `draw_refused` (no substitute is left,
    nobody is admissible, …), and what cancelling or reassigning a task that has gone on raises;
    nothing has changed then.
    """
    drawing = find_draw(session, actor=actor, draw_id=draw_id, lock=True)
    require_state(drawing, "drawn")
    if is_sealed(drawing, now):  # what is written into the ledger is public
        raise DomainError("draw_state", details={"sealed_until": str(drawing.sealed_until)})
    try:
        _, result = apply(_standing(session, drawing), dict(event))
    except Refused as refused:
        raise as_domain_error(refused) from None
    before = teams_of(drawing)
    drawing.events, drawing.after = [*drawing.events, dict(event)], [*drawing.after, result]
    number = len(drawing.events)
    said = {"slot": drawing.slot, "number": number, "event": dict(event), "result": result}
    note_in_ledger(
        session, drawing, kind="draw_event", body=said, signer=signer, now=now, mark=f"/{number}"
    )
    record_act(
        session, actor=actor, action="draw.event", target_type="draw", target_id=draw_id,
        after=said, now=now,
    )  # fmt: skip
    if drawing.opened_at is not None:
        after = teams_of(drawing)
        _carry_out(session, drawing, before, after, actor=actor, event=event, rules=rules, now=now)
    return drawing


def _standing(session: Session, drawing: Draw) -> Standing:
    standing = redrawn(session, drawing).standing
    for event in drawing.events:
        standing, _ = apply(standing, event)
    return standing


Teams = Mapping[str, Sequence[Post]]


def _carry_out(
    session: Session,
    drawing: Draw,
    before: Teams,
    after: Teams,
    *,
    actor: Actor,
    event: Event,
    rules: FrequencyRules,
    now: datetime,
) -> None:
    """Bring the tasks in line: the old object's is cancelled, the new one's made, teams changed. A
    task that was cancelled by hand stays so."""
    reason = event["reason"]
    tasks = _tasks(session, drawing)
    changed = {
        object_id: team
        for object_id, team in after.items()
        if team and set(team) != set(before.get(object_id, ()))
    }
    new = list(after.keys() - before.keys())
    make_tasks(session, drawing, new, actor=actor, rules=rules, now=now)
    hold_sites(session, list(tasks))
    concerned = [*changed, *(before.keys() - after.keys())]
    teams = [each.get(object_id, ()) for each in (before, after) for object_id in concerned]
    hold_feeds(session, {post.officer_id for team in teams for post in team})
    for object_id in before.keys() - after.keys():
        if object_id in tasks:
            cancel_task(session, actor=actor, task_id=tasks[object_id].id, reason=reason, now=now)
    for object_id, team in changed.items():
        if object_id in tasks and tasks[object_id].status != "draft":
            task_id = tasks[object_id].id
            assign(session, actor=actor, task_id=task_id, posts=team, reason=reason, now=now)
    send_officers(session, drawing, actor=actor, reason=reason, now=now)


def _tasks(session: Session, drawing: Draw) -> dict[str, Task]:
    """Object → its task of this draw that stands; locked before any feed is, as pushes lock
    them."""
    query = select(Task).where(Task.draw_id == drawing.id, Task.status != "cancelled")
    locked = query.order_by(Task.id).with_for_update(of=Task, key_share=True)
    return {task.object_id: task for task in session.scalars(locked)}
