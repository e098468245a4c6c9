"""The figures as Markdown: medians with minimum and maximum, and what the issue asks for."""

from collections.abc import Iterator, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from bench.rounds import MEASURES, Figures, Series


class Target(NamedTuple):
    """A share of PostgreSQL's floor that a side must reach; `next_share` is the next issue's."""

    measure: str
    side: str
    share: float
    next_share: float


FLOOR = "floor on PostgreSQL"
POSTGRESQL = "Suijian on PostgreSQL"
SQLITE = "Suijian on SQLite"
SQLITE_FLOOR = "floor on SQLite"
SIDES = (FLOOR, POSTGRESQL, SQLITE_FLOOR, SQLITE)
TARGETS = (
    Target("push", POSTGRESQL, 1 / 8, 1 / 3),
    Target("empty pull", POSTGRESQL, 1 / 2, 4 / 5),
    Target("cold pull", POSTGRESQL, 1 / 2, 1 / 2),
    Target("push", SQLITE, 1 / 8, 1 / 5),
    Target("empty pull", SQLITE, 1 / 2, 4 / 5),
    Target("cold pull", SQLITE, 1 / 2, 1 / 2),
)


def report(figures: Figures, facts: Sequence[str]) -> str:
    """The whole page."""
    lines = ["# Figures", "", *facts]
    for measure in MEASURES:
        lines += ["", f"## {measure.name}, {measure.unit}", ""]
        lines += ["| side | median | min – max | p50 ms | p99 ms |", "|---|---:|---:|---:|---:|"]
        lines += [_row(side, figures[measure.name, side]) for side in SIDES]
    return "\n".join([*lines, "", *_ratios(figures), ""])


def _row(side: str, series: Series) -> str:
    low, middle, high = _spread(series.rates)
    cuts = quantiles(series.latencies_ms, n=100)
    rates = f"{middle:,.0f} | {low:,.0f} – {high:,.0f}"
    return f"| {side} | {rates} | {cuts[49]:.1f} | {cuts[98]:.1f} |"


def _ratios(figures: Figures) -> Iterator[str]:
    yield f"## Beside the {FLOOR} (share of the same round)"
    yield ""
    yield "| measure | side | median | min – max | wanted | | wanted next | |"
    yield "|---|---|---:|---:|---:|---|---:|---|"
    for target in TARGETS:
        shares = _shares(figures, target.measure, target.side)
        low, middle, high = _spread(shares)
        yield (
            f"| {target.measure} | {target.side} | {middle:.3f} | {low:.3f} – {high:.3f} "
            f"| {target.share:.3f} | {_verdict(middle, target.share)} "
            f"| {target.next_share:.3f} | {_verdict(middle, target.next_share)} |"
        )


def _shares(figures: Figures, measure: str, side: str) -> list[float]:
    pairs = zip(figures[measure, side].rates, figures[measure, FLOOR].rates, strict=True)
    return [rate / floor for rate, floor in pairs]


def _verdict(share: float, wanted: float) -> str:
    return "PASS" if share >= wanted else "SHORT"


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), median(values), max(values)
