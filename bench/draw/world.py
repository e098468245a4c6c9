"""A pool as large as a region's register some day, and a region's officers."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from draw.rows import Kind

DIVISIONS = [f"15{league:02}{banner:02}" for league in range(1, 13) for banner in range(1, 9)]
STRATA = ("key", "general", "small")
SPECIALTIES = ("school", "chemical", "high-rise", "crowded")
#: one in so many objects can't be drawn this month
INELIGIBLE = 20
#: mean 2
WEIGHTS = (1, 1, 1, 2, 2, 2, 3, 4)
WRITE_ROWS = 50_000


def rules(drawn: int) -> dict[str, Any]:
    """Rules that draw so many objects alone, of three strata."""
    shares = (drawn // 5, drawn * 3 // 10, drawn - drawn // 5 - drawn * 3 // 10)
    strata = {
        name: {"quota": share, "reserve": share // 10}
        for name, share in zip(STRATA, shares, strict=True)
    }
    return {"strata": strata, "roles": [], "needs_role": None, "recusals": []}


def write_pool(file: Path, objects: int) -> int:
    """Write a pool as NDJSON, in no order of ids; answers how many tickets it has."""
    luck, tickets = random.Random(2019), 0
    with file.open("wb") as out:
        for start in range(0, objects, WRITE_ROWS):
            rows = [_row(luck, n) for n in range(start, min(start + WRITE_ROWS, objects))]
            tickets += sum(weight for weight, _ in rows)
            out.write("".join(line for _, line in rows).encode())
    return tickets


def _row(luck: random.Random, number: int) -> tuple[int, str]:
    eligible = luck.random() >= 1 / INELIGIBLE
    weight = luck.choice(WEIGHTS) if eligible else 0
    need = luck.choice(SPECIALTIES) if luck.random() < 1 / 8 else None
    id_ = f"9115{number * 7919 % 100_000_000:08}MA{number % 10_000:04}"
    facts = {
        "id": id_,
        "stratum": STRATA[number % 3],
        "eligible": eligible,
        "weight": weight,
        "reason": None if eligible else "interval",
        "jurisdiction": luck.choice(DIVISIONS),
        "needs": need,
    }
    return weight, json.dumps(facts, separators=(",", ":")) + "\n"


class Drawn(NamedTuple):
    """An object that was drawn, as the drum needs it."""

    id: str
    kind: Kind


def drawn(tasks: int, leagues: int) -> Iterator[Drawn]:
    """Objects that are to be staffed, spread over so many jurisdictions."""
    for number in range(tasks):
        needs = SPECIALTIES[0] if number % 20 == 0 else None
        yield Drawn(f"obj-{number:05}", Kind("all", f"15{number % leagues:02}00", needs))


def officers(count: int, balls: int, leagues: int) -> list[dict[str, Any]]:
    """Officers of so many leagues; every third also helps in the next one."""
    return [
        {
            "id": f"O-{number:03}",
            "post": "full-time",
            "balls": balls,
            "lead": number // leagues % 5 < 3,
            "jurisdictions": sorted(
                {f"15{number % leagues:02}00", f"15{(number + (number % 3 == 0)) % leagues:02}00"}
            ),
            "specialties": [SPECIALTIES[0]] if number % 5 == 0 else [],
        }
        for number in range(count)
    ]
