"""Inspection objects (检查对象) one by one: made, corrected, found.

Who holds an object follows from its division alone, so nobody moves one by hand past that rule.
What a person writes is remembered field by field, and later imports leave it alone.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, inspect, or_, select, text
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import InspectionObject, Organisation
from server.services.audit.acts import record_act
from server.services.bulk import is_sqlite
from server.services.registers.concurrency import conflicts_told
from server.services.registers.divisions import covering_prefix, is_known_code, is_settled_code
from server.services.registers.jurisdiction import load_jurisdiction
from server.services.registers.object_documents import tell_devices
from server.services.registers.proposals import propose_banner
from server.services.registers.texts import tidy
from server.services.registers.values import checked_credit_code
from server.services.scope import Actor, in_scope, organisation_in_scope

BY_HAND = "人工录入"  # provenance of what no file brought
CHANGEABLE = (
    "name", "nature", "kind", "small_kind", "credit_code", "address", "division_code", "latitude",
    "longitude", "contact_name", "contact_phone", "tags", "state", "state_reason",
)  # fmt: skip
SHOWN_IN_AUDIT = (*CHANGEABLE, "division_state", "organisation_id")


def create_object(
    session: Session, *, actor: Actor, facts: Mapping[str, Any], now: datetime
) -> InspectionObject:
    """Add an object by hand. With a banner's code its division is settled; with a league's it
    waits in the queue like an imported one. Raises `division_unknown`, `division_out_of_scope`,
    `credit_code_invalid`, `credit_code_taken`, `invalid_request`."""
    object_id = new_id()
    found = InspectionObject(
        id=object_id, source=BY_HAND, source_key=object_id, updated_at=now, tags=[], active=True,
        state="active", field_sources={}, details={}, practice=actor.practice,
    )  # fmt: skip
    for name in CHANGEABLE:
        if name in facts:
            setattr(found, name, facts[name])
    _make_coherent(session, found, actor=actor, changed=facts.keys())
    session.add(found)
    with conflicts_told():
        session.flush()
    record_act(
        session, actor=actor, action="object_created", target_type="object", target_id=object_id,
        after=_facts(found), now=now,
    )  # fmt: skip
    return found


def change_object(
    session: Session, *, actor: Actor, object_id: str, patch: Mapping[str, Any], now: datetime
) -> InspectionObject:
    """Change what the patch names (absent: unchanged); a `division_code` settles the division.
    Raises as `create_object`, `division_unsettled`, `state_needs_merge`, and `not_found`."""
    found = object_in_scope(session, actor=actor, object_id=object_id, lock=True)
    if apply_changes(session, actor=actor, found=found, patch=patch, now=now):
        tell_devices(session, [object_id], now=now)
    return found


def apply_changes(
    session: Session,
    *,
    actor: Actor,
    found: InspectionObject,
    patch: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Change a locked object and leave the trace; gives what was before, by field, nothing where
    nothing changed. Telling devices is the caller's. Raises as `change_object`."""
    before = _facts(found)
    changed = {name for name, value in patch.items() if getattr(found, name) != value}
    if "division_code" in patch:
        changed.add("division_code")
        if not is_settled_code(patch["division_code"]):
            raise DomainError("division_unsettled")
    with session.no_autoflush:
        for name in changed:
            setattr(found, name, patch[name])
        _make_coherent(session, found, actor=actor, changed=changed)
    if (after := _facts(found)) == before:
        return {}
    different = [name for name in before if before[name] != after[name]]
    found.edited_fields = sorted({*found.edited_fields, *changed} - {"state", "state_reason"})
    found.updated_at = now
    with conflicts_told():
        session.flush()
    told = {name: before[name] for name in different}
    record_act(
        session, actor=actor, action="object_changed", target_type="object", target_id=found.id,
        before=told, after={name: after[name] for name in different}, now=now,
    )  # fmt: skip
    return told


def object_in_scope(
    session: Session, *, actor: Actor, object_id: str, lock: bool = False
) -> InspectionObject:
    """The object, or `not_found` when it lies outside the actor's part of the tree."""
    found = session.get(InspectionObject, object_id, with_for_update=lock)
    if found is None:
        raise DomainError("not_found")
    organisation_in_scope(session, actor=actor, organisation_id=found.organisation_id)
    return found


def list_objects(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[InspectionObject]:
    """Objects of the actor's part of the tree, by id; one more than `limit`; see `chosen`."""
    query = chosen(session, actor=actor, filters=filters)
    query = query.order_by(InspectionObject.id).limit(limit + 1)
    if after is not None:
        query = query.where(InspectionObject.id > after)
    return session.scalars(query).all()


def chosen(
    session: Session, *, actor: Actor, filters: Mapping[str, Any]
) -> Select[InspectionObject]:
    """The objects of the actor's part of the tree that the filters name.

    `q` (name, address or credit code), `division_code` (with all it covers), `organisation_id`
    (with all below), `tag`, `verified`, and equal values of kind, division_state, active, state.
    Raises `not_found` for an organisation outside.
    """
    query = _in_scope(actor)
    for name in ("kind", "small_kind", "division_state", "active", "state"):
        if name in filters:
            query = query.where(getattr(InspectionObject, name) == filters[name])
    if "q" in filters:
        query = query.where(_mentions(filters["q"]))
    if "verified" in filters:
        query = query.where(InspectionObject.verified_at.is_not(None) == filters["verified"])
    if "tag" in filters:
        query = query.where(text(has_tag(session))).params(tag=filters["tag"])
    if "division_code" in filters:
        prefix = covering_prefix(filters["division_code"])
        query = query.where(InspectionObject.division_code.startswith(prefix, autoescape=True))
    if "organisation_id" in filters:
        body = organisation_in_scope(
            session, actor=actor, organisation_id=filters["organisation_id"]
        )
        query = query.where(Organisation.path.startswith(body.path, autoescape=True))
    return query


def has_tag(session: Session) -> str:
    """SQL: an object carries the tag `:tag`."""
    if is_sqlite(session):
        return "EXISTS (SELECT 1 FROM json_each(objects.tags) WHERE value = :tag)"
    return "objects.tags @> jsonb_build_array(CAST(:tag AS text))"


def _in_scope(actor: Actor) -> Select[InspectionObject]:
    return (
        select(InspectionObject)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(in_scope(actor))
    )


def _mentions(words: str) -> ColumnElement[bool]:
    """Name, address or credit code hold these words; brackets of either width are the same."""
    sought = tidy(words).replace("（", "(").replace("）", ")")
    columns = (InspectionObject.name, InspectionObject.address)
    narrow = [func.replace(func.replace(column, "（", "("), "）", ")") for column in columns]
    return or_(
        *(column.icontains(sought, autoescape=True) for column in narrow),
        InspectionObject.credit_code == sought.upper(),
    )


def _make_coherent(
    session: Session, found: InspectionObject, *, actor: Actor, changed: Set[str]
) -> None:
    if found.small_kind and found.kind != "small":
        raise _unfit("small_kind", "Only for kind small.")
    if (found.latitude is None) != (found.longitude is None):
        raise _unfit("latitude", "Latitude and longitude go together.")
    if changed & {"state", "state_reason"}:
        _require_state(found, before=_loaded_state(found))
    if "credit_code" in changed and found.credit_code is not None:
        found.credit_code = _free_credit_code(session, found)
    if "division_code" in changed:
        _settle(session, found, actor=actor)
    elif "address" in changed and found.division_state != "settled":
        _propose(found)


def _loaded_state(found: InspectionObject) -> str:
    """The state before this change."""
    gone = inspect(found).attrs.state.history.deleted
    return str(gone[0]) if gone else found.state


def _require_state(found: InspectionObject, *, before: str) -> None:
    """存续, or 关闭, 查无, 迁出 with a reason; 合并 is decided where duplicates are."""
    if "merged" in (before, found.state):
        raise DomainError("state_needs_merge")
    if found.state == "active":
        found.state_reason = None
    elif not found.state_reason:
        raise _unfit("state_reason", "A reason is needed unless the state is active.")
    found.active = found.state == "active"


def _free_credit_code(session: Session, found: InspectionObject) -> str:
    try:
        code = checked_credit_code(found.credit_code or "")
    except ValueError:
        raise DomainError("credit_code_invalid") from None
    other = session.scalar(
        select(InspectionObject.id).where(
            InspectionObject.credit_code == code,
            InspectionObject.id != found.id,
            InspectionObject.practice == found.practice,
        )
    )
    if other is not None:
        raise DomainError("credit_code_taken")
    return code


def _settle(session: Session, found: InspectionObject, *, actor: Actor) -> None:
    if not is_known_code(found.division_code):
        raise DomainError("division_unknown")
    holder = load_jurisdiction(session, path=actor.path).holder(found.division_code)
    if holder is None:
        raise DomainError("division_out_of_scope")
    found.organisation_id = holder.id
    if is_settled_code(found.division_code):
        found.division_state = "settled"
        found.proposed_division_code = found.proposal_reason = None
    else:
        _propose(found)


def _propose(found: InspectionObject) -> None:
    proposal = propose_banner(found.address, found.division_code)
    found.division_state = "proposed" if proposal.code else "unknown"
    found.proposed_division_code, found.proposal_reason = proposal.code, proposal.reason


def _unfit(field: str, reason: str) -> DomainError:
    return DomainError("invalid_request", details={"fields": {"json": {field: [reason]}}})


def _facts(found: InspectionObject) -> dict[str, Any]:
    return {name: getattr(found, name) for name in SHOWN_IN_AUDIT}
