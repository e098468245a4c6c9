"""The measurements, interleaved: in each round every side is asked in turn, so that what disturbs
the machine disturbs all alike. The load comes from a process of its own."""

import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.load import Fired, Volley, fire
from bench.sides import BATCH, COLD_DOCUMENTS, COLD_PULLERS, PULLERS, PUSHERS, Side


class Measure(NamedTuple):
    """One thing that is measured: how much a connection does, and what that comes to."""

    name: str
    unit: str
    size: int
    quick_size: int
    units_per_size: int
    volley: Callable[[Side, int], Volley]


MEASURES = (
    Measure("push", "documents/s", 50, 8, PUSHERS * BATCH, lambda s, n: s.push(n)),
    Measure("empty pull", "pulls/s", 150, 20, PULLERS, lambda s, n: s.empty_pull(n)),
    Measure(
        "cold pull", "documents/s", 5, 1, COLD_PULLERS * COLD_DOCUMENTS,
        lambda s, n: s.cold_pull(n),
    ),
)  # fmt: skip


@dataclass
class Series:
    """What one side did at one measure: a rate for each round, and every answer's time."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, measure: Measure, size: int, fired: Fired) -> None:
        self.rates.append(size * measure.units_per_size / fired.seconds)
        self.latencies_ms += fired.latencies_ms


Figures = dict[tuple[str, str], Series]


def run(sides: Sequence[Side], *, rounds: int, quick: bool, tell: Callable[[str], None]) -> Figures:
    """Warm everything up, then measure; gives a series for each (measure, side)."""
    figures: Figures = defaultdict(Series)
    with _marksman() as marksman:
        for number in range(rounds + 1):
            turned = [*sides[number % len(sides) :], *sides[: number % len(sides)]]
            for measure in MEASURES:
                full_size = measure.quick_size if quick or number == 0 else measure.size
                for side in turned:
                    size = max(1, round(full_size * side.portion))
                    label = f"round {number}/{rounds}" if number else "warming up"
                    tell(f"{label}: {measure.name}, {side.name}")
                    fired = marksman.submit(fire, measure.volley(side, size)).result()
                    if number:
                        figures[measure.name, side.name].add(measure, size, fired)
    return figures


@contextmanager
def _marksman() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as one:
        yield one
