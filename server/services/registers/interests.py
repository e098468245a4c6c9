"""Declared interests (利害关系) and who must keep away because of them (回避, N34).

The ground is private: it is written for the supervisor alone, and neither the audit trail nor any
other answer repeats it. A declaration is withdrawn, never deleted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import InspectionObject, Officer, OfficerInterest, Organisation
from server.models.organisations import line_of
from server.services.audit.acts import record_act
from server.services.registers.families import families
from server.services.registers.objects import object_in_scope
from server.services.registers.officers import officer_in_scope
from server.services.registers.values import checked_credit_code
from server.services.scope import Actor, in_scope, organisation_in_scope

TARGETS = ("object_id", "credit_code", "organisation_id")


def declare_interest(
    session: Session,
    *,
    actor: Actor,
    officer_id: str,
    target: Mapping[str, str],
    ground: str,
    now: datetime,
) -> OfficerInterest:
    """Note that an officer keeps away from an object, a credit code, or all that an organisation
    holds. An officer declares their own; a supervisor those of their officers. Raises `not_found`,
    `credit_code_invalid`, `invalid_request` unless exactly one target is named."""
    if actor.officer_id != officer_id:
        if actor.role != "supervisor":
            raise DomainError("not_found")
        officer_in_scope(session, actor=actor, officer_id=officer_id)
    interest = OfficerInterest(
        id=new_id(), officer_id=officer_id, ground=ground, declared_by=actor.user_id,
        declared_at=now, **_checked(session, actor, target),
    )  # fmt: skip
    session.add(interest)
    session.flush()
    _record(session, actor, interest, "interest_declared", now)
    return interest


def withdraw_interest(
    session: Session, *, actor: Actor, interest_id: str, reason: str, now: datetime
) -> OfficerInterest:
    """End an interest, with the reason; a supervisor's act. Raises `not_found`,
    `interest_withdrawn`."""
    interest = session.get(OfficerInterest, interest_id, with_for_update=True)
    if interest is None:
        raise DomainError("not_found")
    officer_in_scope(session, actor=actor, officer_id=interest.officer_id)
    if interest.withdrawn_at is not None:
        raise DomainError("interest_withdrawn")
    interest.withdrawn_by, interest.withdrawn_at = actor.user_id, now
    interest.withdraw_reason = reason
    _record(session, actor, interest, "interest_withdrawn", now)
    return interest


def list_interests(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[OfficerInterest]:
    """Interests of the officers of the actor's part of the tree, by id; one more than `limit`.
    Filters: `officer_id`, `withdrawn`. Who may read the ground is the caller's to see to."""
    query = (
        select(OfficerInterest)
        .join(Officer, Officer.id == OfficerInterest.officer_id)
        .join(Organisation, Organisation.id == Officer.organisation_id)
        .where(in_scope(actor))
        .order_by(OfficerInterest.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(OfficerInterest.id > after)
    if "officer_id" in filters:
        query = query.where(OfficerInterest.officer_id == filters["officer_id"])
    if "withdrawn" in filters:
        ended = OfficerInterest.withdrawn_at.is_not(None)
        query = query.where(ended == filters["withdrawn"])
    return session.scalars(query).all()


def own_interests(session: Session, *, actor: Actor) -> Sequence[OfficerInterest]:
    """What the acting officer has declared and not withdrawn."""
    query = select(OfficerInterest).where(
        OfficerInterest.officer_id == (actor.officer_id or ""),
        OfficerInterest.withdrawn_at.is_(None),
    )
    return session.scalars(query.order_by(OfficerInterest.id)).all()


def recused_officers(session: Session, *, object_id: str, officer_ids: Sequence[str]) -> set[str]:
    """Which of these officers keep away from an object, or from one that was merged with it."""
    members = families(session, [object_id])[object_id]
    sites = session.execute(
        select(InspectionObject.credit_code, Organisation.path)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(InspectionObject.id.in_(members))
    ).all()
    holders = {id_ for site in sites for id_ in line_of(site.path)}
    codes = [site.credit_code for site in sites if site.credit_code]
    rows = session.scalars(
        select(OfficerInterest.officer_id).where(
            OfficerInterest.officer_id.in_(officer_ids),
            OfficerInterest.withdrawn_at.is_(None),
            or_(
                OfficerInterest.object_id.in_(members),
                OfficerInterest.credit_code.in_(codes),
                and_(
                    OfficerInterest.organisation_id.is_not(None),
                    OfficerInterest.organisation_id.in_(sorted(holders)),
                ),
            ),
        )
    )
    return set(rows)


def _checked(session: Session, actor: Actor, target: Mapping[str, str]) -> dict[str, str]:
    named = [name for name in TARGETS if name in target]
    if len(named) != 1:
        fields = {"json": {"_schema": [f"Name exactly one of {', '.join(TARGETS)}."]}}
        raise DomainError("invalid_request", details={"fields": fields})
    name, value = named[0], target[named[0]]
    if name == "object_id":
        object_in_scope(session, actor=actor, object_id=value)
    elif name == "organisation_id":
        organisation_in_scope(session, actor=actor, organisation_id=value)
    else:
        try:
            value = checked_credit_code(value)
        except ValueError:
            raise DomainError("credit_code_invalid") from None
    return {name: value}


def _record(
    session: Session, actor: Actor, interest: OfficerInterest, action: str, now: datetime
) -> None:
    """The trace, without the ground."""
    told = {name: getattr(interest, name) for name in TARGETS if getattr(interest, name)}
    record_act(
        session, actor=actor, action=action, target_type="officer",
        target_id=interest.officer_id, after={"interest_id": interest.id, **told}, now=now,
    )  # fmt: skip
