"""`make bench-draw`: what a large draw costs, beside the bare hashes that it can't do without.

The floor is as many calls of `hashlib.sha256(…).digest()`, on messages of the same size, in as many
processes. It runs before and after the draw, so that what disturbs the machine disturbs both.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from bench.draw import world
from bench.draw.floor import bare
from bench.draw.memory import Memory, cpu_seconds
from bench.machine import processor
from bench.report import verdict
from draw import ceremony
from draw.drum import Drum
from draw.officers import Roster
from draw.processes import crew
from draw.rules import read_rules
from draw.seats import openings_of

RESULTS = Path(__file__).parent / "RESULTS.md"
PROCESSES = 2
TASKS, OFFICERS = 2_000, 300
#: (what, balls of each officer, in how many jurisdictions)
STAFFS = (
    ("12 leagues, balls for one and a half times the seats", 20, 12),
    ("12 leagues, hardly a ball to spare", 14, 12),
    ("one jurisdiction, hardly a ball to spare", 14, 1),
)
MOST_SECONDS_FREEZING, MOST_BYTES, MOST_TIMES_FLOOR, MOST_SECONDS_STAFFING = 60, 1.5e9, 2.0, 10
ENTROPY = {"dice": "31415926535897932384", "beacon": None, "shares": []}
SLOT = "2026-12/150000/monthly#1"


def main() -> None:
    """Measure, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=5_000_000)
    parser.add_argument("--drawn", type=int, default=50_000)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}")
    args = parser.parse_args()
    lines = [*facts(), *large_draw(args.objects, args.drawn), *staffing()]
    text = "\n".join(["# What a draw costs", "", *lines, ""])
    print(text)
    if args.keep:
        RESULTS.write_text(text)


def facts() -> list[str]:
    """Machine, date, command and load."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    command = " ".join(["python -m bench.draw", *sys.argv[1:]])
    return [
        f"- {now}, `{command}`",
        f"- {processor()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}; "
        f"load before the run {load}",
        f"- Python {platform.python_version()}; {PROCESSES} processes beside the one that reads",
    ]


def large_draw(objects: int, drawn: int) -> list[str]:
    """Reading, leaves and commitment; tickets and choice; the memory of all of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.pool.ndjson"
        tickets = world.write_pool(file, objects)
        size = file.stat().st_size
        with Memory() as memory, crew(PROCESSES) as spread, file.open("rb") as pool:
            frozen, freezing = timed(
                lambda: ceremony.freeze(SLOT, pool, [], world.rules(drawn), spread=spread)
            )
            _, before = timed(lambda: bare(tickets, spread))
            result, choosing = timed(lambda: ceremony.draw(frozen, ENTROPY, spread=spread))
            _, after = timed(lambda: bare(tickets, spread))
    assert len(result.objects_drawn.choice.objects) == drawn
    bare_clock, bare_cpu = (before.clock + after.clock) / 2, (before.cpu + after.cpu) / 2
    times, cpu_times = choosing.clock / bare_clock, choosing.cpu / bare_cpu
    return [
        "",
        f"## {objects:,} objects ({size / 1e6:,.0f} MB of NDJSON), {tickets:,} tickets, "
        f"{drawn:,} drawn",
        "",
        "| what | figure | wanted | |",
        "|---|---:|---:|---|",
        f"| reading, leaves and commitment | {freezing} | ≤ {MOST_SECONDS_FREEZING} s "
        f"| {verdict(freezing.clock <= MOST_SECONDS_FREEZING)} |",
        f"| bare SHA-256 calls, before and after | {before}, {after} | | |",
        f"| tickets and choice | {choosing} | | |",
        f"| … beside the bare calls | {times:.2f} × (processor time {cpu_times:.2f} ×) "
        f"| ≤ {MOST_TIMES_FLOOR} × | {verdict(times <= MOST_TIMES_FLOOR)} |",
        f"| memory, all processes at their peak | {memory.peak_bytes / 1e9:.2f} GB "
        f"| ≤ {MOST_BYTES / 1e9} GB | {verdict(memory.peak_bytes <= MOST_BYTES)} |",
    ]


class Cost(NamedTuple):
    """Seconds by the clock, and of processor time in all processes."""

    clock: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s ({self.cpu:.1f} s of processor time)"


def timed(work: Callable[[], Any]) -> tuple[Any, Cost]:
    """A result and what it cost."""
    start, cpu = perf_counter(), cpu_seconds()
    result = work()
    return result, Cost(perf_counter() - start, cpu_seconds() - cpu)


def staffing() -> list[str]:
    """The officers' drum with look-ahead."""
    lines = [
        "",
        f"## {TASKS:,} tasks of two roles, {OFFICERS} officers",
        "",
        "| officers | cost | hashes | passed over by look-ahead | wanted | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    return [*lines, *(staffed(*each) for each in STAFFS)]


def staffed(what: str, balls: int, leagues: int) -> str:
    """One line of the table."""
    rules = read_rules(
        {"strata": {}, "roles": ["lead", "assistant"], "needs_role": "assistant", "recusals": []}
    )
    drum = Drum.full(bytes(32), rules, Roster(world.officers(OFFICERS, balls, leagues)))
    objects: Sequence[world.Drawn] = list(world.drawn(TASKS, leagues))
    assignments, cost = timed(lambda: drum.draw(openings_of(objects, rules.roles)))
    hashes = sum(each["admissible_balls"] for each in assignments)
    passed = [each["reason"] for a in assignments for each in a["passed_over"]]
    return (
        f"| {what} | {cost} | {hashes:,} | {passed.count('look_ahead'):,} "
        f"| ≤ {MOST_SECONDS_STAFFING} s | {verdict(cost.clock <= MOST_SECONDS_STAFFING)} |"
    )


if __name__ == "__main__":
    main()
