"""`make bench`: start every side, measure in interleaved rounds, print and keep the figures."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from bench import report
from bench.rounds import run
from bench.sides import Side, Suijian, serving_floor, serving_suijian
from bench.stage import WORKERS, Stage, set_up, tell
from bench.wire import wire_sizes

Serving = Callable[..., AbstractContextManager[Side]]

RESULTS = Path(__file__).parent / "RESULTS.md"
ROUNDS = 7
QUICK_ROUNDS = 3


def main() -> None:
    """Measure and report."""
    asked = _arguments()
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    with ExitStack() as stack:
        stage = stack.enter_context(set_up())
        stated = stage.facts("bench")
        sides = _started(stack, stage)
        figures = run(sides, rounds=rounds, quick=asked.quick, tell=tell)
        wire = {side.name: list(wire_sizes(side)) for side in sides if isinstance(side, Suijian)}
        page = report.report(figures, wire, stated)
    tell("")
    print(page)
    if not asked.quick:
        RESULTS.write_text(page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"how many (usually {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small and rough; keeps nothing")
    return parser.parse_args()


def _started(stack: ExitStack, stage: Stage) -> list[Side]:
    """Each side on a database of its own; both of PostgreSQL's in one server."""
    sides: list[Side] = []
    servings: dict[str, tuple[Serving, str]] = {
        report.FLOOR: (serving_floor, stage.database("floor")),
        report.POSTGRESQL: (serving_suijian, stage.database("suijian")),
        report.SQLITE_FLOOR: (serving_floor, f"sqlite:///{stage.folder / 'floor.sqlite'}"),
        report.SQLITE: (serving_suijian, f"sqlite:///{stage.folder / 'suijian.sqlite'}"),
    }
    for name, (serving, url) in servings.items():
        tell(f"starting {name}")
        sides.append(stack.enter_context(serving(url, stage.folder, name=name, workers=WORKERS)))
    return sides


if __name__ == "__main__":
    main()
