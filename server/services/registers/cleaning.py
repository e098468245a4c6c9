"""Who cleans an organisation's register: 1 监督员 leads 文员, 市场监管员 and 民警 ("1+3", N15).

A part is held in the cleaning of one organisation, beside whatever the account may do elsewhere: a
policeman's account may open nothing but this. Only the organisation's own people name members.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import CleaningMember, Organisation, User
from server.services.audit.acts import record_act
from server.services.registers.concurrency import conflicts_told
from server.services.scope import Actor, organisation_in_scope

PARTS = ("lead", "clerk", "market", "police")
LEADING_ROLES = ("officer", "supervisor")  # the lead is an inspector, not an assistant


def name_member(
    session: Session, *, actor: Actor, organisation_id: str, user_id: str, part: str, now: datetime
) -> CleaningMember:
    """Give a person a part in an organisation's cleaning. Raises `not_found` for an organisation
    or account outside the actor's part of the tree, `lead_must_be_officer`, `lead_taken`, and
    `conflict` for somebody who has a part already."""
    organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise DomainError("not_found", details={"field": "user_id"})
    organisation_in_scope(session, actor=actor, organisation_id=user.organisation_id)
    if part == "lead" and user.role not in LEADING_ROLES:
        raise DomainError("lead_must_be_officer")
    _require_free(session, organisation_id, user_id, part)
    member = CleaningMember(
        id=new_id(), organisation_id=organisation_id, user_id=user_id, part=part,
        named_by=actor.user_id, named_at=now,
    )  # fmt: skip
    session.add(member)
    with conflicts_told():
        session.flush()
    record_act(
        session, actor=actor, action="cleaning_member_named", target_type="organisation",
        target_id=organisation_id, after={"user_id": user_id, "part": part}, now=now,
    )  # fmt: skip
    return member


def end_member(session: Session, *, actor: Actor, member_id: str, now: datetime) -> None:
    """End somebody's part; what they proposed stays. Raises `not_found`."""
    member = session.get(CleaningMember, member_id, with_for_update=True)
    if member is None or member.ended_at is not None:
        raise DomainError("not_found")
    organisation_in_scope(session, actor=actor, organisation_id=member.organisation_id)
    member.ended_at = now
    record_act(
        session, actor=actor, action="cleaning_member_ended", target_type="organisation",
        target_id=member.organisation_id, now=now,
        before={"user_id": member.user_id, "part": member.part},
    )  # fmt: skip


def list_members(session: Session, *, actor: Actor, organisation_id: str) -> Sequence[Any]:
    """Who takes part in an organisation's cleaning now, with their names. Raises `not_found`."""
    organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    query = (
        select(
            CleaningMember.id, CleaningMember.organisation_id, CleaningMember.user_id,
            CleaningMember.part, CleaningMember.named_at, User.name,
        )
        .join(User, User.id == CleaningMember.user_id)
        .where(
            CleaningMember.organisation_id == organisation_id, CleaningMember.ended_at.is_(None)
        )
        .order_by(CleaningMember.named_at, CleaningMember.id)
    )  # fmt: skip
    return session.execute(query).all()


def parts_of(session: Session, actor: Actor) -> dict[str, str]:
    """The actor's parts: path of the organisation → part. It covers all below that path."""
    rows = session.execute(
        select(Organisation.path, CleaningMember.part)
        .join(CleaningMember, CleaningMember.organisation_id == Organisation.id)
        .where(CleaningMember.user_id == actor.user_id, CleaningMember.ended_at.is_(None))
    )
    return {row.path: row.part for row in rows}


def part_on(parts: dict[str, str], path: str) -> str | None:
    """The part in the cleaning of an object that is held at `path`; the closest one counts."""
    covering = [mine for mine in parts if path.startswith(mine)]
    return parts[max(covering, key=len)] if covering else None


def _require_free(session: Session, organisation_id: str, user_id: str, part: str) -> None:
    rows = session.execute(
        select(CleaningMember.user_id, CleaningMember.part).where(
            CleaningMember.organisation_id == organisation_id, CleaningMember.ended_at.is_(None)
        )
    ).all()
    if any(row.user_id == user_id for row in rows):
        raise DomainError("conflict", details={"field": "user_id"})
    if part == "lead" and any(row.part == "lead" for row in rows):
        raise DomainError("lead_taken")
