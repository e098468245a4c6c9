"""`make bench-likeness`: the search for pictures that look alike, among a million.

Three crowds on both databases: hashes at random; the same with a thousand near-identical pictures,
which are then what is searched for; and hashes of which one band in four says little, as that of
pictures with much sky does. Beside them the floor: one row by its primary key, in the same run.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex

from bench.report import verdict
from bench.stage import Stage, set_up, tell
from media.likeness import BITS, bands, signed
from server.db import Database
from server.migrate import upgrade
from server.models import Photo, PictureHash
from server.services.evidence.likeness import MOST_CANDIDATES, find_alike

RESULTS = Path(__file__).parent / "LIKENESS.md"
PICTURES, SEARCHES = 1_000_000, 400
P95_MS = 20
CROWD = 1_000
SKY_LEVELS = 64
SEED = 20261123
#: SQLite's page cache while it is filled, and as it is by itself, in which is searched
FILL_KIB, USUAL_KIB = 400_000, 2_000
PHOTOS_OF_A_TASK = 20

Row = tuple[Any, ...]


class Crowd(NamedTuple):
    """A way in which hashes lie, and what is searched for among them."""

    name: str
    hash_at: Callable[[int], int]
    asked: Callable[[], int]


class Figure(NamedTuple):
    """How long a search took on a database, and the floor beside it; milliseconds."""

    database: str
    crowd: str
    search_ms: list[float]
    floor_ms: list[float]
    found: int


def crowds(chance: random.Random) -> Iterator[Crowd]:
    """The three."""
    yield Crowd("at random", lambda _: chance.getrandbits(BITS), lambda: chance.getrandbits(BITS))
    centre = chance.getrandbits(BITS)

    def near() -> int:
        return centre ^ (1 << chance.randrange(BITS)) ^ (1 << chance.randrange(BITS))

    yield Crowd(
        f"with {CROWD:,} near-identical, searched for",
        lambda at: near() if at < CROWD else chance.getrandbits(BITS),
        near,
    )

    def sky() -> int:
        """The first band, every fourth bit, is one of a few."""
        return chance.getrandbits(BITS) & ~_FIRST_BAND | _LEVELS[chance.randrange(SKY_LEVELS)]

    yield Crowd("one band of four skewed", lambda _: sky(), sky)


_FIRST_BAND = sum(1 << place for place in range(0, BITS, 4))
_LEVELS = [random.Random(level).getrandbits(BITS) & _FIRST_BAND for level in range(SKY_LEVELS)]


def main() -> None:
    """Fill, search and report."""
    parser = argparse.ArgumentParser(prog="python -m bench.likeness", description=__doc__)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    with set_up() as stage:
        stated = stage.facts("bench.likeness")[:-1]  # no server takes part
        figures = list(_measured(stage, asked.pictures))
    page = "\n".join(_page(figures, stated, asked.pictures))
    tell("")
    print(page)
    if asked.keep:
        RESULTS.write_text(page)


def _measured(stage: Stage, pictures: int) -> Iterator[Figure]:
    urls = {
        "PostgreSQL": stage.database("likeness"),
        "SQLite": f"sqlite:///{stage.folder / 'likeness.sqlite'}",
    }
    for name, url in urls.items():
        upgrade(url)
        database = Database(url)
        chance = random.Random(SEED)
        for number, crowd in enumerate(crowds(chance)):
            tell(f"{name}: {pictures:,} pictures {crowd.name}")
            _fill(database, crowd, pictures, with_photos=number == 0)
            figure = _search(database, name, crowd, pictures, chance)
            tell(f"{_row(figure)}\n")  # a long run that is cut short has said what it knows
            yield figure
        database.engine.dispose()


def _fill(database: Database, crowd: Crowd, pictures: int, *, with_photos: bool) -> None:
    """The hashes anew, and once the photos that show them; in bulk, past keys to other tables, the
    indexes made afterwards."""
    hashes = (_hash_row(at, crowd.hash_at(at)) for at in range(pictures))
    photos = (_photo_row(at) for at in range(pictures)) if with_photos else iter(())
    tables = [PictureHash.__table__, Photo.__table__][: 1 + with_photos]
    indexes = [index for table in tables for index in table.indexes]
    dialect = database.engine.dialect
    pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    _run_each(
        driver, "DELETE FROM picture_hashes", *(f"DROP INDEX {each.name}" for each in indexes)
    )
    if database.is_sqlite:
        _run_each(driver, f"PRAGMA cache_size = -{FILL_KIB}", "PRAGMA foreign_keys = OFF", "BEGIN")
        driver.executemany(f"INSERT INTO picture_hashes VALUES ({', '.join('?' * 6)})", hashes)
        driver.executemany(f"INSERT INTO photos ({PHOTO}) VALUES ({', '.join('?' * 8)})", photos)
        _run_each(driver, "COMMIT", "PRAGMA foreign_keys = ON")
    else:
        driver.execute("SET session_replication_role = replica")
        with driver.cursor() as cursor:
            _copy(cursor, "picture_hashes", hashes)
            _copy(cursor, f"photos ({PHOTO})", photos)
        driver.execute("RESET session_replication_role")
    _run_each(driver, *(str(CreateIndex(each).compile(dialect=dialect)) for each in indexes))
    if database.is_sqlite:
        _run_each(driver, "ANALYZE", f"PRAGMA cache_size = -{USUAL_KIB}")
    else:
        driver.commit()
        driver.autocommit = True
        driver.execute(f"VACUUM ANALYZE picture_hashes{', photos' * with_photos}")
        driver.autocommit = False
    pooled.close()


PHOTO = "id, task_id, user_id, sha256, received_sha256, state, declared_at, verified_at"
MOMENT = "2026-11-23 00:00:00.000000"


def _run_each(driver: Any, *statements: str) -> None:
    for statement in statements:
        driver.execute(statement)


def _copy(cursor: Any, table: str, rows: Iterator[Row]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _hash_row(at: int, hash_: int) -> Row:
    return (_name(at), signed(hash_), *bands(hash_))


def _photo_row(at: int) -> Row:
    task = f"t{at // PHOTOS_OF_A_TASK}"
    return (f"p{at}", task, "u", _name(at), _name(at), "verified", MOMENT, MOMENT)


def _name(at: int) -> str:
    return f"{at * 0x9E3779B97F4A7C15 % 2**64:016x}{at:048x}"


def _search(
    database: Database, name: str, crowd: Crowd, pictures: int, chance: random.Random
) -> Figure:
    """Search and floor in turn, so that what disturbs the machine disturbs both."""
    figure = Figure(name, crowd.name, [], [], 0)
    found = 0
    with database.read() as session:
        for number in range(-20, SEARCHES):  # the first warm what a job that runs has warm
            asked = signed(crowd.asked())
            began = time.perf_counter()
            alike = find_alike(session, hash_=asked, sha256="-", task_id="-")
            searched = time.perf_counter()
            _floor(session, _name(chance.randrange(pictures)))
            ended = time.perf_counter()
            if number >= 0:
                figure.search_ms.append((searched - began) * 1000)
                figure.floor_ms.append((ended - searched) * 1000)
                found += bool(alike)
    return figure._replace(found=found)


_LOOKED_UP = sa.text("SELECT hash FROM picture_hashes WHERE sha256 = :sha256")


def _floor(session: Session, sha256: str) -> None:
    session.execute(_LOOKED_UP, {"sha256": sha256}).one()


def _page(figures: list[Figure], stated: list[str], pictures: int) -> Iterator[str]:
    yield "# What it costs to find pictures that look alike"
    yield ""
    yield from stated
    yield ""
    yield (
        f"{pictures:,} pictures, {SEARCHES} searches of all within 7 of 64 bits, with the photos "
        f"that show them, in one statement that reads at most {MOST_CANDIDATES:,} candidates. "
        "The floor is one row by its primary key, asked after each search. Milliseconds."
    )
    yield ""
    yield "| database | hashes | search p50 | p95 | floor p50 | p95 | found | wanted p95 | |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---|"
    yield from map(_row, figures)
    yield ""


def _row(figure: Figure) -> str:
    search95, floor95 = _p95(figure.search_ms), _p95(figure.floor_ms)
    return (
        f"| {figure.database} | {figure.crowd} | {median(figure.search_ms):.2f} | {search95:.2f} "
        f"| {median(figure.floor_ms):.2f} | {floor95:.2f} | {figure.found} of {SEARCHES} "
        f"| ≤ {P95_MS} | {verdict(search95 <= P95_MS)} |"
    )


def _p95(values: list[float]) -> float:
    return quantiles(values, n=100)[94]


if __name__ == "__main__":
    main()
