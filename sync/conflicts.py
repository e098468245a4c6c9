"""What a person must settle (冲突): candidates of a disputed field, with who, when and where."""

import hashlib
from typing import Any, NamedTuple

from sync.entities import EXISTS
from sync.merge import Entity, field_of
from sync.policies import Claim, Stamp, show


class Candidate(NamedTuple):
    """One of the values in dispute (候选值). `at` is effective time in ms."""

    key: str
    value: Any
    officer_id: str | None
    device_id: str
    at: int


def conflict_id(type_: str, id_: str, field: str) -> str:
    """The one id of a field's conflict; a field that is disputed again opens the same one."""
    name = "\x1f".join((type_, id_, field))
    return "c-" + hashlib.sha256(name.encode()).hexdigest()[:30]


class Verdict(NamedTuple):
    """How it stands with a field that is or was in dispute; of times only those of the writes."""

    open: bool
    candidates: list[Candidate]
    standing: Any
    settled_by: Stamp | None


def verdict(entity: Entity, field: str) -> Verdict:
    """How it stands with a conflict: a function of the writes and of what each had seen.

    While it is open its candidates are the claims. Once it is settled they are what each device
    had last said against the others, and it was settled by the last write that met no other.
    """
    standing = standing_value(entity, field)
    if field in entity.disputed():
        return Verdict(True, candidates(entity, field), standing, None)
    met = [_candidate(field, claim) for claim in entity.trail(field).met]
    decided = EXISTS if entity.deleted else field  # what is deleted is in dispute no more
    claims, contested = entity.claims(decided), entity.trail(decided).met
    unopposed = [claim for claim in claims if claim not in contested]
    return Verdict(False, met, standing, (unopposed or claims)[-1].stamp)


def candidates(entity: Entity, field: str) -> list[Candidate]:
    """The values in dispute, in the order of their writing; equal values of several writers are
    all listed, because each of them stood for it."""
    return [_candidate(field, claim) for claim in entity.claims(field)]


def standing_value(entity: Entity, field: str) -> Any:
    """What stands meanwhile."""
    return _said(field, show(field_of(entity.type, field), entity.claims(field)))


def conflict_field(name: str) -> str:
    """The disputed field's name on the wire; a delete against an edit is about `existence`."""
    return "existence" if name == EXISTS else name


def field_name(wire: str) -> str:
    """The field behind its name on the wire."""
    return EXISTS if wire == "existence" else wire


def _candidate(field: str, claim: Claim) -> Candidate:
    stamp, value = claim
    return Candidate(stamp.key, _said(field, value), stamp.officer, stamp.device, stamp.at)


def _said(field: str, value: Any) -> Any:
    """On the wire the existence of an entity is told as `kept` or `deleted`."""
    if field != EXISTS:
        return value
    return "kept" if value else "deleted"
