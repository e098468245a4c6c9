"""Item lists (随机抽查事项清单, N9–N11): published in versions, never changed, read by everyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.ids import new_id
from server.models import ItemList, Organisation
from server.services.audit.acts import record_act
from server.services.planning.item_rules import (
    Item,
    differences,
    digest_of,
    faults_of,
    in_effect,
)
from server.services.planning.versions import require_later
from server.services.scope import Actor, at_or_above, in_earnest, organisation_in_scope

#: who has a list: the corps the base, a detachment what it adds
BODIES = ("corps", "detachment")


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The lists that hold for an organisation on a day, and what they say together."""

    base: ItemList | None
    supplement: ItemList | None

    @property
    def ids(self) -> list[str]:
        """What a task pins: the versions, the base first."""
        return [each.id for each in (self.base, self.supplement) if each is not None]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items that hold."""
        return in_effect(_items(self.base), _items(self.supplement))


def publish_items(
    session: Session,
    *,
    actor: Actor,
    organisation_id: str,
    items: Sequence[Item],
    effective_from: date,
    reason: str,
    now: datetime,
) -> ItemList:
    """Publish the next version of an organisation's list; it holds from a day that is yet to come
    or today.

    Raises `not_found`, `practice_never_published`, `items_not_yours` for a brigade,
    `item_list_invalid` with every fault in `details.errors`, `date_out_of_range`,
    `nothing_to_correct` where nothing changed.
    """
    body = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    if body.practice:
        raise DomainError("practice_never_published")
    if body.kind not in BODIES:
        raise DomainError("items_not_yours", details={"kind": body.kind})
    session.refresh(body, with_for_update={"key_share": True})
    last = next(iter(versions_of(session, body.id)), None)
    base = _base_of(session, body, day=effective_from)
    faults = faults_of(items, base=_items(base))
    if faults:
        raise DomainError("item_list_invalid", details={"errors": faults})
    require_later(effective_from, last, today=china_date(now))
    digest = digest_of(items)
    if last is not None and last.digest == digest:
        raise DomainError("nothing_to_correct", details={"version": last.version})
    listed = ItemList(
        id=new_id(), organisation_id=body.id, version=last.version + 1 if last else 1,
        items=[dict(item) for item in items], digest=digest, effective_from=effective_from,
        reason=reason, published_at=now, published_by=actor.user_id,
    )  # fmt: skip
    session.add(listed)
    session.flush()
    record_act(
        session, actor=actor, action="item_list.publish", target_type="item_list",
        target_id=listed.id, now=now,
        after={
            "organisation_id": body.id, "version": listed.version, "digest": digest,
            "effective_from": effective_from.isoformat(), "reason": reason,
            **differences(_items(last), items),
        },
    )  # fmt: skip
    return listed


def items_in_force(session: Session, *, organisation: Organisation, day: date) -> InForce:
    """The lists of the corps and the detachment above an organisation, or of itself, on a day."""
    above = session.scalars(select(Organisation).where(at_or_above(organisation.path)))
    by_kind = {body.kind: body for body in above}
    found = {
        kind: _in_force(session, body.id, day) for kind, body in by_kind.items() if kind in BODIES
    }
    return InForce(base=found.get("corps"), supplement=found.get("detachment"))


def versions_of(session: Session, organisation_id: str) -> Sequence[ItemList]:
    """All versions of an organisation's own list, newest first."""
    query = select(ItemList).where(ItemList.organisation_id == organisation_id)
    return session.scalars(query.order_by(ItemList.version.desc())).all()


def publishing_bodies(session: Session) -> Sequence[Organisation]:
    """The bodies that have a list, the corps first, in the order of the divisions."""
    having = select(ItemList.organisation_id).distinct()
    return session.scalars(
        select(Organisation)
        .where(Organisation.id.in_(having), in_earnest())
        .order_by(Organisation.division_code, Organisation.id)
    ).all()


def read_items(
    session: Session, *, organisation_id: str, today: date, version: int | None = None
) -> dict[str, Any]:
    """What everyone may read of an organisation's list: what holds today, or one version of its
    own as it was published, and all versions with what each changed. Raises `not_found`."""
    asked = select(Organisation).where(Organisation.id == organisation_id, in_earnest())
    body = session.scalars(asked).one_or_none()
    versions = versions_of(session, organisation_id) if body else []
    if body is None or not versions:
        raise DomainError("not_found")
    shown = next((each for each in versions if each.version == version), None)
    if version is not None and shown is None:
        raise DomainError("not_found", details={"version": version})
    force = items_in_force(session, organisation=body, day=today)
    holding = shown or _of(force, body)
    return {
        "organisation": body,
        "version": holding.version if holding else None,
        "base_version": force.base.version if force.base and body.kind != "corps" else None,
        "items": _as_published(shown) if shown else force.items,
        "versions": [_told(each, before, today) for each, before in _with_before(versions)],
    }


def _in_force(session: Session, organisation_id: str, day: date) -> ItemList | None:
    return session.scalars(
        select(ItemList)
        .where(ItemList.organisation_id == organisation_id, ItemList.effective_from <= day)
        .order_by(ItemList.version.desc())
        .limit(1)
    ).one_or_none()


def _base_of(session: Session, body: Organisation, *, day: date) -> ItemList | None:
    """What a supplement stands on: the newest base that holds by then."""
    if body.kind == "corps":
        return None
    return items_in_force(session, organisation=body, day=day).base


def _of(force: InForce, body: Organisation) -> ItemList | None:
    return force.base if body.kind == "corps" else force.supplement


def _items(listed: ItemList | None) -> list[Any]:
    return listed.items if listed else []


def _as_published(listed: ItemList) -> list[dict[str, Any]]:
    return [{**item, "standing": None} for item in listed.items]


def _with_before(versions: Sequence[ItemList]) -> list[tuple[ItemList, ItemList | None]]:
    return list(zip(versions, [*versions[1:], None], strict=True))


def _told(listed: ItemList, before: ItemList | None, today: date) -> dict[str, Any]:
    return {
        "version": listed.version,
        "effective_from": listed.effective_from,
        "is_ahead": listed.effective_from > today,
        "published_at": listed.published_at,
        "reason": listed.reason,
        "digest": listed.digest,
        **differences(_items(before), listed.items),
    }
