"""A server in a few lines: ops of several entities arrive, wait where they must, and are merged."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sync.merge import Entity, Write, apply
from sync.policies import Refused, Stamp
from sync.waiting import (
    Key,
    Queues,
    Waits,
    begins,
    require_dependencies,
    require_entity,
)
from tests.sync.histories import Act


class Op(NamedTuple):
    """An act on one of several entities, with the ops of its device that it depends on."""

    type: str
    id: str
    act: Act
    depends_on: tuple[str, ...] = ()
    fault: bool = False

    @property
    def key(self) -> Key:
        return (self.type, self.id)


class Desk:
    """Takes ops as they arrive, one by one."""

    def __init__(self) -> None:
        self.entities: dict[Key, Entity] = {}
        self.status: dict[str, str] = {}
        self._revs: dict[Key, int] = {}
        self._queues = Queues()
        self._held: list[Op] = []

    def arrive(self, op: Op) -> None:
        """Do or hold an op; then do what waited for it, as long as one more can be done."""
        self._held.append(op)
        moved = True
        while moved:
            moved = False
            for each in list(self._held):
                if self._take(each) != "deferred":
                    self._held.remove(each)
                    moved = True

    def _take(self, op: Op) -> str:
        act = op.act
        try:
            self._do(op)
            self.status[act.key] = "applied"
        except Refused:
            self.status[act.key] = "rejected"
        except Waits:
            self.status[act.key] = "deferred"
            self._queues.hold(act.device, act.n, [op.key])
            return "deferred"
        self._queues.free(act.device, act.n, [op.key])
        return self.status[act.key]

    def _do(self, op: Op) -> None:
        act, exists = op.act, op.key in self.entities
        if op.fault:
            raise Refused("op_malformed")
        require_dependencies(op.depends_on, self.status.get)
        awaited = begins(op.type, act.action) and not exists
        if self._queues.is_behind(act.device, act.n, [op.key]) and not awaited:
            raise Waits("earlier_op_held")
        require_entity(op.type, op.id, act.action, exists=exists)
        entity = self.entities.get(op.key) or Entity(op.type)
        rev = self._revs.get(op.key, 0) + 1
        stamp = Stamp(act.at, act.device, act.n, f"officer of {act.device}", rev)

        def saw(other: Stamp) -> bool:
            return other.key in act.seen or (other.device == act.device and other.n < act.n)

        apply(entity, Write(stamp, saw, act.action, act.patch))
        self.entities[op.key], self._revs[op.key] = entity, rev


def own_orders(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """Every order that keeps each device's own; what an op builds on may come long after it."""
    queues: dict[str, list[Op]] = {}
    for op in ops:
        queues.setdefault(op.act.device, []).append(op)

    def extend(done: list[Op]) -> Iterator[list[Op]]:
        if len(done) == len(ops):
            yield done
        for device, own in queues.items():
            place = sum(1 for op in done if op.act.device == device)
            if place < len(own):
                yield from extend([*done, own[place]])

    return extend([])
