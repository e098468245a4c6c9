"""Verification (核查): members of the cleaning propose, its lead (监督员) signs off (N15).

A proposal without changes says that the object is as the register has it. Signing off applies the
changes as any person's correction, so that imports leave them alone, and marks the object verified.
What was signed off is undone by a new decision; no proposal is ever rewritten.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import InspectionObject, ObjectProposal, Organisation
from server.services.audit.acts import record_act
from server.services.registers.cleaning import part_on, parts_of
from server.services.registers.divisions import is_known_code, is_settled_code
from server.services.registers.object_documents import tell_devices
from server.services.registers.objects import apply_changes
from server.services.scope import Actor


class Verdict(NamedTuple):
    """The lead's word on one proposal."""

    proposal_id: str
    accept: bool


def propose(
    session: Session,
    *,
    actor: Actor,
    object_id: str,
    changes: Mapping[str, Any],
    note: str,
    now: datetime,
) -> ObjectProposal:
    """Say what one found out about an object; takes the place of one's own open proposal.

    Raises `not_found` for objects in whose cleaning one has no part, `note_needed` where a state
    other than active is proposed without a word, `division_unknown`, `division_unsettled`,
    `state_needs_merge`.
    """
    found, part = _object_of_mine(session, actor, object_id)
    _require_sound(found, changes, note)
    for older in session.scalars(
        select(ObjectProposal).where(
            ObjectProposal.object_id == object_id, ObjectProposal.state == "open",
            ObjectProposal.proposed_by == actor.user_id,
        )
    ):  # fmt: skip
        older.state = "withdrawn"
    proposal = ObjectProposal(
        id=new_id(), object_id=object_id, part=part, proposed_by=actor.user_id,
        changes=dict(changes), note=note, state="open", proposed_at=now,
    )  # fmt: skip
    session.add(proposal)
    session.flush()
    record_act(
        session, actor=actor, action="object_proposal_made", target_type="object",
        target_id=object_id, now=now,
        after={"proposal_id": proposal.id, "part": part, "changes": dict(changes), "note": note},
    )  # fmt: skip
    return proposal


def list_proposals(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[ObjectProposal]:
    """Proposals of the cleanings in which one has a part, by id; one more than `limit`. Filters:
    `state` (open unless named), `object_id`, `part`."""
    query = (
        select(ObjectProposal)
        .join(InspectionObject, InspectionObject.id == ObjectProposal.object_id)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(_mine(parts_of(session, actor)))
        .where(ObjectProposal.state == filters.get("state", "open"))
        .order_by(ObjectProposal.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(ObjectProposal.id > after)
    for name in ("object_id", "part"):
        if name in filters:
            query = query.where(getattr(ObjectProposal, name) == filters[name])
    return session.scalars(query).all()


def list_to_verify(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[InspectionObject]:
    """Objects of one's cleanings that nobody has verified yet (or, `verified`, that were), by id;
    one more than `limit`. Merged ones are left out."""
    verified = InspectionObject.verified_at
    query = (
        select(InspectionObject)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(_mine(parts_of(session, actor)), InspectionObject.merged_into.is_(None))
        .where(verified.is_not(None) if filters.get("verified") else verified.is_(None))
        .order_by(InspectionObject.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(InspectionObject.id > after)
    if "kind" in filters:
        query = query.where(InspectionObject.kind == filters["kind"])
    return session.scalars(query).all()


def sign_off(
    session: Session, *, actor: Actor, verdicts: Sequence[Verdict], note: str, now: datetime
) -> list[ObjectProposal]:
    """Decide on many proposals, all or none. Raises `not_found`, `proposal_decided`,
    `lead_signs_off` (each with `details.proposal_ids`), and what `apply_changes` raises."""
    accepts = {verdict.proposal_id: verdict.accept for verdict in verdicts}
    rows = _lock(session, actor, list(accepts))
    _refuse("not_found", [id_ for id_ in accepts if id_ not in rows])
    parts = parts_of(session, actor)
    _refuse("lead_signs_off", [i for i, r in rows.items() if part_on(parts, r.path) != "lead"])
    _refuse("proposal_decided", [i for i, r in rows.items() if r.ObjectProposal.state != "open"])
    for id_, accept in accepts.items():
        _decide(session, actor, rows[id_], accept=accept, note=note, now=now)
    tell_devices(session, sorted({row.InspectionObject.id for row in rows.values()}), now=now)
    return [rows[id_].ObjectProposal for id_ in accepts]


def undo(
    session: Session, *, actor: Actor, proposal_id: str, note: str, now: datetime
) -> ObjectProposal:
    """Take an accepted proposal back by a new decision that puts what was before. Raises as
    `sign_off`, and `changed_since` where the object has changed in those fields meanwhile."""
    row = _lock(session, actor, [proposal_id]).get(proposal_id)
    if row is None:
        raise DomainError("not_found")
    done: ObjectProposal = row.ObjectProposal
    found: InspectionObject = row.InspectionObject
    if part_on(parts_of(session, actor), row.path) != "lead":
        raise DomainError("lead_signs_off")
    if done.state != "accepted":
        raise DomainError("state_invalid", details={"state": done.state})
    if any(getattr(found, name) != value for name, value in done.changes.items()):
        raise DomainError("changed_since")
    back = {name: (done.before or {})[name] for name in done.changes if name in (done.before or {})}
    reverse = ObjectProposal(
        id=new_id(), object_id=found.id, part="lead", proposed_by=actor.user_id, changes=back,
        note=note, state="open", proposed_at=now,
    )  # fmt: skip
    session.add(reverse)
    session.flush()
    apply_changes(session, actor=actor, found=found, patch=back, now=now)
    _close(session, actor, reverse, found, "accepted", note=note, now=now)
    done.state = "undone"
    found.verified_at = found.verified_by = None
    tell_devices(session, [found.id], now=now)
    return reverse


def _object_of_mine(session: Session, actor: Actor, object_id: str) -> tuple[InspectionObject, str]:
    row = session.execute(
        select(InspectionObject, Organisation.path)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(InspectionObject.id == object_id)
    ).one_or_none()
    part = part_on(parts_of(session, actor), row.path) if row else None
    if row is None or part is None:
        raise DomainError("not_found")
    return row.InspectionObject, part


def _require_sound(found: InspectionObject, changes: Mapping[str, Any], note: str) -> None:
    if found.state == "merged" or changes.get("state") == "merged":
        raise DomainError("state_needs_merge")
    if changes.get("state", "active") != "active" and not note.strip():
        raise DomainError("note_needed")
    code = changes.get("division_code")
    if code is not None and not is_known_code(code):
        raise DomainError("division_unknown")
    if code is not None and not is_settled_code(code):
        raise DomainError("division_unsettled")


def _mine(parts: Mapping[str, str]) -> ColumnElement[bool]:
    return or_(*(Organisation.path.startswith(path, autoescape=True) for path in parts), false())


def _lock(session: Session, actor: Actor, ids: Sequence[str]) -> dict[str, Any]:
    """The proposals of one's cleanings with their objects, locked in the order of the objects."""
    rows = session.execute(
        select(ObjectProposal, InspectionObject, Organisation.path)
        .join(InspectionObject, InspectionObject.id == ObjectProposal.object_id)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(ObjectProposal.id.in_(ids), _mine(parts_of(session, actor)))
        .order_by(InspectionObject.id, ObjectProposal.id)
        .with_for_update(of=[InspectionObject, ObjectProposal])
    )
    return {row.ObjectProposal.id: row for row in rows}


def _refuse(code: str, proposal_ids: Sequence[str]) -> None:
    if proposal_ids:
        raise DomainError(code, details={"proposal_ids": list(proposal_ids)})


def _decide(
    session: Session, actor: Actor, row: Any, *, accept: bool, note: str, now: datetime
) -> None:
    proposal: ObjectProposal = row.ObjectProposal
    found: InspectionObject = row.InspectionObject
    if not accept:
        _close(session, actor, proposal, found, "refused", note=note, now=now)
        return
    patch = dict(proposal.changes)
    if "state" in patch and patch["state"] != "active":
        patch.setdefault("state_reason", proposal.note[:300])
    proposal.before = {name: getattr(found, name) for name in patch}
    proposal.changes = patch
    apply_changes(session, actor=actor, found=found, patch=patch, now=now)
    found.verified_at, found.verified_by = now, actor.user_id
    _close(session, actor, proposal, found, "accepted", note=note, now=now)


def _close(
    session: Session,
    actor: Actor,
    proposal: ObjectProposal,
    found: InspectionObject,
    state: str,
    *,
    note: str,
    now: datetime,
) -> None:
    proposal.state, proposal.decision_note = state, note
    proposal.decided_by, proposal.decided_at = actor.user_id, now
    record_act(
        session, actor=actor, action=f"object_proposal_{state}", target_type="object",
        target_id=found.id, after={"proposal_id": proposal.id, "note": note}, now=now,
    )  # fmt: skip
