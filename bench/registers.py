"""`make bench-registers`: a million rows of a market register, imported as operators import them.

The floor is a bare COPY of the same file into a table without an index, in the same run: it checks
nothing, finds no repetition and keeps no provenance. Import means: every row validated (GB 32100,
league, dates, lengths, formulas), repetitions found, compared with what is there, stored with its
provenance, its banner proposed from its address.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psycopg

from bench.stage import Stage, set_up, tell
from server.config import Settings
from server.migrate import upgrade
from server.services.registers.divisions import of_level
from tests.server_process import environment_of

RESULTS = Path(__file__).parent / "REGISTERS.md"
ROWS = 1_000_000
GOAL_ROWS_PER_SECOND = 25_000
FLOORS = 3
HEADER = "企业名称,统一社会信用代码,注册日期,企业类型,注册资金,经营范围,所在省份,地区,注册地址\n"
SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = [pow(3, place, 31) for place in range(17)]
SCOPE = (
    "许可经营项目：无；一般经营项目：日用百货、服装鞋帽、五金交电、建筑材料、办公用品的销售；"
    "信息咨询服务、企业管理服务、货物运输代理"
)
SECRET = "the benchmarks' own key, of more than thirty-two bytes"
BLOCK_BYTES = 1024 * 1024


class Run(NamedTuple):
    """One command: how long, on how much processor time, its largest process."""

    seconds: float
    cpu_seconds: float
    largest_mib: float


def credit_codes() -> Iterator[str]:
    """Valid codes without end, from a running number (GB 32100-2015)."""
    head = "91150100MA"
    base = sum(SIGNS.index(sign) * weight for sign, weight in zip(head, WEIGHTS, strict=False))
    for number in range(10**7):
        body = f"{number:07d}"
        total = base + sum(int(d) * w for d, w in zip(body, WEIGHTS[10:], strict=True))
        yield f"{head}{body}{SIGNS[-total % 31]}"


def write_register(path: Path, rows: int) -> None:
    """A market register of `rows` firms, spread over the region as real addresses are written."""
    places = [
        (league.bare_name, f"内蒙古自治区{league.name}{banner.name}")
        for league in of_level("league")
        for banner in of_level("banner", within=league.code)
    ]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number, code in enumerate(islice(credit_codes(), rows)):
            league, place = places[number % len(places)]
            file.write(
                f"{place[-3:]}第{number}商贸有限责任公司,{code},2012-11-{number % 28 + 1:02d},N/A,"
                f"{number % 900 + 10}(万),{SCOPE},内蒙古,{league},{place}中山东路{number % 999}号\n"
            )


def bare_copy(path: Path, url: str) -> float:
    """Seconds of COPY into a table without an index, and its commit."""
    columns = ", ".join(f"c{place} text" for place in range(HEADER.count(",") + 1))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(f"CREATE TABLE bare ({columns})")
        began = time.perf_counter()
        with path.open("rb") as file, connection.cursor() as cursor:
            with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
                while block := file.read(BLOCK_BYTES):
                    copy.write(block)
        return time.perf_counter() - began


def command(url: str, folder: Path, *words: str) -> Run:
    """`flask registers …` in a process of its own."""
    settings = Settings(secret_key=SECRET, database_url=url, data_dir=folder)
    environ = {**os.environ, **environment_of(settings)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "registers", *words],
        env=environ, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"registers {' '.join(words)} ended with {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def imported(stage: Stage, path: Path, url: str) -> tuple[Run, Run]:
    """A first import into an empty register, and the same again, which changes nothing."""
    folder = stage.folder / "data"
    folder.mkdir(exist_ok=True)
    upgrade(url)
    command(url, folder, "seed-organisations")
    return command(url, folder, "import", str(path)), command(url, folder, "import", str(path))


def page(facts: list[str], lines: list[str]) -> str:
    """The page that is kept."""
    return "\n".join(["# Importing a register", "", *facts, "", *lines, ""])


def told(name: str, run: Run, rows: int, floor: float) -> str:
    """One line of the table."""
    return (
        f"| {name} | {rows:,} | {run.seconds:.1f} | {rows / run.seconds:,.0f} | "
        f"{run.seconds / floor:.1f} × | {run.cpu_seconds:.1f} | {run.largest_mib:.0f} |"
    )


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m bench.registers", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"how many (usually {ROWS:,})")
    parser.add_argument("--keep", action="store_true", help="write bench/REGISTERS.md")
    asked = parser.parse_args()
    with set_up() as stage:
        facts = stage.facts("bench.registers")
        lines = [
            "| what | rows | s | rows/s | floor | our processor s | largest process, MiB |",
            "|---|---|---|---|---|---|---|",
        ]
        goal = 0.0
        for rows in (asked.rows // 10, asked.rows):
            path = stage.folder / f"{rows}.csv"
            tell(f"writing {rows:,} rows")
            write_register(path, rows)
            floors = [bare_copy(path, stage.database(f"bare_{rows}_{n}")) for n in range(FLOORS)]
            floor = median(floors)
            lines.append(told("bare COPY (floor)", Run(floor, 0, 0), rows, floor))
            for kind, url in (
                ("PostgreSQL", stage.database(f"import_{rows}")),
                ("SQLite", f"sqlite:///{stage.folder}/import-{rows}.sqlite"),
            ):
                tell(f"importing {rows:,} rows into {kind}")
                first, again = imported(stage, path, url)
                lines.append(told(f"import, {kind}", first, rows, floor))
                lines.append(told(f"again, {kind}: nothing changed", again, rows, floor))
                goal = rows / first.seconds if kind == "PostgreSQL" else goal
            path.unlink()
        verdict = "met" if goal >= GOAL_ROWS_PER_SECOND else "MISSED"
        lines += [
            "",
            f"Goal: {GOAL_ROWS_PER_SECOND:,} rows/s into PostgreSQL: {goal:,.0f}, {verdict}.",
        ]
    text = page(facts, lines)
    tell("")
    print(text)
    if asked.keep:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
