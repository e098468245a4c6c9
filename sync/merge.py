"""One op meets one entity.

`Entity` keeps what stands (`data`, as on the wire) and the claims behind it in a compact form: the
writes once, and for each field only what differs from "written by the founding write alone".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sync.clock import wire_time
from sync.disputes import NO_TRAIL, Trail, follow
from sync.entities import DELETABLE, EXISTENCE, EXISTS, FIELDS
from sync.policies import (
    HOLD_ONE,
    Claim,
    Claims,
    Field,
    Refused,
    Saw,
    Stamp,
    absorb,
    is_disputed,
    show,
)

Action = Literal["create", "patch", "delete"]
#: one claim that stands alone (the index of its write), or several with their values
Mark = int | list[tuple[int, Any]]
#: a field after a write, before it is put into its entity
Absorbed = tuple[Field, list[Claim], Trail]
#: what a field's trail holds: writes by their index, with their values
Said = list[tuple[int, Any]]


class Write(NamedTuple):
    """What one op says: its stamp, what its writer had seen, and the changed fields."""

    stamp: Stamp
    saw: Saw
    action: Action
    patch: Mapping[str, Any]


class Outcome(NamedTuple):
    """What became of a write: had others written meanwhile, and which fields are in dispute."""

    concurrent: bool
    disputed: tuple[str, ...]


@dataclass(slots=True)
class Entity:
    """The merge state of one entity of a type. Empty until its first write."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    writes: list[Stamp] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)
    trails: dict[str, tuple[Said, Said]] = field(default_factory=dict)

    @property
    def deleted(self) -> bool:
        """Whether a deletion stands. What has no mark was founded and never deleted."""
        return EXISTS in self.marks and not show(EXISTENCE, self.claims(EXISTS))

    def claims(self, name: str) -> list[Claim]:
        """The claims of a field, in the order of their stamps."""
        mark = self.marks.get(name)
        if mark is None:
            if not self.writes or not (name == EXISTS or name in self.data):
                return []
            mark = 0
        if isinstance(mark, int):
            return [Claim(self.writes[mark], True if name == EXISTS else self.data[name])]
        return self._said(mark)

    def disputed(self) -> tuple[str, ...]:
        """The fields in which claims differ and a person must choose; none of what is deleted."""
        names = sorted(
            name
            for name, mark in self.marks.items()
            if not isinstance(mark, int)
            and len(mark) > 1
            and is_disputed(field_of(self.type, name), self.claims(name))
        )
        return () if names and self.deleted else tuple(names)

    def trail(self, name: str) -> Trail:
        """What is remembered of a field's earlier writes, so that a dispute outlives its end."""
        if name not in self.trails:
            return NO_TRAIL
        past, met = self.trails[name]
        return Trail(self._said(past), self._said(met))

    def contested(self) -> tuple[str, ...]:
        """The fields that are or ever were in dispute, whoever wrote first or last."""
        return tuple(sorted(name for name, (_, met) in self.trails.items() if met))

    def _said(self, writes: Said) -> list[Claim]:
        return [Claim(self.writes[index], value) for index, value in writes]

    def to_plain(self) -> dict[str, Any]:
        """The claims as JSON-able values; `data` is kept apart."""
        plain = {"w": [list(stamp) for stamp in self.writes], "f": self.marks}
        return plain | {"t": self.trails} if self.trails else plain

    @classmethod
    def from_plain(cls, type_: str, data: dict[str, Any], plain: Mapping[str, Any]) -> "Entity":
        """The entity behind `to_plain` and its data."""
        marks: dict[str, Mark] = {
            name: mark if isinstance(mark, int) else [(i, v) for i, v in mark]
            for name, mark in plain["f"].items()
        }
        trails = {
            name: ([(i, v) for i, v in past], [(i, v) for i, v in met])
            for name, (past, met) in plain.get("t", {}).items()
        }
        return cls(type_, data, [Stamp(*stamp) for stamp in plain["w"]], marks, trails)


def field_of(type_: str, name: str) -> Field:
    """The declaration of a field. Raises Refused for one that the type does not have."""
    if name == EXISTS:
        return EXISTENCE
    try:
        return FIELDS[type_][name]
    except KeyError:
        raise Refused("field_unknown", name) from None


def apply(entity: Entity, write: Write) -> Outcome:
    """Merge a write into an entity, in place. Raises Refused, and then nothing has changed."""
    if not entity.writes and write.action != "delete":
        return _found(entity, write)
    others = (stamp for stamp in entity.writes if stamp.device != write.stamp.device)
    concurrent = any(not write.saw(stamp) for stamp in others)
    absorbed = _absorb_all(entity, write)
    _put_all(entity, write, absorbed)
    _forget_unused_writes(entity)
    return Outcome(concurrent, entity.disputed())


#: the fields whose value simply stands when nobody wrote before
_ALONE = {
    type_: frozenset(name for name, field in fields.items() if field.policy in HOLD_ONE)
    for type_, fields in FIELDS.items()
}


def _found(entity: Entity, write: Write) -> Outcome:
    """Take the write that an entity begins with. It meets nothing, so most of its values simply
    stand: most writes are of this kind."""
    own, alone = _ALONE[entity.type], dict(write.patch)
    others = {name: alone.pop(name) for name in write.patch if name not in own}
    absorbed = _absorb_fields(entity, write, others)
    _put_all(entity, write, absorbed)
    entity.data.update(alone)
    return Outcome(concurrent=False, disputed=())


def _absorb_all(entity: Entity, write: Write) -> dict[str, Absorbed]:
    absorbed = _absorb_fields(entity, write, write.patch)
    absorbed[EXISTS] = _absorb_value(entity, write, EXISTS, write.action != "delete")
    return absorbed


def _absorb_fields(entity: Entity, write: Write, patch: Mapping[str, Any]) -> dict[str, Absorbed]:
    absorbed = {}
    for name, value in patch.items():
        try:
            absorbed[name] = _absorb_value(entity, write, name, value)
        except Refused as refusal:
            raise Refused(refusal.code, name) from None
    return absorbed


def _absorb_value(entity: Entity, write: Write, name: str, value: Any) -> Absorbed:
    declared, before, trail = field_of(entity.type, name), entity.claims(name), NO_TRAIL
    claims = absorb(declared, before, write.stamp, write.saw, value)
    if declared.policy == "review" and (name != EXISTS or entity.type in DELETABLE):
        written = Claim(write.stamp, value)
        trail = follow(entity.trail(name), before, claims, written, write.saw)
    return declared, claims, trail


def _put_all(entity: Entity, write: Write, absorbed: Mapping[str, Absorbed]) -> None:
    if not entity.writes:
        entity.writes.append(write.stamp)
        # What stood before anybody wrote is nobody's claim.
        unclaimed = [name for name in entity.data if name not in write.patch]
        entity.marks.update({name: [] for name in unclaimed if name in FIELDS[entity.type]})
    places = {known: index for index, known in enumerate(entity.writes)}
    for name, (declared, claims, trail) in absorbed.items():
        _put(entity, places, name, declared, claims)
        if trail is not NO_TRAIL:
            entity.trails[name] = (
                _placed(entity, places, trail.past),
                _placed(entity, places, trail.met),
            )


def _placed(entity: Entity, places: dict[Stamp, int], claims: Claims) -> Said:
    """Claims by the index of their write, which is kept if it is new."""
    for stamp, _ in claims:
        if stamp not in places:
            places[stamp] = len(entity.writes)
            entity.writes.append(stamp)
    return [(places[stamp], value) for stamp, value in claims]


def _put(
    entity: Entity, places: dict[Stamp, int], name: str, declared: Field, claims: list[Claim]
) -> None:
    """Write a field's claims in their shortest form, and what stands into `data`."""
    said = _placed(entity, places, claims)
    alone = len(claims) == 1 and not declared.holds_many
    if alone and (name != EXISTS or claims[0].value):
        place = said[0][0]
        if place:
            entity.marks[name] = place
        else:
            entity.marks.pop(name, None)
    else:
        entity.marks[name] = said
    if name != EXISTS:
        entity.data[name] = claims[0].value if alone else _wire_value(declared, claims)


def _wire_value(declared: Field, claims: list[Claim]) -> Any:
    shown = show(declared, claims)
    if declared.policy != "append":
        return shown
    return [
        {"text": value, "by": stamp.officer, "device": stamp.device, "at": wire_time(stamp.at)}
        for stamp, value in shown
    ]


def _forget_unused_writes(entity: Entity) -> None:
    """Drop writes of which nothing is left any more; the founding one stays as the default."""
    used = {0}
    for mark in entity.marks.values():
        used.update((mark,) if isinstance(mark, int) else (index for index, _ in mark))
    for trail in entity.trails.values():
        used.update(index for said in trail for index, _ in said)
    if len(used) == len(entity.writes):
        return
    kept = sorted(used)
    moved = {old: new for new, old in enumerate(kept)}

    def shifted(said: Said) -> Said:
        return [(moved[index], value) for index, value in said]

    entity.writes = [entity.writes[index] for index in kept]
    entity.marks = {
        name: moved[mark] if isinstance(mark, int) else shifted(mark)
        for name, mark in entity.marks.items()
    }
    entity.trails = {
        name: (shifted(past), shifted(met)) for name, (past, met) in entity.trails.items()
    }
