"""Experts (专家, N35): a register of their own. They help with an opinion and are no officers, so
nothing that draws or sends officers can meet one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Expert, Organisation
from server.services.audit.acts import record_act
from server.services.scope import Actor, in_scope, organisation_in_scope

FACTS = ("organisation_id", "name", "employer", "title", "specialties", "active")


def create_expert(
    session: Session, *, actor: Actor, facts: Mapping[str, Any], now: datetime
) -> Expert:
    """Add an expert whom a body of the actor's part of the tree may ask. Raises `not_found`."""
    organisation_in_scope(session, actor=actor, organisation_id=facts["organisation_id"])
    expert = Expert(
        id=new_id(), **{"employer": "", "title": "", "specialties": [], "active": True, **facts}
    )
    session.add(expert)
    session.flush()
    record_act(
        session, actor=actor, action="expert_created", target_type="expert", target_id=expert.id,
        after=_facts(expert), now=now,
    )  # fmt: skip
    return expert


def change_expert(
    session: Session, *, actor: Actor, expert_id: str, patch: Mapping[str, Any], now: datetime
) -> Expert:
    """Change what the patch names (absent: unchanged). Raises `not_found`."""
    expert = session.get(Expert, expert_id, with_for_update=True)
    if expert is None:
        raise DomainError("not_found")
    for organisation_id in (expert.organisation_id, patch.get("organisation_id")):
        if organisation_id is not None:
            organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    before = _facts(expert)
    for name, value in patch.items():
        setattr(expert, name, value)
    if (after := _facts(expert)) != before:
        record_act(
            session, actor=actor, action="expert_changed", target_type="expert",
            target_id=expert_id, before=before, after=after, now=now,
        )  # fmt: skip
    return expert


def list_experts(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[Expert]:
    """Experts of the actor's part of the tree, by id; one more than `limit`. Filters: `q` (name or
    employer), `active`."""
    query = (
        select(Expert)
        .join(Organisation, Organisation.id == Expert.organisation_id)
        .where(in_scope(actor))
        .order_by(Expert.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(Expert.id > after)
    if "q" in filters:
        query = query.where(
            Expert.name.icontains(filters["q"], autoescape=True)
            | Expert.employer.icontains(filters["q"], autoescape=True)
        )
    if "active" in filters:
        query = query.where(Expert.active == filters["active"])
    return session.scalars(query).all()


def _facts(expert: Expert) -> dict[str, Any]:
    return {name: getattr(expert, name) for name in FACTS}
