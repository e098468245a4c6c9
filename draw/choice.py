"""The choice (抽取): per stratum the smallest keys are drawn, the next are substitutes (候补)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from draw.pool import Part, Pool, Spread
from draw.rows import Kind
from draw.rules import Quota
from draw.tickets import Candidate, Draft, merge, smallest_keys

#: objects whose tickets are one piece of work
DRAFT_OBJECTS = 300_000


class Chosen(NamedTuple):
    """An object that was drawn, or a substitute. `rank` counts from 1 within its stratum."""

    id: str
    kind: Kind
    key: bytes
    rank: int

    def published(self) -> dict[str, Any]:
        """As the bundle lists it."""
        return {
            "id": self.id, "stratum": self.kind.stratum, "key": self.key.hex(), "rank": self.rank,
        }  # fmt: skip


class Choice(NamedTuple):
    """What the tickets decide, each list in the order (key, id) across strata."""

    objects: list[Chosen]
    reserve: list[Chosen]


def choose(pool: Pool, strata: Mapping[str, Quota], seed: bytes, *, spread: Spread = map) -> Choice:
    """Draw. The rules must fit the pool (`rules.fit_faults`)."""
    keep = {name: quota + reserve for name, (quota, reserve) in strata.items()}
    kept = list(spread(smallest_keys, _drafts(pool, seed, keep)))
    objects: list[Chosen] = []
    reserve: list[Chosen] = []
    for name, (quota, reserves) in strata.items():
        ranked = _ranked(merge(each[name] for each in kept))
        objects += ranked[:quota]
        reserve += ranked[quota : quota + reserves]
    return Choice(_across_strata(objects), _across_strata(reserve))


def _drafts(pool: Pool, seed: bytes, keep: Mapping[str, int]) -> Iterator[Draft]:
    together: list[Sequence[Part]] = []
    size = 0
    for parts in pool.batches:
        together.append(parts)
        size += sum(len(part.numbers) for part in parts)
        if size >= DRAFT_OBJECTS:
            yield Draft(seed, keep, together)
            together, size = [], 0
    if together:
        yield Draft(seed, keep, together)


def _ranked(candidates: Sequence[Candidate]) -> list[Chosen]:
    return [
        Chosen(candidate.id.decode(), candidate.kind, candidate.key, rank)
        for rank, candidate in enumerate(candidates, 1)
    ]


def _across_strata(chosen: list[Chosen]) -> list[Chosen]:
    return sorted(chosen, key=lambda each: (each.key, each.id))
