"""What the register covers (N13): per organisation and kind, how much of it is verified."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from server.models import InspectionObject, ObjectProposal, Organisation
from server.services.scope import Actor, in_scope, organisation_in_scope

#: object → how many proposals wait
_OPEN = (
    select(ObjectProposal.object_id, func.count().label("waiting"))
    .where(ObjectProposal.state == "open")
    .group_by(ObjectProposal.object_id)
    .subquery()
)


def coverage(
    session: Session, *, actor: Actor, organisation_id: str | None
) -> Sequence[dict[str, Any]]:
    """One row per organisation, kind and small kind of the actor's part of the tree (or of one
    organisation and all below): how many objects stand, are verified, have no settled division,
    and have no credit code; and how many proposals wait for the lead. Raises `not_found`."""

    def count(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    found = InspectionObject
    query = (
        select(
            Organisation.id.label("organisation_id"), Organisation.name.label("organisation_name"),
            found.kind, found.small_kind,
            func.count().label("objects"),
            count(found.state == "active").label("active"),
            count(found.verified_at.is_not(None)).label("verified"),
            count(found.division_state != "settled").label("unsettled"),
            count(found.credit_code.is_(None)).label("without_credit_code"),
            func.sum(func.coalesce(_OPEN.c.waiting, 0)).label("proposals_waiting"),
        )
        .join(Organisation, Organisation.id == found.organisation_id)
        .outerjoin(_OPEN, _OPEN.c.object_id == found.id)
        .where(in_scope(actor), found.merged_into.is_(None))
        .group_by(Organisation.id, Organisation.name, Organisation.path, found.kind,
                  found.small_kind)
        .order_by(Organisation.path, found.kind, found.small_kind)
    )  # fmt: skip
    if organisation_id is not None:
        body = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
        query = query.where(Organisation.path.startswith(body.path, autoescape=True))
    return [_with_shares(dict(row._mapping)) for row in session.execute(query)]


def _with_shares(row: dict[str, Any]) -> dict[str, Any]:
    """Counts as whole numbers, and the two shares (0 to 1) that a report names."""
    names = ("objects", "active", "verified", "unsettled", "without_credit_code")
    counts = {name: int(row[name]) for name in (*names, "proposals_waiting")}
    shares = {
        f"{name}_share": round(counts[name] / counts["objects"], 4)
        for name in ("verified", "unsettled")
    }
    return {**row, **counts, **shares}
