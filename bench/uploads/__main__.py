"""`make bench-uploads`: both servers in interleaved rounds, memory, and 100,000 uploads before."""

import argparse
import multiprocessing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.report import spread, verdict
from bench.stage import WORKERS, set_up, tell
from bench.uploads.crowd import multiply
from bench.uploads.sender import AT_ONCE, send
from bench.uploads.sides import OURS, PEER, Ours, Side, serving_ours, serving_peer

RESULTS = Path(__file__).parent / "RESULTS.md"
#: a connection stays with the process that took it: with as many processes as processors three of
#: four connections often fall to one, and wait for each other's Python
PROCESSES = 2 * WORKERS
ROUNDS = 7
QUICK_ROUNDS = 2
FILES = 100
QUICK_FILES = 20
KINDS = ("photos", "clips")
SMALL = "small photos"
SMALL_FILES = 100
BEFORE = 100_000
QUICK_BEFORE = 2_000
MB = 1e6
WANTED_MB_PER_SECOND = 200
WANTED_SHARE = 0.8
MOST_GROWTH = 1.1
MOST_SLOWING = 1.2


class Round(NamedTuple):
    """What one side did of one kind in one round."""

    mb_per_second: float
    cpu_ms_per_file: float


Rounds = dict[tuple[str, str], list[Round]]


class Memory(NamedTuple):
    """Peaks of our server: after the first round, and after the last."""

    first_mib: float
    last_mib: float


class Slowing(NamedTuple):
    """Medians of small uploads, one at a time, before and after the crowd."""

    post_ms: tuple[float, float]
    patch_ms: tuple[float, float]


def main() -> None:
    """Measure and report."""
    asked = _arguments()
    rounds = QUICK_ROUNDS if asked.quick else asked.rounds
    with ExitStack() as stack:
        stage = stack.enter_context(set_up())
        stated = stage.facts("bench.uploads", workers=PROCESSES)
        folder = stage.folder / "suijian"
        folder.mkdir()
        serving = serving_ours(stage.database("suijian"), folder, workers=PROCESSES)
        ours = stack.enter_context(serving)
        peer = stack.enter_context(serving_peer(stage.folder / "peer", node=asked.node))
        client = stack.enter_context(_client())
        figures, memory = _measure([ours, peer], client, rounds=rounds, quick=asked.quick)
        slowing = _crowded(ours, client, before=QUICK_BEFORE if asked.quick else BEFORE)
    tell("")
    page = "\n".join([*_page(figures, memory, slowing, stated), ""])
    print(page)
    if not asked.quick:
        RESULTS.write_text(page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.uploads", description=__doc__)
    parser.add_argument("--node", default="node", help="the node that runs @tus/server")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how many (usually {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small and rough; keeps nothing")
    return parser.parse_args()


def _client() -> Executor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _measure(
    sides: Sequence[Side], client: Executor, *, rounds: int, quick: bool
) -> tuple[Rounds, Memory]:
    """Warm up with a round that does not count, then take turns in who begins."""
    figures, peaks = defaultdict(list), []
    count = QUICK_FILES if quick else FILES
    for number in range(rounds + 1):
        for kind in KINDS:
            for side in sides if number % 2 else reversed(sides):
                tell(f"round {number}/{rounds}: {kind}, {side.name}")
                done = _round(side, client, kind, count=count, seed=hash((number, side.name)))
                if number:
                    figures[kind, side.name].append(done)
        peaks.append(sides[0].peak_mib())
    return figures, Memory(peaks[0], peaks[-1])


def _round(side: Side, client: Executor, kind: str, *, count: int, seed: int) -> Round:
    before = side.cpu_seconds()
    sending = client.submit(send, side.target, kind, count=count, seed=seed).result()
    cpu_ms = (side.cpu_seconds() - before) * 1000
    return Round(sending.sent_bytes / sending.seconds / MB, cpu_ms / count)


def _crowded(ours: Ours, client: Executor, *, before: int) -> Slowing:
    """Small uploads, then a hundred thousand, then small uploads again."""
    parts = ours.world.parts

    def small(seed: int) -> tuple[float, float]:
        tell(f"small uploads ({seed})")
        _round(ours, client, SMALL, count=SMALL_FILES // 4, seed=-seed)
        sent = client.submit(
            send, ours.target, SMALL, count=SMALL_FILES, seed=seed, at_once=1
        ).result()
        return median(sent.post_ms), median(sent.patch_ms)

    first = small(1)
    tell(f"{before:,} uploads that were there before")
    multiply(parts.database, parts.settings.data_dir, count=before)
    then = small(2)
    return Slowing((first[0], then[0]), (first[1], then[1]))


def _page(
    figures: Rounds, memory: Memory, slowing: Slowing, stated: Sequence[str]
) -> Iterator[str]:
    yield from ["# Uploads", "", *stated, f"- {AT_ONCE} files at a time, pieces of 1 MiB", ""]
    yield from ["| files | server | MB/s: median | min – max | processor, ms a file |"]
    yield "|---|---|---:|---:|---:|"
    for (kind, name), done in figures.items():
        low, middle, high = spread([each.mb_per_second for each in done])
        cpu_ms = median(each.cpu_ms_per_file for each in done)
        yield f"| {kind} | {name} | {middle:.0f} | {low:.0f} – {high:.0f} | {cpu_ms:.1f} |"
    yield from ["", "## Wanted", "", "| what | here | wanted | |", "|---|---:|---:|---|"]
    for kind in KINDS:
        yield _rate_row(kind, figures)
    growth = memory.last_mib / memory.first_mib
    yield (
        f"| peak memory after the last round / after the first ({memory.first_mib:.0f} MiB) "
        f"| {growth:.2f} | ≤ {MOST_GROWTH} | {verdict(growth <= MOST_GROWTH)} |"
    )
    for name, (first, then) in zip(("POST", "last PATCH"), slowing, strict=True):
        times = then / first
        yield (
            f"| {name} of a small photo beside {BEFORE:,} uploads / without ({first:.1f} ms) "
            f"| {times:.2f} | ≤ {MOST_SLOWING} | {verdict(times <= MOST_SLOWING)} |"
        )


def _rate_row(kind: str, figures: Rounds) -> str:
    ours, peer = figures[kind, OURS], figures[kind, PEER]
    rate = median(each.mb_per_second for each in ours)
    share = median(a.mb_per_second / b.mb_per_second for a, b in zip(ours, peer, strict=True))
    reached = rate >= WANTED_MB_PER_SECOND or share >= WANTED_SHARE
    return (
        f"| {kind}: MB/s, or times {PEER} in the same round | {rate:.0f}, {share:.2f} "
        f"| ≥ {WANTED_MB_PER_SECOND} or ≥ {WANTED_SHARE} | {verdict(reached)} |"
    )


if __name__ == "__main__":
    main()
