"""When are two objects probably one? Names and addresses brought to one form and weighed. Pure.

A branch (分公司, 营业部) is no duplicate of its firm, nor 第二小学 of 第一小学, nor 北站 of 南站.
What tells two objects apart comes before how alike they read.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rapidfuzz import fuzz

from server.services.registers.divisions import all_divisions
from server.services.registers.texts import comparable

NAME_AT_LEAST = 88  # of 100, rapidfuzz's ratio of the names' own parts
ADDRESS_AT_LEAST = 80
WEIGHTS = (0.6, 0.4)  # of name and address
NO_ADDRESS = 12  # taken off where one has no address: the name alone is little
CODES_DIFFER = 15  # taken off: two codes are two legal persons, or one that registered anew
NAME_DESPITE_CODES = 95
_LEGAL_FORM = re.compile(
    "(?:有限责任公司|股份有限公司|有限公司|集团公司|公司|厂|个体工商户|个人独资企业|合伙企业|普通合伙|有限合伙)+$"
)
_BRANCH = re.compile(
    "(?:[^()]*?)(分公司|分厂|分店|分行|支行|分理处|分校|分院|分社|营业部|营业厅|营业所|门市部|经营部|办事处|"
    "项目部|服务站|加油站|储蓄所|代办处|连锁店|专卖店|直营店|加盟店)$"
)
_TELLING = re.compile("[0-9]+|[一二三四五六七八九十百]+|[东南西北]")
_SIGNS = re.compile(r"[^\w]+")


class Known(NamedTuple):
    """An object as it is compared."""

    id: str
    league: str  # the first four digits of its division
    code: str  # the legal person's own part of the credit code (主体标识码), or ""
    core: str  # the name without place and legal form
    branch: str  # what kind of branch it is, or ""
    numbers: tuple[str, ...]  # and directions in the name
    address: str
    house: tuple[str, ...]  # numbers and directions in the address


class Likeness(NamedTuple):
    """How alike two objects are: 0–100, and why, as stable codes."""

    score: int
    reasons: list[str]


def known(
    *, id_: str, division_code: str, credit_code: str | None, name: str, address: str
) -> Known:
    """An object made ready for comparing."""
    plain = _SIGNS.sub("", comparable(name))
    core = _LEGAL_FORM.sub("", _without_place(plain)) or plain
    branch = _BRANCH.search(plain)
    where = _without_place(_SIGNS.sub("", comparable(address)))
    return Known(
        id_, division_code[:4], credit_code[8:17] if credit_code else "", core,
        branch[1] if branch else "", tuple(_TELLING.findall(core)), where,
        tuple(_TELLING.findall(where)),
    )  # fmt: skip


def blocks_of(one: Known) -> Iterator[str]:
    """The blocks in which an object is compared with others: by its legal person, by the beginning
    of its name in its league, and by where it is in its league."""
    if one.code:
        yield f"code {one.code}"
    yield f"name {one.league} {one.core[:4]}"
    if len(one.address) > 5:
        yield f"place {one.league} {one.address[:12]}"


def likeness(one: Known, other: Known) -> Likeness | None:
    """How alike two objects are, or None where they are not taken for one."""
    name = _name_likeness(one, other)
    if not name:
        return None
    address = _address_likeness(one, other)
    reasons = ["same_name" if name == 100 else "alike_name", *_address_reasons(address)]
    if one.code and one.code == other.code:
        return Likeness(100, ["same_legal_person", *reasons])
    if address is None:
        return Likeness(100 - NO_ADDRESS, reasons) if name == 100 else None
    score = round(WEIGHTS[0] * name + WEIGHTS[1] * address)
    if one.code and other.code:
        reasons.append("codes_differ")
        score = score - CODES_DIFFER if name >= NAME_DESPITE_CODES else 0
    return Likeness(score, reasons) if score and address >= ADDRESS_AT_LEAST else None


def _name_likeness(one: Known, other: Known) -> float:
    """0–100; nothing where one is a branch of another kind, or numbers or directions differ."""
    if one.branch != other.branch or one.numbers != other.numbers:
        return 0
    return fuzz.ratio(one.core, other.core, score_cutoff=NAME_AT_LEAST)


def _address_likeness(one: Known, other: Known) -> float | None:
    """0–100, or None where one has no address; another house number is another house."""
    if not one.address or not other.address:
        return None
    if one.house != other.house:
        return 0
    return fuzz.ratio(one.address, other.address)


def _address_reasons(address: float | None) -> list[str]:
    if address is None:
        return ["no_address"]
    if address < ADDRESS_AT_LEAST:
        return ["other_address"]
    return ["same_address" if address == 100 else "alike_address"]


def _without_place(text: str) -> str:
    return _places().sub("", text, count=1)


@cache
def _places() -> re.Pattern[str]:
    """Country, region, league and banner at the beginning of a name or an address."""
    names = {"内蒙古自治区", "内蒙古", "内蒙", "中国"}
    for division in all_divisions().values():
        names |= {division.name, *division.short_names}
        if division.level == "league":
            names.add(division.bare_name)
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(f"^(?:{listed}|[市盟省])+")
