"""Administrative divisions (行政区划) of Inner Mongolia: codes of GB/T 2260 and which covers which.

The facts stand in `server/data/divisions-neimenggu.csv`, with their source beside them.
"""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLE_FILE = Path(__file__).parents[2] / "data" / "divisions-neimenggu.csv"
REGION_CODE = "150000"
SETTLING_LEVELS = ("banner", "zone")  # where a person's decision may put an object


class Division(NamedTuple):
    """One division. `level` is region, league (盟市), banner (旗县区) or zone (开发区, which has
    no code in GB/T 2260); `short_names` are those in daily use, such as 昆区 for 昆都仑区."""

    code: str
    name: str
    level: str
    parent_code: str
    short_names: tuple[str, ...]

    @property
    def bare_name(self) -> str:
        """The name of a league without 盟 or 市, as registers write it."""
        return self.name[:-1]


@cache
def all_divisions() -> dict[str, Division]:
    """Every division by its code, in the order of the table."""
    with TABLE_FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: _division(row) for row in csv.DictReader(file)}


def _division(row: dict[str, str]) -> Division:
    short_names = tuple(name for name in row["short_names"].split("|") if name)
    return Division(row["code"], row["name"], row["level"], row["parent_code"], short_names)


def of_level(level: str, *, within: str = REGION_CODE) -> list[Division]:
    """The divisions of a level that lie in another, in the order of the table."""
    return [
        division
        for division in all_divisions().values()
        if division.level == level and covers(within, division.code)
    ]


@cache
def league_named(name: str) -> Division | None:
    """The league or city of a name, with or without its 盟 or 市."""
    for league in of_level("league"):
        if name in (league.name, league.bare_name):
            return league
    return None


def is_known_code(code: str) -> bool:
    """Whether a code of 6, 9 or 12 digits lies in a division of the table; the three digits each
    for township and village after the first six are taken as they come."""
    return len(code) in (6, 9, 12) and code.isascii() and code.isdigit() and code[:6] in known()


@cache
def known() -> frozenset[str]:
    """The codes of the table."""
    return frozenset(all_divisions())


def is_settled_code(code: str) -> bool:
    """Whether a code names a banner, county, district or zone, not only a league or the region."""
    return is_known_code(code) and all_divisions()[code[:6]].level in SETTLING_LEVELS


def covering_prefix(code: str) -> str:
    """The digits that all codes within a division share: `150100` → `1501` (GB/T 2260: two digits
    a level down to the banner, then three for township and village)."""
    if code[2:6] == "0000":
        return code[:2]
    if code[4:6] == "00":
        return code[:4]
    return code[:6] + "".join(part for part in (code[6:9], code[9:12]) if part and part != "000")


def covers(code: str, inner: str) -> bool:
    """Whether the division of `code` is or contains that of `inner`."""
    return inner.startswith(covering_prefix(code))
