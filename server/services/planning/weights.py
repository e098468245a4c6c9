"""Weight tables (权重表): published in versions; what they make of an object, with the reasons."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.ids import new_id
from server.models import Organisation, WeightTable
from server.models.organisations import line_of
from server.services.audit.acts import record_act
from server.services.planning.factors import weights_of
from server.services.planning.item_rules import digest_of
from server.services.planning.items import BODIES
from server.services.planning.versions import require_later
from server.services.planning.weight_rules import Content, Weight, faults_of
from server.services.registers.objects import object_in_scope
from server.services.scope import Actor, organisation_in_scope


def publish_weights(
    session: Session,
    *,
    actor: Actor,
    organisation_id: str,
    content: Content,
    effective_from: date,
    reason: str,
    now: datetime,
) -> WeightTable:
    """Publish the next version of an organisation's table.

    Raises `not_found`, `weights_not_yours` for a brigade, `weight_table_invalid` with every rule
    that it breaks in `details.errors`, `date_out_of_range`, `nothing_to_correct`.
    """
    body = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    if body.kind not in BODIES:
        raise DomainError("weights_not_yours", details={"kind": body.kind})
    session.refresh(body, with_for_update={"key_share": True})
    faults = faults_of(content)
    if faults:
        raise DomainError("weight_table_invalid", details={"errors": faults})
    last = next(iter(versions_of(session, body.id)), None)
    require_later(effective_from, last, today=china_date(now))
    digest = digest_of([content])
    if last is not None and last.digest == digest:
        raise DomainError("nothing_to_correct", details={"version": last.version})
    table = WeightTable(
        id=new_id(), organisation_id=body.id, version=last.version + 1 if last else 1,
        content=dict(content), digest=digest, effective_from=effective_from, reason=reason,
        published_at=now, published_by=actor.user_id,
    )  # fmt: skip
    session.add(table)
    session.flush()
    record_act(
        session, actor=actor, action="weight_table.publish", target_type="weight_table",
        target_id=table.id, before={"content": last.content} if last else None,
        after={"content": table.content, "version": table.version, "reason": reason}, now=now,
    )  # fmt: skip
    return table


def versions_of(session: Session, organisation_id: str) -> Sequence[WeightTable]:
    """All versions of an organisation's own table, newest first."""
    query = select(WeightTable).where(WeightTable.organisation_id == organisation_id)
    return session.scalars(query.order_by(WeightTable.version.desc())).all()


def table_in_force(session: Session, *, organisation: Organisation, day: date) -> WeightTable:
    """The table that an organisation goes by on a day: its own, or that of the nearest above.

    Raises `weights_missing` where nobody has published one.
    """
    for organisation_id in reversed(line_of(organisation.path)):
        found = session.scalars(
            select(WeightTable)
            .where(WeightTable.organisation_id == organisation_id)
            .where(WeightTable.effective_from <= day)
            .order_by(WeightTable.version.desc())
            .limit(1)
        ).one_or_none()
        if found is not None:
            return found
    raise DomainError("weights_missing")


def tables_of(
    session: Session, *, actor: Actor, organisation_id: str, today: date
) -> dict[str, Any]:
    """The table that an organisation goes by, and its own versions. Raises `not_found`,
    `weights_missing`."""
    body = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    return {
        "in_force": table_in_force(session, organisation=body, day=today),
        "versions": versions_of(session, body.id),
    }


def explain_weight(
    session: Session, *, actor: Actor, object_id: str, day: date
) -> tuple[Weight, WeightTable]:
    """An object's weight on a day with its reasons, and the table that says so. Raises `not_found`,
    `weights_missing`."""
    site = object_in_scope(session, actor=actor, object_id=object_id)
    organisation = session.get_one(Organisation, site.organisation_id)
    table = table_in_force(session, organisation=organisation, day=day)
    weights = weights_of(session, content=table.content, object_ids=[site.id], day=day)
    return weights[site.id], table
