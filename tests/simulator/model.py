"""What must stand, worked out in plain Python from the writes alone; no code of ours.

An entity is the list of its writes, each with what its writer had seen: the version named by
`base`, and whatever the same device wrote before. A value counts as long as nobody who had seen it
wrote the field anew. Everything else follows from the values that count.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

EXISTENCE = "existence"
OFFICE = "office"
MINOR_TO_CRITICAL = [None, "minor", "moderate", "serious", "critical"]
NONE_TO_TRANSFERRED = [
    None, "none", "oral_order", "immediate_correction", "term_correction", "temporary_seal",
    "case_filed", "transferred",
]  # fmt: skip
NOTHING_TO_FAIL = [None, "not_applicable", "yes", "pass", "no", "fail"]
OPEN_TO_VERIFIED = [None, "open", "rectified", "verified"]

#: fields over which a person decides, least to gravest; None: no order of gravity
DISPUTABLE: dict[str, list[Any] | None] = {
    EXISTENCE: ["deleted", "kept"],
    "value": NOTHING_TO_FAIL,
    "action": NONE_TO_TRANSFERRED,
    "outcome": NONE_TO_TRANSFERRED,
    "legal_basis": None,
}
SETS, LISTS = ("tags",), ("notes",)


@dataclass(frozen=True)
class Write:
    """One write that the server took: `rev` is the version it made, `at` its effective time, and
    `n` numbers the device's ops in the order in which they first arrived."""

    rev: int
    at: str
    device: str
    n: int
    base: int
    patch: Body
    deletes: bool = False

    @property
    def rank(self) -> tuple[str, str, int]:
        """The order of writing, the same for all."""
        return self.at, self.device, self.n

    def saw(self, other: "Write") -> bool:
        if other.device == self.device != OFFICE:
            return other.n < self.n  # whatever came first: one knows what one wrote before
        return other.rev <= self.base

    def says(self, name: str) -> Any:
        return ("deleted" if self.deletes else "kept") if name == EXISTENCE else self.patch[name]

    def touches(self, name: str) -> bool:
        return name == EXISTENCE or name in self.patch


@dataclass
class Entity:
    """An entity's writes, in the order of their versions."""

    writes: list[Write] = field(default_factory=list)

    @property
    def deleted(self) -> bool:
        return all(write.deletes for write in self.standing(EXISTENCE))

    @property
    def fields(self) -> set[str]:
        return {name for write in self.writes for name in write.patch}

    def standing(self, name: str) -> list[Write]:
        """The writes of a field that nobody who had seen them wrote over."""
        touching = [write for write in self.writes if write.touches(name)]
        return [w for w in touching if not any(later.saw(w) for later in touching)]

    def disputes(self) -> dict[str, Counter[Any]]:
        """The fields a person must settle, with how often each value was said. Over what was taken
        back nobody argues."""
        found: dict[str, Counter[Any]] = {}
        if self.deleted:
            return found
        for name in {*self.fields, EXISTENCE} & DISPUTABLE.keys():
            said = Counter(write.says(name) for write in self.standing(name))
            if len(said) > 1:
                found[name] = said
        return found

    def notes(self) -> Counter[str]:
        return Counter(text for write in self.writes for text in _listed(write.patch.get("notes")))

    def tags(self) -> set[str]:
        """Each tag that somebody added and nobody who saw that addition left out."""
        return {tag for _, tag in self._tags_seen_by(None)}

    def _tags_seen_by(self, viewer: Write | None) -> set[tuple[int, str]]:
        there: set[tuple[int, str]] = set()
        removed: set[tuple[int, str]] = set()
        for write in self.writes:
            if "tags" not in write.patch or (viewer and not viewer.saw(write)):
                continue
            wanted = set(_listed(write.patch["tags"]))
            viewed = self._tags_seen_by(write)
            removed |= {(by, tag) for by, tag in viewed if tag not in wanted}
            there |= {(write.rev, tag) for tag in wanted - {tag for _, tag in viewed}}
        return there - removed

    def fits(self, name: str, value: Any) -> bool:
        """Whether a field may show this value."""
        standing = self.standing(name)
        said = [write.says(name) for write in standing]
        if name == "severity":
            return value == max(said, key=MINOR_TO_CRITICAL.index)
        if name == "status":  # only forward, whatever one had seen
            every = [write.patch[name] for write in self.writes if name in write.patch]
            return value == max(every, key=OPEN_TO_VERIFIED.index)
        if gravity := DISPUTABLE.get(name):
            return value == max(said, key=gravity.index)
        if name in DISPUTABLE:  # the one that stood before stays
            return value == min(standing, key=lambda write: write.rank).says(name)
        return value == max(standing, key=lambda write: write.rank).says(name)


def _listed(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value or ())
