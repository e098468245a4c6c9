"""Objects whose banner (旗县区) nobody has settled yet (区划待核), and how a person does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import InspectionObject, Organisation
from server.models.base import UtcDateTime
from server.services.audit.acts import record_act
from server.services.bulk import as_json, rows_from_json
from server.services.registers.divisions import covering_prefix, is_known_code, is_settled_code
from server.services.registers.jurisdiction import load_jurisdiction
from server.services.registers.object_documents import tell_devices
from server.services.scope import Actor, in_scope

WAITING = ("proposed", "unknown")


class Decision(NamedTuple):
    """A person's word on one object: this is its banner."""

    object_id: str
    division_code: str


class Settled(NamedTuple):
    """An object after the decision, and who holds it now."""

    object_id: str
    division_code: str
    organisation_id: str


def list_waiting(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[InspectionObject]:
    """Objects of the actor's part of the tree that wait, by id; one more than `limit`.

    Filters: `proposed_division_code`, `division_state`, `division_code` (with all it covers).
    """
    query = (
        select(InspectionObject)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(in_scope(actor), InspectionObject.division_state.in_(WAITING))
        .where(InspectionObject.merged_into.is_(None))
        .order_by(InspectionObject.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(InspectionObject.id > after)
    for name in ("proposed_division_code", "division_state"):
        if name in filters:
            query = query.where(getattr(InspectionObject, name) == filters[name])
    if "division_code" in filters:
        prefix = covering_prefix(filters["division_code"])
        query = query.where(InspectionObject.division_code.startswith(prefix, autoescape=True))
    return session.scalars(query).all()


def confirm_divisions(
    session: Session, *, actor: Actor, decisions: Sequence[Decision], now: datetime
) -> list[Settled]:
    """Settle the banners of many objects, all or none, and give each to who now holds it.

    Accepts what was proposed or another code, also of an object settled before. Raises
    `not_found`, `division_unknown`, `division_unsettled`, `division_out_of_scope`, each naming
    all objects at fault in `details.object_ids`.
    """
    _check_codes(decisions)
    objects = _lock(session, actor, [decision.object_id for decision in decisions])
    _refuse("not_found", [d.object_id for d in decisions if d.object_id not in objects])
    jurisdiction = load_jurisdiction(session, path=actor.path)
    holders = {d.object_id: jurisdiction.holder(d.division_code) for d in decisions}
    _refuse("division_out_of_scope", [id_ for id_, holder in holders.items() if holder is None])
    settled = [
        Settled(d.object_id, d.division_code, holder.id)
        for d in decisions
        if (holder := holders[d.object_id])
    ]
    _write(session, settled, objects, now)
    for item in settled:
        _record(session, actor, objects[item.object_id], item, now)
    tell_devices(session, [item.object_id for item in settled], now=now)
    return settled


def _check_codes(decisions: Sequence[Decision]) -> None:
    ids = [decision.object_id for decision in decisions]
    if len(set(ids)) < len(ids):
        repeated = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        raise DomainError("invalid_request", details={"repeated_object_ids": repeated})
    unknown = [d.object_id for d in decisions if not is_known_code(d.division_code)]
    _refuse("division_unknown", unknown)
    unsettled = [d.object_id for d in decisions if not is_settled_code(d.division_code)]
    _refuse("division_unsettled", unsettled)


def _refuse(code: str, object_ids: Sequence[str]) -> None:
    if object_ids:
        raise DomainError(code, details={"object_ids": list(object_ids)})


def _lock(session: Session, actor: Actor, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The objects as they stand, locked in the order of their ids, so that two people who settle
    the same ones wait for each other."""
    rows = session.execute(
        select(
            InspectionObject.id, InspectionObject.division_code, InspectionObject.division_state,
            InspectionObject.proposed_division_code, InspectionObject.proposal_reason,
            InspectionObject.organisation_id, InspectionObject.edited_fields,
        )
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(in_scope(actor), InspectionObject.id.in_(object_ids))
        .order_by(InspectionObject.id)
        .with_for_update(of=InspectionObject)
    )  # fmt: skip
    return {row.id: dict(row._mapping) for row in rows}


def _write(
    session: Session,
    settled: Sequence[Settled],
    before: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    rows = [
        {
            **item._asdict(),
            "edited_fields": sorted({*before[item.object_id]["edited_fields"], "division_code"}),
        }
        for item in settled
    ]
    columns = {
        "object_id": "text", "division_code": "text", "organisation_id": "text",
        "edited_fields": "jsonb",
    }  # fmt: skip
    statement = text(
        "UPDATE objects SET division_code = r.division_code, division_state = 'settled', "
        "organisation_id = r.organisation_id, proposed_division_code = NULL, "
        "proposal_reason = NULL, edited_fields = r.edited_fields, updated_at = :now "
        f"FROM {rows_from_json(session, columns)} WHERE objects.id = r.object_id"
    ).bindparams(bindparam("now", type_=UtcDateTime))
    session.execute(statement, {"rows": as_json(rows), "now": now})


def _record(
    session: Session, actor: Actor, before: Mapping[str, Any], item: Settled, now: datetime
) -> None:
    told = ("division_code", "division_state", "proposed_division_code", "proposal_reason",
            "organisation_id")  # fmt: skip
    record_act(
        session, actor=actor, action="division_confirmed", target_type="object",
        target_id=item.object_id, before={name: before[name] for name in told},
        after={
            "division_code": item.division_code, "division_state": "settled",
            "organisation_id": item.organisation_id,
        },
        now=now,
    )  # fmt: skip
