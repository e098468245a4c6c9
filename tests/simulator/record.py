"""What happened in a run: every op with what became of it, and what the office settled."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.crew import Crew
from tests.simulator.model import EXISTENCE, OFFICE, Entity, Write

Body = dict[str, Any]
Key = tuple[str, str]
Said = tuple[Body, bool]  # the patch, and whether it deletes
Made = tuple[Key, int, str, int, int, Said]  # of what, version, device, number, base

TAKEN = ("applied", "merged", "conflict")
MODELLED = ("record", "answer", "finding", "conflict")


@dataclass(frozen=True)
class Done:
    """An op as it was sent, what finally became of it, and the versions that it made."""

    device: str
    n: int
    op: Body
    receipt: Body
    revs: list[int]

    @property
    def name(self) -> tuple[str, str]:
        """Ops are unique within their device."""
        return self.device, self.op["op_id"]

    @property
    def taken(self) -> bool:
        return self.receipt["status"] in TAKEN


@dataclass
class Record:
    """All ops and all that was settled; `read` brings it up to date."""

    ops: list[Done] = field(default_factory=list)
    reviews: list[Body] = field(default_factory=list)
    _times: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _choices: dict[str, tuple[Key, str, Any]] = field(default_factory=dict)
    _office: list[tuple[Key, int, int, Said]] = field(default_factory=list)

    def settled_by_op(self, op_id: str, conflict: Mapping[str, Any], value: Any) -> None:
        """A lead chose offline; the op stands for a write of the chosen value."""
        key = (conflict["of_type"], conflict["of_id"])
        self._choices[op_id] = (key, conflict["field"], value)

    def settled_by_office(self, conflict: Body, rev: int, value: Any) -> None:
        """The supervisor chose, having seen the conflict at its version."""
        of = conflict["data"]
        said = _settling(of["field"], value)
        self._office.append(((of["of_type"], of["of_id"]), rev, conflict["rev"], said))

    def read(self, crew: Crew) -> None:
        """Ask the server what became of every op that reached it."""
        self.reviews = [crew.review(task) for task in crew.tasks]
        revs: dict[Any, list[int]] = defaultdict(list)
        for version in [each for review in self.reviews for each in review["history"]]:
            revs[version["device_id"], version["op_id"]].append(version["rev"])
            made = (version["type"], version["id"], version["rev"])
            self._times[made] = version["effective_at"]
        self.ops = []
        for pocket in crew.pockets.values():
            device, receipts = pocket.device.account.device_id, pocket.receipts()
            bodies = {op["op_id"]: op for op, _ in pocket.network.pushed}
            self.ops += [
                Done(device, n, op, receipts[op_id], revs[device, op_id])
                for n, (op_id, op) in enumerate(bodies.items())
            ]

    def entities(self) -> dict[Key, Entity]:
        """The writes that were taken, by entity and in the order of their versions."""
        writes: dict[Key, list[Write]] = defaultdict(list)
        for key, rev, device, n, base, (patch, deletes) in [*self._written(), *self._settled()]:
            at = self._times[*key, rev]
            writes[key].append(Write(rev, at, device, n, base, patch, deletes))
        return {key: Entity(sorted(own, key=lambda w: w.rev)) for key, own in writes.items()}

    def _written(self) -> Iterator[Made]:
        for done in self.ops:
            if not done.taken or done.op["type"] not in MODELLED:
                continue
            op, base, [rev] = done.op, done.op["base_rev"] or 0, done.revs
            if op["type"] == "conflict":
                key, name, value = self._choices[op["op_id"]]
                yield key, rev, done.device, done.n, base, _settling(name, value)
            else:
                said = (op["patch"], op["action"] == "delete")
                yield (op["type"], op["id"]), rev, done.device, done.n, base, said

    def _settled(self) -> Iterator[Made]:
        for key, rev, base, said in self._office:
            yield key, rev, OFFICE, rev, base, said


def _settling(name: str, value: Any) -> Said:
    return ({}, value == "deleted") if name == EXISTENCE else ({name: value}, False)
