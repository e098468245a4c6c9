"""`make bench-peers`: the same questions to Suijian and Kinto in interleaved rounds."""

import argparse
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.peers.kinto_side import Kinto, serving_kinto
from bench.report import TABLE_HEAD, Target, row, shares, spread, verdict
from bench.rounds import MEASURES, Figures, run
from bench.sides import serving_suijian
from bench.stage import WORKERS, set_up, tell

RESULTS = Path(__file__).parent / "RESULTS.md"
SUIJIAN = "Suijian"
ROUNDS = 5
TARGETS = (
    Target("push", SUIJIAN, 50),
    Target("empty pull", SUIJIAN, 8),
    Target("cold pull", SUIJIAN, 2),
)


def main() -> None:
    """Measure and report."""
    asked = _arguments()
    with ExitStack() as stack:
        stage = stack.enter_context(set_up())
        stated = [*stage.facts("bench.peers"), _version(asked.python)]
        kinto = serving_kinto(
            stage.database("kinto"), stage.folder, python=asked.python, workers=WORKERS
        )
        suijian = serving_suijian(
            stage.database("suijian"), stage.folder, name=SUIJIAN, workers=WORKERS
        )
        sides = [stack.enter_context(suijian), stack.enter_context(kinto)]
        figures = run(sides, rounds=asked.rounds, quick=asked.quick, tell=tell)
    tell("")
    page = "\n".join([*_page(figures, stated), ""])
    print(page)
    if not asked.quick:
        RESULTS.write_text(page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="where Kinto is installed")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how many (usually {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small and rough; keeps nothing")
    return parser.parse_args()


def _version(python: Path) -> str:
    ask = "from importlib.metadata import version as v; print(v('kinto'), v('pyramid'))"
    said = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
    kinto, pyramid = said.stdout.split()
    return f"- Kinto {kinto} on pyramid {pyramid}; what it was spared is told in `bench/peers`"


def _page(figures: Figures, stated: list[str]) -> Iterator[str]:
    yield from ["# Beside Kinto", "", *stated]
    for measure in MEASURES:
        yield from ["", f"## {measure.name}, {measure.unit}", "", *TABLE_HEAD]
        yield from (row(side, figures[measure.name, side]) for side in (SUIJIAN, Kinto.name))
    yield from ["", "## Times Kinto's (in the same round)", ""]
    yield from ["| measure | median | min – max | wanted | |", "|---|---:|---:|---:|---|"]
    for target in TARGETS:
        times = shares(figures, target.measure, target.side, beside=Kinto.name)
        low, middle, high = spread(times)
        yield (
            f"| {target.measure} | {middle:.1f} | {low:.1f} – {high:.1f} | ≥ {target.share} "
            f"| {verdict(middle >= target.share)} |"
        )


if __name__ == "__main__":
    main()
