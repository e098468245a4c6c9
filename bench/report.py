"""The figures as Markdown: medians with minimum and maximum, and what the issue asks for."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from bench.rounds import MEASURES, Figures, Series
from bench.wire import WireSize


class Target(NamedTuple):
    """A share of PostgreSQL's floor that a side must reach."""

    measure: str
    side: str
    share: float


class Wait(NamedTuple):
    """How long all but one in a hundred may wait for an answer."""

    measure: str
    side: str
    p99_ms: float


FLOOR = "floor on PostgreSQL"
POSTGRESQL = "Suijian on PostgreSQL"
SQLITE = "Suijian on SQLite"
SQLITE_FLOOR = "floor on SQLite"
SIDES = (FLOOR, POSTGRESQL, SQLITE_FLOOR, SQLITE)
TARGETS = (
    Target("push", POSTGRESQL, 1 / 3),
    Target("empty pull", POSTGRESQL, 4 / 5),
    Target("cold pull", POSTGRESQL, 1 / 2),
    Target("push", SQLITE, 1 / 5),
    Target("empty pull", SQLITE, 4 / 5),
    Target("cold pull", SQLITE, 1 / 2),
)
WAITS = (Wait("push", POSTGRESQL, 80), Wait("push", SQLITE, 120))
#: at most so much of gzip -6 of the bare documents
WIRE_SHARES = {"gzip": 1.1, "zstd": 1.0}
Wire = Mapping[str, Sequence[WireSize]]


TABLE_HEAD = ("| side | median | min – max | p50 ms | p99 ms |", "|---|---:|---:|---:|---:|")


def report(figures: Figures, wire: Wire, facts: Sequence[str]) -> str:
    """The whole page."""
    lines = ["# Figures", "", *facts]
    for measure in MEASURES:
        lines += ["", f"## {measure.name}, {measure.unit}", ""]
        lines += TABLE_HEAD
        lines += [row(side, figures[measure.name, side]) for side in SIDES]
    return "\n".join([*lines, "", *_ratios(figures), "", *_waits(figures), "", *_wire(wire), ""])


def row(side: str, series: Series) -> str:
    """A side's line in the table of a measure."""
    low, middle, high = spread(series.rates)
    cuts = percentiles(series.latencies_ms)
    rates = f"{middle:,.0f} | {low:,.0f} – {high:,.0f}"
    return f"| {side} | {rates} | {cuts[49]:.1f} | {cuts[98]:.1f} |"


def _ratios(figures: Figures) -> Iterator[str]:
    yield f"## Beside the {FLOOR} (share of the same round)"
    yield ""
    yield "| measure | side | median | min – max | wanted | |"
    yield "|---|---|---:|---:|---:|---|"
    for target in TARGETS:
        low, middle, high = spread(shares(figures, target.measure, target.side, beside=FLOOR))
        yield (
            f"| {target.measure} | {target.side} | {middle:.3f} | {low:.3f} – {high:.3f} "
            f"| ≥ {target.share:.3f} | {verdict(middle >= target.share)} |"
        )


def _waits(figures: Figures) -> Iterator[str]:
    yield "## How long an answer takes"
    yield ""
    yield "| measure | side | p99 ms | wanted | |"
    yield "|---|---|---:|---:|---|"
    for wait in WAITS:
        p99_ms = percentiles(figures[wait.measure, wait.side].latencies_ms)[98]
        yield (
            f"| {wait.measure} | {wait.side} | {p99_ms:.1f} | ≤ {wait.p99_ms:.0f} "
            f"| {verdict(p99_ms <= wait.p99_ms)} |"
        )


def _wire(wire: Wire) -> Iterator[str]:
    yield "## Bytes on the wire for a document of a cold pull"
    yield ""
    yield "Heads of the answers included; the share is of gzip -6 of the same documents bare."
    yield ""
    yield "| side | coding | bytes | share | wanted | |"
    yield "|---|---|---:|---:|---:|---|"
    for side, sizes in wire.items():
        for size in sizes:
            wanted = WIRE_SHARES.get(size.coding)
            judged = f"≤ {wanted:.1f} | {verdict(size.share <= wanted)}" if wanted else " | "
            yield (
                f"| {side} | {size.coding} | {size.bytes_per_document:.1f} | {size.share:.3f} "
                f"| {judged} |"
            )


def shares(figures: Figures, measure: str, side: str, *, beside: str) -> list[float]:
    """What a side did beside another, round by round."""
    pairs = zip(figures[measure, side].rates, figures[measure, beside].rates, strict=True)
    return [rate / other for rate, other in pairs]


def verdict(reached: bool) -> str:
    """One word for a figure beside the one that is wanted."""
    return "PASS" if reached else "SHORT"


def percentiles(values: Sequence[float]) -> list[float]:
    """The 1st to the 99th."""
    return quantiles(values, n=100)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Least, middle and greatest."""
    return min(values), median(values), max(values)
