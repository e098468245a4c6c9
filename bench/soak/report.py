"""What the soak saw, in lines and little charts, and whether anything grew."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from bench.report import percentiles, verdict
from bench.soak.crowd import Seen

COLUMNS = 40
STEPS = "▁▂▃▄▅▆▇█"
#: what the last third may be of the first, beyond what a measurement moves by itself
GROWTH = 1.1
#: requests that may wait at the end although none did at the beginning
FEW_WAITING = 25
MIB = 1 << 20

Series = Sequence[float]


def report(side: str, history: Sequence[Seen]) -> Iterator[str]:
    """The lines of one side."""
    waiting: Series = [seen.waiting for seen in history]
    memory: Series = [seen.memory_bytes / MIB for seen in history]
    errors = sum((seen.errors for seen in history), start=Counter[str]())
    yield from [f"## {side}, {len(history)} seconds", ""]
    yield from ["| | answers | p50 ms | p99 ms | longest ms |", "|---|---:|---:|---:|---:|"]
    yield from (_row(kind, history) for kind in ("pull", "push"))
    yield from ["", "```"]
    yield _chart("push p99, ms", [_p99(seen, "push") for seen in history])
    yield _chart("pull p99, ms", [_p99(seen, "pull") for seen in history])
    yield _chart("requests waiting", waiting)
    yield _chart("memory, MiB", memory)
    yield from ["```", "", "| | first third | last third | wanted | |", "|---|---:|---:|---|---|"]
    yield _judged("requests waiting", waiting, f"≤ {GROWTH} × or {FEW_WAITING} more", FEW_WAITING)
    yield _judged("memory, MiB", memory, f"≤ {GROWTH} ×", 0)
    yield f"| errors | | {errors.total()} | 0 | {verdict(not errors)} |"
    yield from ["", f"Answers that asked for a pause: {sum(s.pauses_asked for s in history):,}."]
    yield from (f"- {count} × {text}" for text, count in errors.most_common(5))


def _row(kind: str, history: Sequence[Seen]) -> str:
    times = [ms for seen in history for ms in seen.latencies_ms[kind]]
    cuts = percentiles(times)
    return f"| {kind} | {len(times):,} | {cuts[49]:.0f} | {cuts[98]:.0f} | {max(times):.0f} |"


def _p99(seen: Seen, kind: str) -> float:
    times = seen.latencies_ms[kind]
    return percentiles(times)[98] if len(times) > 1 else max(times, default=0.0)


def _chart(name: str, values: Series) -> str:
    """One line: each sign the middle of a few seconds, from nothing to the greatest."""
    width = max(1, len(values) // COLUMNS)
    points = [median(values[at : at + width]) for at in range(0, len(values), width)]
    top = max(points) or 1
    signs = "".join(STEPS[round(point / top * (len(STEPS) - 1))] for point in points)
    return f"{name:18} {signs}  {min(points):,.0f} – {max(points):,.0f}"


def _judged(name: str, values: Series, wanted: str, room: float) -> str:
    third = len(values) // 3
    first, last = median(values[:third]), median(values[-third:])
    flat = last <= max(first * GROWTH, first + room)
    return f"| {name} | {first:,.0f} | {last:,.0f} | {wanted} | {verdict(flat)} |"
