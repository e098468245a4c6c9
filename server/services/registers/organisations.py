"""Organisations (机构): corps 总队, detachment 支队, brigade 大队, a tree by division."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Organisation
from server.models.organisations import practice_path
from server.services.audit.acts import record_act
from server.services.registers.concurrency import hold_registers
from server.services.registers.divisions import covers, is_known_code
from server.services.registers.jurisdiction import move_objects_down
from server.services.scope import Actor, in_scope, organisation_in_scope

RANKS = ("corps", "detachment", "brigade")  # each stands under one before it
CHANGEABLE = ("name", "responsible_person")


def create_organisation(
    session: Session, *, actor: Actor, facts: Mapping[str, Any], now: datetime
) -> Organisation:
    """Add a body under another one of the actor's part of the tree; objects that it now covers
    most closely move to it. With `practice` it is for practice (演练, N7), for good; below a body
    that is, all are. Raises `not_found` for the parent, `division_unknown`,
    `organisation_misplaced`, `organisation_exists`."""
    hold_registers(session)
    parent = organisation_in_scope(session, actor=actor, organisation_id=facts["parent_id"])
    facts = {**facts, "practice": parent.practice or facts.get("practice", False)}
    _check_place(session, parent, facts)
    id_ = new_id()
    above = practice_path(parent.path) if facts["practice"] else parent.path
    body = Organisation(id=id_, path=f"{above}{id_}/", **facts)
    session.add(body)
    session.flush()
    move_objects_down(session)
    record_act(
        session, actor=actor, action="organisation_created", target_type="organisation",
        target_id=id_, after=dict(facts), now=now,
    )  # fmt: skip
    return body


def _check_place(session: Session, parent: Organisation, facts: Mapping[str, Any]) -> None:
    kind, division_code = facts["kind"], facts["division_code"]
    if not is_known_code(division_code):
        raise DomainError("division_unknown")
    if RANKS.index(kind) <= RANKS.index(parent.kind):
        raise DomainError("organisation_misplaced", details={"parent_kind": parent.kind})
    if not covers(parent.division_code, division_code):
        details = {"parent_division_code": parent.division_code}
        raise DomainError("organisation_misplaced", details=details)
    twin = session.scalar(
        select(Organisation.id).where(
            Organisation.kind == kind,
            Organisation.division_code == division_code,
            Organisation.practice == facts["practice"],
        )
    )
    if twin is not None:
        raise DomainError("organisation_exists", details={"organisation_id": twin})


def change_organisation(
    session: Session, *, actor: Actor, organisation_id: str, patch: Mapping[str, Any], now: datetime
) -> Organisation:
    """Change name or responsible person (absent: unchanged). Raises `not_found`."""
    body = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    before = {name: getattr(body, name) for name in CHANGEABLE}
    for name in CHANGEABLE:
        if name in patch:
            setattr(body, name, patch[name])
    after = {name: getattr(body, name) for name in CHANGEABLE}
    if after != before:
        session.flush()
        record_act(
            session, actor=actor, action="organisation_changed", target_type="organisation",
            target_id=organisation_id, before=before, after=after, now=now,
        )  # fmt: skip
    return body


def list_organisations(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[Organisation]:
    """Bodies of the actor's part of the tree, by id; one more than `limit`. Filters: `q` (name),
    kind, division_code, parent_id."""
    query = select(Organisation).where(in_scope(actor)).order_by(Organisation.id).limit(limit + 1)
    if after is not None:
        query = query.where(Organisation.id > after)
    if "q" in filters:
        query = query.where(Organisation.name.icontains(filters["q"], autoescape=True))
    for name in ("kind", "division_code", "parent_id"):
        if name in filters:
            query = query.where(getattr(Organisation, name) == filters[name])
    return session.scalars(query).all()
