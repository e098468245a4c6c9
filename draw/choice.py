"""The choice (抽取): per stratum the smallest keys are drawn, the next are substitutes (候补)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from draw.pool import Part, Pool, Spread
from draw.rows import Kind
from draw.rules import Quota
from draw.tickets import Candidate, Draft, below, bound_for, hoped_for

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
    smallest = _smallest(pool, keep, seed, spread)
    objects: list[Chosen] = []
    reserve: list[Chosen] = []
    for name, (quota, reserves) in strata.items():
        ranked = _ranked(smallest[name][: quota + reserves], pool.kinds)
        objects += ranked[:quota]
        reserve += ranked[quota:]
    return Choice(_across_strata(objects), _across_strata(reserve))


def _smallest(
    pool: Pool, keep: Mapping[str, int], seed: bytes, spread: Spread
) -> dict[str, list[Candidate]]:
    """Of each stratum at least the smallest so-many candidates, or all, in order."""
    expected = {name: hoped_for(count) for name, count in keep.items()}
    found: dict[str, list[Candidate]] = {}
    while expected:
        bounds = {
            name: bound_for(pool.weights.get(name, {}), size) for name, size in expected.items()
        }
        pieces = list(spread(below, _drafts(pool, seed, bounds)))
        for name in bounds:
            found[name] = merge(piece[name] for piece in pieces)
            if len(found[name]) >= min(keep[name], pool.eligible(name)):
                del expected[name]
            else:
                expected[name] *= 2  # the estimate was too low: never seen, but not impossible
    return found


def merge(pieces: Iterable[Sequence[Candidate]]) -> list[Candidate]:
    """What several processes found of one stratum, in order."""
    return sorted(candidate for piece in pieces for candidate in piece)


def _drafts(pool: Pool, seed: bytes, bounds: Mapping[str, bytes]) -> Iterator[Draft]:
    together: list[Sequence[Part]] = []
    size = 0
    for parts in pool.batches:
        together.append(parts)
        size += sum(len(part.kinds) for part in parts)
        if size >= DRAFT_OBJECTS:
            yield Draft(seed, bounds, together)
            together, size = [], 0
    if together:
        yield Draft(seed, bounds, together)


def _ranked(candidates: Sequence[Candidate], kinds: Sequence[Kind]) -> list[Chosen]:
    return [
        Chosen(candidate.id.decode(), kinds[candidate.kind], candidate.key, rank)
        for rank, candidate in enumerate(candidates, 1)
    ]


def _across_strata(chosen: list[Chosen]) -> list[Chosen]:
    return sorted(chosen, key=lambda each: (each.key, each.id))
