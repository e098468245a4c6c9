"""Replay: what several devices and the office did, in many orders of arrival, each on a copy of one
prepared database, compared as rule 5 says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.canonical import canonical
from tests.server.sync.copies import on_a_copy
from tests.server.sync.ops import op
from tests.world import Caller, World

Body = dict[str, Any]
#: what each device pushes, batch by batch
Batches = Mapping[str, Sequence[Sequence[Body]]]
Order = tuple[str, ...]
Outcome = dict[tuple[str, ...], Body]

OFFICE = "office"
BORN_MS = 1_767_600_000_000  # January 2026: no op can arrive before it was written
COMPARED = ("task", "record", "answer", "finding", "photo", "conflict")


def at(seconds: int) -> str:
    """A device's stamp so many seconds after the beginning."""
    return f"{BORN_MS + 1000 * seconds}:0"


def make(op_id: str, type_: str, id_: str, seconds: int, **patch: Any) -> Body:
    """An op that creates, or writes what needs no create."""
    action = "create" if type_ == "finding" else "patch"
    return op(type_, id_, patch, op_id=op_id, hlc=at(seconds), action=action)


def edit(op_id: str, type_: str, id_: str, seconds: int, rev: int = 1, **patch: Any) -> Body:
    """An op of someone who had seen a version, the first unless told otherwise."""
    return op(type_, id_, patch, op_id=op_id, hlc=at(seconds), base_rev=rev)


def arrivals(counts: Mapping[str, int]) -> Iterator[Order]:
    """Every order in which so many batches of each device may arrive: whose turn it is."""

    def extend(done: Order) -> Iterator[Order]:
        ready = [name for name, count in counts.items() if done.count(name) < count]
        if not ready:
            yield done
        for name in ready:
            yield from extend((*done, name))

    return extend(())


def some(orders: Sequence[Order], count: int) -> list[Order]:
    """The first, the last and some between."""
    return [*orders[:: -(-len(orders) // (count - 1))], orders[-1]]


@dataclass
class Replay:
    """A prepared database with one task, and those who act on it."""

    world: World
    prepared: str
    task: str
    devices: Mapping[str, Caller]
    batches: Batches
    office: Callable[[], None] | None = None

    def outcome(self, order: Order) -> Outcome:
        """What stands after the batches arrived in this order, on a copy of the database."""
        waiting = {name: iter(own) for name, own in self.batches.items()}
        with on_a_copy(self.world.app, self.prepared):
            for name in order:
                if name == OFFICE and self.office:
                    self.office()
                    continue
                for result in self.devices[name].push(*next(waiting[name])):
                    assert result["status"] not in ("rejected", "salvaged"), (order, result)
            page = self.world.assistant.pull()
        return dict(_compared(change) for change in page["changes"] if change["type"] in COMPARED)


def _compared(change: Body) -> tuple[tuple[str, ...], Body]:
    type_ = change["type"]
    if change["op"] != "upsert":
        return (type_, change["id"]), {"op": change["op"]}
    data = canonical(type_, change["data"])
    if type_ == "conflict":
        return (type_, data["of_type"], data["of_id"], data["field"]), data
    return (type_, change["id"]), data
