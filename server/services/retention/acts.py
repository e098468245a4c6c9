"""Acts of deletion (销毁): one person asks, another approves, a job carries them out.

An act is a list made at one moment of what is due; whatever is no longer due when its turn comes is
kept, with the reason.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import DeletionAct, DeletionItem, Organisation, User
from server.services.audit.acts import record_act
from server.services.retention.due import list_due_in, tally_due
from server.services.scope import Actor, in_scope, own_organisation


def request_deletion(
    session: Session, *, actor: Actor, kinds: Sequence[str], reason: str, now: datetime
) -> dict[str, Any]:
    """Ask to delete what is due in one's part of the tree. Raises `nothing_due`, with what is past
    its term and why it is kept."""
    act = DeletionAct(
        id=new_id(), organisation_id=own_organisation(session, actor).id, state="requested",
        reason=reason, requested_by=actor.user_id, requested_at=now,
    )  # fmt: skip
    session.add(act)
    session.flush()
    count = list_due_in(session, act_id=act.id, path=actor.path, kinds=kinds, now=now)
    if not count:
        kept = tally_due(session, path=actor.path, now=now, kinds=kinds)
        raise DomainError("nothing_due", details={"kept": [each._asdict() for each in kept]})
    _note(session, actor, act, "request", {"kinds": list(kinds), "files": count}, now=now)
    return read_act(session, actor=actor, act_id=act.id)


def approve_deletion(
    session: Session, *, actor: Actor, act_id: str, note: str | None, now: datetime
) -> dict[str, Any]:
    """Agree to an act that somebody else asked for. Raises `not_found`, `state_invalid`,
    `approver_is_requester`."""
    act = _to_decide(session, actor, act_id)
    if act.requested_by == actor.user_id:
        raise DomainError("approver_is_requester")
    _decide(act, "approved", actor=actor, said=note, now=now)
    _note(session, actor, act, "approve", {"note": note}, now=now)
    return read_act(session, actor=actor, act_id=act_id)


def refuse_deletion(
    session: Session, *, actor: Actor, act_id: str, reason: str, now: datetime
) -> dict[str, Any]:
    """Refuse or take back an act: everything in it is kept. Raises `not_found`, `state_invalid`."""
    act = _to_decide(session, actor, act_id)
    _decide(act, "refused", actor=actor, said=reason, now=now)
    act.finished_at = now
    session.execute(
        update(DeletionItem)
        .where(DeletionItem.act_id == act_id)
        .values(state="kept", kept_because="act_refused")
    )
    _note(session, actor, act, "refuse", {"reason": reason}, now=now)
    return read_act(session, actor=actor, act_id=act_id)


def read_act(session: Session, *, actor: Actor, act_id: str) -> dict[str, Any]:
    """One act with what it holds, counted. Raises `not_found`."""
    return _shown(session, [_find(session, actor, act_id)])[0]


def list_acts(
    session: Session, *, actor: Actor, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """The acts of one's part of the tree, by id; one more than `limit`."""
    query = _within(actor).order_by(DeletionAct.id).limit(limit + 1)
    if after is not None:
        query = query.where(DeletionAct.id > after)
    return _shown(session, session.scalars(query).all())


def list_items(
    session: Session, *, actor: Actor, act_id: str, after: tuple[str, str] | None, limit: int
) -> Sequence[DeletionItem]:
    """What an act holds, by kind and subject; one more than `limit`. Raises `not_found`."""
    _find(session, actor, act_id)
    order = (DeletionItem.kind, DeletionItem.subject_id)
    query = select(DeletionItem).where(DeletionItem.act_id == act_id).order_by(*order)
    if after is not None:
        kind, subject_id = after
        later = (DeletionItem.kind == kind) & (DeletionItem.subject_id > subject_id)
        query = query.where((DeletionItem.kind > kind) | later)
    return session.scalars(query.limit(limit + 1)).all()


def _within(actor: Actor) -> Any:
    return (
        select(DeletionAct)
        .join(Organisation, Organisation.id == DeletionAct.organisation_id)
        .where(in_scope(actor))
    )


def _find(session: Session, actor: Actor, act_id: str, *, lock: bool = False) -> DeletionAct:
    query = _within(actor).where(DeletionAct.id == act_id)
    if lock:
        query = query.with_for_update(of=DeletionAct).execution_options(populate_existing=True)
    found: DeletionAct | None = session.scalars(query).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def _to_decide(session: Session, actor: Actor, act_id: str) -> DeletionAct:
    act = _find(session, actor, act_id, lock=True)
    if act.state != "requested":
        raise DomainError("state_invalid", details={"state": act.state})
    return act


def _decide(act: DeletionAct, state: str, *, actor: Actor, said: str | None, now: datetime) -> None:
    act.state, act.decision = state, said
    act.decided_by, act.decided_at = actor.user_id, now


def _note(
    session: Session, actor: Actor, act: DeletionAct, step: str, facts: Mapping[str, Any], *,
    now: datetime,
) -> None:  # fmt: skip
    record_act(
        session, actor=actor, action=f"deletion.{step}", target_type="deletion", target_id=act.id,
        after={"reason": act.reason, "state": act.state, **facts}, now=now,
    )  # fmt: skip


def _shown(session: Session, acts: Sequence[DeletionAct]) -> list[dict[str, Any]]:
    session.flush()
    people = {each for act in acts for each in (act.requested_by, act.decided_by) if each}
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_(people))).all())
    counts = _counts(session, [act.id for act in acts])
    return [
        {
            **{column.key: getattr(act, column.key) for column in DeletionAct.__table__.columns},
            "requested_by_name": names.get(act.requested_by),
            "decided_by_name": names.get(act.decided_by or ""),
            "counts": counts.get(act.id, []),
        }
        for act in acts
    ]


def _counts(session: Session, act_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    item = DeletionItem
    groups = (item.act_id, item.kind, item.state, item.kept_because)
    rows = session.execute(
        select(*groups, func.count().label("files"), func.sum(item.size_bytes).label("size_bytes"))
        .where(item.act_id.in_(act_ids))
        .group_by(*groups)
        .order_by(*groups)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        facts = {**row._mapping, "size_bytes": int(row.size_bytes)}
        found.setdefault(facts.pop("act_id"), []).append(facts)
    return found
