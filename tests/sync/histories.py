"""Histories for the merge core: writes, what each had seen, and the orders they may arrive in."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sync.conflicts import Verdict, verdict
from sync.merge import Action, Entity, Write, apply
from sync.policies import OFFICE, Refused, Stamp


class Act(NamedTuple):
    """A write of a device, with the names of the writes it had seen."""

    device: str
    n: int
    at: int
    patch: dict[str, Any]
    seen: frozenset[str] = frozenset()
    action: Action = "patch"

    @property
    def key(self) -> str:
        return f"{self.device}:{self.n}"


def merged(type_: str, acts: Sequence[Act]) -> Entity:
    """The entity after the acts arrived in this order, kept as text in between as a server does."""
    entity = Entity(type_)
    for rev, act in enumerate(acts, start=1):
        stamp = Stamp(act.at, act.device, act.n, f"officer of {act.device}", rev)

        def saw(other: Stamp, act: Act = act) -> bool:
            return other.key in act.seen or (other.device == act.device and other.n < act.n)

        if entity.writes:
            entity = Entity.from_plain(type_, dict(entity.data), entity.to_plain())
        try:
            apply(entity, Write(stamp, saw, act.action, act.patch))
        except Refused:
            continue
    return entity


def visible(entity: Entity) -> dict[str, Any]:
    """All that must not depend on the order of arrival: what stands, and every conflict that there
    is or ever was, with who settled it."""
    return {
        "data": entity.data,
        "deleted": entity.deleted,
        "conflicts": {name: told(verdict(entity, name)) for name in entity.contested()},
    }


def told(said: Verdict) -> tuple[Any, ...]:
    """A conflict without the version that its settling made."""
    settled_by = said.settled_by and (said.settled_by.rank, said.settled_by.officer)
    return (said.open, said.candidates, said.standing, settled_by)


def causes(acts: Sequence[Act]) -> dict[str, set[str]]:
    """For each act the acts that must have arrived before it: its device's own, and the seen."""
    known = {act.key for act in acts}
    before: dict[str, set[str]] = {}
    offices = [act.key for act in acts if act.device == OFFICE]
    for act in acts:
        own = {o.key for o in acts if o.device == act.device and o.n < act.n}
        before[act.key] = (set(act.seen) | own) & known
        if act.device == OFFICE:
            before[act.key] |= set(offices[: offices.index(act.key)])
    return before


def arrivals(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Every order of arrival that keeps each device's own order and lets nothing arrive before
    what it had seen."""
    before = causes(acts)

    def extend(done: list[Act], left: list[Act]) -> Iterator[list[Act]]:
        if not left:
            yield done
        arrived = {act.key for act in done}
        for act in left:
            if before[act.key] <= arrived:
                yield from extend([*done, act], [other for other in left if other != act])

    return extend([], list(acts))
