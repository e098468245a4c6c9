"""Which banner (旗县区) does an address name? A proposal with its reason, for a person to settle.

Registers state the league or city only, and the division inside a credit code is where a firm was
registered, not where it is. So the address is read, by the names that its league knows, and where
it names no banner or several, nothing is proposed: never guessed in silence.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from server.services.registers.divisions import REGION_CODE, Division, all_divisions, of_level

MAX_REASON = 300  # objects.proposal_reason
_COUNTRY = "中国|内蒙古自治区|内蒙古|内蒙"
_ROAD = "(?![东南西北中]?(?:大街|街|大道|路|巷|胡同|镇|乡|村|苏木|嘎查|河|公路|铁路|大桥|商厦))"
_ZONE = re.compile(
    r"[\w()]{0,12}?(?:开发区|高新区|新技术产业区|管理区|示范区|保税区|加工区|工业园|产业园|园区|工业区)"
)
_QUARTER = re.compile(r"[\w()]{0,12}?(?:开发区|高新区)")
_names_a_quarter = re.compile("开发区|高新区").search  # a tenth of the work, and mostly no


class Proposal(NamedTuple):
    """`code` of a banner or None; `why` is a key of WHY; `reason` is for people."""

    code: str | None
    why: str
    reason: str


STATED = "stated"  # no proposal was needed: the source names the banner
LEADING = "named_first"
SHORT = "short_name"
MENTIONED = "mentioned"
NO_ADDRESS = "no_address"
OTHER_LEAGUE = "other_league"
SEVERAL = "several_named"
ZONE = "development_zone"
NONE_NAMED = "none_named"
#: how a banner was found or why not, for a summary
WHY = {
    STATED: "settled, stated by the source",
    LEADING: "proposed, named by the address",
    SHORT: "proposed, named by a short name",
    MENTIONED: "proposed, mentioned within the address",
    NO_ADDRESS: "no proposal, the source has no address",
    OTHER_LEAGUE: "no proposal, the address lies in another league",
    SEVERAL: "no proposal, the address mentions several",
    ZONE: "no proposal, the address names a development zone",
    NONE_NAMED: "no proposal, the address names no banner",
}


class Names(NamedTuple):
    """The patterns by which one league, or the whole region, knows its banners."""

    prefix: re.Pattern[str]
    leading: re.Pattern[str]
    short: re.Pattern[str]
    anywhere: re.Pattern[str]
    other_league: re.Pattern[str]
    codes: dict[str, str]


def propose_banner(address: str, within: str) -> Proposal:
    """What an address says of its banner, inside the league (or region) that a source states.

    `within` is a code of level league or region. The proposal is only ever of GB/T 2260.
    """
    text = "".join(unicodedata.normalize("NFKC", address).split())
    if not text:
        return Proposal(None, NO_ADDRESS, "来源没有地址，请人工核定旗县区")
    if within == REGION_CODE and (league := _league_in(text)):
        within = league
    names = _names(within)
    return (
        _named_first(text, names)
        or _elsewhere(text, names, within)
        or _mentioned(text, names)
        or _nothing(text[_length(names.prefix.match(text)) :])
    )


def _named_first(text: str, names: Names) -> Proposal | None:
    """A banner named where an address names it: after region and league."""
    if found := names.leading.match(text):
        name, why, words = found["name"], LEADING, "地址写明“{}”"
    elif found := names.short.match(text):
        name, why, words = found["name"], SHORT, "地址写有简称“{}”"
    else:
        return None
    reason = words.format(name)
    if _names_a_quarter(text) and (zone := _QUARTER.search(text, found.end())):
        reason += f"；另有“{zone[0]}”，请核对"
    return Proposal(names.codes[name], why, reason[:MAX_REASON])


def _elsewhere(text: str, names: Names, within: str) -> Proposal | None:
    found = names.other_league.match(text)
    if not found:
        return None
    stated = all_divisions()[within].name
    reason = f"地址属“{found['league']}”，来源所述为“{stated}”，请人工核定"
    return Proposal(None, OTHER_LEAGUE, reason)


def _mentioned(text: str, names: Names) -> Proposal | None:
    """One full name somewhere in the address; two different ones settle nothing."""
    found = list(dict.fromkeys(names.anywhere.findall(text)))
    if not found:
        return None
    if len(found) == 1:
        return Proposal(names.codes[found[0]], MENTIONED, f"地址中提到“{found[0]}”，请核对")
    listed = "、".join(found)
    return Proposal(None, SEVERAL, f"地址提到多个旗县区（{listed}），请人工核定"[:MAX_REASON])


def _length(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


def _nothing(text: str) -> Proposal:
    if zone := _ZONE.search(text):
        reason = f"地址写的是“{zone[0]}”，开发区不在 GB/T 2260 中，请人工核定"
        return Proposal(None, ZONE, reason)
    return Proposal(None, NONE_NAMED, "地址没有写明旗县区，请人工核定")


@cache
def _league_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{_COUNTRY})*(?P<name>{_any_of(_league_names())})")


def _league_in(text: str) -> str | None:
    found = _league_pattern().match(text)
    return _league_names()[found["name"]] if found else None


@cache
def _league_names() -> dict[str, str]:
    names = {}
    for league in of_level("league"):
        for name in (league.name, *league.short_names):
            names[name] = league.code
    return names


@cache
def _names(within: str) -> Names:
    banners = of_level("banner", within=within)
    full = {banner.name: banner.code for banner in banners}
    short = _unambiguous_short_names(banners)
    inside = [name for name, code in _league_names().items() if code == within]
    outside = [name for name, code in _league_names().items() if code != within]
    here = [_COUNTRY, *map(re.escape, inside)]
    if within != REGION_CODE:
        here.append(re.escape(all_divisions()[within].bare_name))
    prefix = f"(?:{'|'.join(here)})*"
    return Names(
        prefix=re.compile(prefix),
        leading=re.compile(f"{prefix}(?P<name>{_any_of(full)})"),
        short=re.compile(f"{prefix}(?P<name>{_any_of(short)}){_ROAD}"),
        anywhere=re.compile(_any_of(full)),
        other_league=re.compile(f"(?:{_COUNTRY})*(?P<league>{_any_of(outside)}){_ROAD}"),
        codes={**short, **full},
    )


def _unambiguous_short_names(banners: list[Division]) -> dict[str, str]:
    """Short names that stand for one banner only among these (扎旗 is two, region-wide)."""
    owners: dict[str, set[str]] = {}
    for banner in banners:
        for name in banner.short_names:
            owners.setdefault(name, set()).add(banner.code)
    return {name: codes.pop() for name, codes in owners.items() if len(codes) == 1}


def _any_of(names: "dict[str, str] | list[str]") -> str:
    """A pattern of names, the longest first, so that none hides a longer one; matches nothing
    where there are none."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"
