"""Officers (执法检查人员): who may be sent, with which certificate (N17)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Assignment, Officer, Organisation
from server.services.audit.acts import record_act
from server.services.registers.certificates import drawable
from server.services.registers.concurrency import conflicts_told
from server.services.scope import Actor, in_scope, organisation_in_scope
from server.services.sync.feed import announce_to_holders
from server.services.tasks.projections import project_task

FACTS = (
    "organisation_id", "name", "certificate_number", "certificate_expires_on", "post", "rank",
    "specialties", "lead_qualified", "active",
)  # fmt: skip


def create_officer(
    session: Session, *, actor: Actor, facts: Mapping[str, Any], now: datetime
) -> Officer:
    """Add an officer to a body of the actor's part of the tree. Raises `not_found` for the body
    and `certificate_taken`."""
    body = organisation_in_scope(session, actor=actor, organisation_id=facts["organisation_id"])
    officer = Officer(id=new_id(), practice=body.practice, **facts)
    _require_free_certificate(session, officer)
    session.add(officer)
    with conflicts_told():
        session.flush()
    record_act(
        session, actor=actor, action="officer_created", target_type="officer",
        target_id=officer.id, after=_facts(officer), now=now,
    )  # fmt: skip
    return officer


def change_officer(
    session: Session, *, actor: Actor, officer_id: str, patch: Mapping[str, Any], now: datetime
) -> Officer:
    """Change what the patch names (absent: unchanged); a new name reaches the devices of all on
    the officer's tasks. Raises `not_found`, `certificate_taken`."""
    officer = officer_in_scope(session, actor=actor, officer_id=officer_id, lock=True)
    if "organisation_id" in patch:
        organisation_in_scope(session, actor=actor, organisation_id=patch["organisation_id"])
    before = _facts(officer)
    with session.no_autoflush:
        for name, value in patch.items():
            setattr(officer, name, value)
        _require_free_certificate(session, officer)
    after = _facts(officer)
    if after == before:
        return officer
    with conflicts_told():
        session.flush()
    record_act(
        session, actor=actor, action="officer_changed", target_type="officer",
        target_id=officer_id, before=before, after=after, now=now,
    )  # fmt: skip
    if after["name"] != before["name"]:
        _tell_devices(session, officer_id, now)
    return officer


def officer_in_scope(
    session: Session, *, actor: Actor, officer_id: str, lock: bool = False
) -> Officer:
    """The officer, or `not_found` when they lie outside the actor's part of the tree."""
    officer = session.get(Officer, officer_id, with_for_update=lock)
    if officer is None:
        raise DomainError("not_found")
    organisation_in_scope(session, actor=actor, organisation_id=officer.organisation_id)
    return officer


def list_officers(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[Officer]:
    """Officers of the actor's part of the tree, by id; one more than `limit`; see
    `chosen_officers`."""
    query = chosen_officers(session, actor=actor, filters=filters)
    query = query.order_by(Officer.id).limit(limit + 1)
    if after is not None:
        query = query.where(Officer.id > after)
    return session.scalars(query).all()


def chosen_officers(
    session: Session, *, actor: Actor, filters: Mapping[str, Any]
) -> Select[Officer]:
    """The officers of the actor's part of the tree that the filters name: `q` (name or certificate
    number), organisation_id (with all below), active, lead_qualified, `drawable_on` (a day)."""
    query = (
        select(Officer)
        .join(Organisation, Organisation.id == Officer.organisation_id)
        .where(in_scope(actor))
    )
    if "q" in filters:
        sought = filters["q"]
        by_name = Officer.name.icontains(sought, autoescape=True)
        query = query.where(or_(by_name, Officer.certificate_number == sought))
    for name in ("active", "lead_qualified"):
        if name in filters:
            query = query.where(getattr(Officer, name) == filters[name])
    if "drawable_on" in filters:
        query = query.where(drawable(filters["drawable_on"]))
    if "organisation_id" in filters:
        body = organisation_in_scope(
            session, actor=actor, organisation_id=filters["organisation_id"]
        )
        query = query.where(Organisation.path.startswith(body.path, autoescape=True))
    return query


def _require_free_certificate(session: Session, officer: Officer) -> None:
    if officer.certificate_number is None:
        return
    other = session.scalar(
        select(Officer.id).where(
            Officer.certificate_number == officer.certificate_number,
            Officer.id != officer.id,
            Officer.practice == officer.practice,
        )
    )
    if other is not None:
        raise DomainError("certificate_taken")


def _tell_devices(session: Session, officer_id: str, now: datetime) -> None:
    """Task documents name their officers: write those that this one is on anew."""
    task_ids = session.scalars(
        select(Assignment.task_id)
        .where(Assignment.officer_id == officer_id, Assignment.ended_at.is_(None))
        .distinct()
        .order_by(Assignment.task_id)
    ).all()
    changed = [task_id for task_id in task_ids if project_task(session, task_id, now)]
    announce_to_holders(session, [(task_id, "task", task_id) for task_id in changed])


def _facts(officer: Officer) -> dict[str, Any]:
    facts = {name: getattr(officer, name) for name in FACTS}
    expires_on: date | None = facts["certificate_expires_on"]
    return {**facts, "certificate_expires_on": expires_on.isoformat() if expires_on else None}
