"""Act 1: a fresh house opens, and a register comes in."""

import csv
import lzma
from collections.abc import Iterator
from pathlib import Path

from bench.fieldday.day import Day
from bench.fieldday.desk import Desk

SAMPLES = 12
SKIPPED = "skipped.csv"


def open_the_house(day: Day) -> None:
    """A fresh installation, the region's bodies, the register."""
    story, house = day.story, day.house
    story.act("The house opens (开门): a fresh server, the region's bodies, a register (名录库)")
    house.command("db", "upgrade")
    house.command("demo", "seed")
    house.server.start()
    story.claim(f"the server answers at {house.server.url}", house.is_alive())
    day.admin = Desk(house.api, "guanli", house.password_of("guanli"))
    house.command("registers", "seed-organisations")
    bodies = [body["kind"] for body in day.admin.all("/organisations")]
    brigades, detachments = bodies.count("brigade"), bodies.count("detachment")
    story.claim(
        f"the tree has {detachments} detachments (支队) and {brigades} brigades (大队)",
        brigades > 100 and detachments > 10, bodies,
    )  # fmt: skip
    skipped = day.folder / SKIPPED
    house.command("registers", "import", day.register, "--errors", skipped)
    _check_import(day, skipped)


def _check_import(day: Day, skipped: Path) -> None:
    """What was told is held against the register and the file of skipped rows."""
    story = day.story
    [entry] = day.admin.must("GET", "/audit", action="objects_imported")["items"]
    told = entry["after"]
    left_out = sum(told["skipped"].values())
    day.counts["rows of the register"] = told["rows"]
    day.counts["objects imported"] = told["imported"]
    story.claim(
        f"{told['rows']} rows were read: {told['imported']} imported, {left_out} skipped",
        told["rows"] == told["imported"] + told["updated"] + told["unchanged"] + left_out > 0, told,
    )  # fmt: skip
    with skipped.open(encoding="utf-8-sig", newline="") as file:
        lines = {row["行号"] for row in csv.DictReader(file)}
    story.claim("the file of skipped rows names each of them", len(lines) == left_out, len(lines))
    if rows := list(_rows(day.register)):
        story.claim("the file has as many rows as were read", len(rows) == told["rows"], len(rows))
        _check_samples(day, [row for row in rows if row.name])


def _check_samples(day: Day, rows: list["_Row"]) -> None:
    sample = rows[:: max(1, len(rows) // SAMPLES)]
    lost = [row.name for row in sample if not _is_known(day, row)]
    day.story.claim(f"{len(sample)} rows from all over it are found as objects", not lost, lost)


class _Row:
    """What a row of a register says, whichever layout it has."""

    def __init__(self, cells: dict[str, str]) -> None:
        self.name = (cells.get("企业名称") or cells.get("名称") or cells.get("name") or "").strip()
        code = cells.get("统一社会信用代码") or cells.get("credit_code")
        self.wanted = code or self.name


def _rows(register: Path) -> Iterator[_Row]:
    """The rows of a CSV, read by Python's own means; nothing for a workbook."""
    if register.suffix == ".xlsx":
        return
    opener = lzma.open if register.suffix == ".xz" else open
    with opener(register, "rt", encoding="utf-8-sig", newline="") as text:
        yield from map(_Row, csv.DictReader(text))


def _is_known(day: Day, row: _Row) -> bool:
    found = day.admin.must("GET", "/objects", q=row.wanted, limit=200)["items"]
    return any(_plain(each["name"]) == _plain(row.name) for each in found)


def _plain(name: str) -> str:
    return "".join(name.split()).translate(str.maketrans("（）", "()"))
