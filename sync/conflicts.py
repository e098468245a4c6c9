"""What a person must settle (冲突): candidates of a disputed field, with who, when and where."""

import hashlib
from typing import Any, NamedTuple

from sync.entities import EXISTS
from sync.merge import Entity, field_of
from sync.policies import show


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


def candidates(entity: Entity, field: str) -> list[Candidate]:
    """The values in dispute, in the order of their writing; equal values of several writers are
    all listed, because each of them stood for it."""
    return [
        Candidate(stamp.key, _said(field, value), stamp.officer, stamp.device, stamp.at)
        for stamp, value in entity.claims(field)
    ]


def standing_value(entity: Entity, field: str) -> Any:
    """What stands meanwhile."""
    return _said(field, show(field_of(entity.type, field), entity.claims(field)))


def conflict_field(name: str) -> str:
    """The disputed field's name on the wire; a delete against an edit is about `existence`."""
    return "existence" if name == EXISTS else name


def field_name(wire: str) -> str:
    """The field behind its name on the wire."""
    return EXISTS if wire == "existence" else wire


def _said(field: str, value: Any) -> Any:
    """On the wire the existence of an entity is told as `kept` or `deleted`."""
    if field != EXISTS:
        return value
    return "kept" if value else "deleted"
