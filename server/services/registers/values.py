"""The cells of a row → the facts of an object: codes, kinds, positions, days. Pure.

Faults are collected, not raised, so that a person sees all that is wrong with a row at once.
"""

import hashlib
import math
import re
import unicodedata
from contextlib import suppress
from datetime import date, timedelta
from operator import mul
from typing import Any, NamedTuple

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from server.services.registers.divisions import REGION_CODE, is_known_code, league_named
from server.services.registers.texts import comparable, tidy

KINDS = {"key": "重点", "general": "一般", "small": "九小", "other": "其他"}
SMALL_KINDS = {
    "school": "小学校", "hospital": "小医院", "shop": "小商店", "catering": "小餐饮",
    "hotel": "小旅馆", "entertainment": "小歌舞娱乐", "internet_cafe": "小网吧",
    "beauty_bath": "小美容洗浴", "workshop": "小生产加工企业",
}  # fmt: skip
#: 机关、团体、企业、事业等单位 (N2)
NATURES = {
    "agency": "机关", "association": "团体", "firm": "企业", "institution": "事业",
    "other": "其他",
}  # fmt: skip
STATES = {
    "active": "存续", "closed": "关闭", "not_found": "查无", "moved": "迁出", "merged": "合并",
}  # fmt: skip
_VALUES = {sign: value for value, sign in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_WEIGHTS = (*(pow(3, place, 31) for place in range(17)), 1)  # the check sign stands for itself
TAG_MARK = "；"
EXAMPLE_MARK = "（示例）"
MAX_TAGS = 50
MAX_TAG_CHARS = 40
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?")
_SHEET_DAY_ZERO = date(1899, 12, 30)  # of the days that Excel counts; right from March 1900 on
_TAG_MARKS = re.compile("[;；、|,，]")


class Fault(NamedTuple):
    """What is wrong with one field of a row, as a stable code and in Chinese."""

    field: str
    code: str
    reason: str


def market_facts(cells: dict[str, str], faults: list[Fault]) -> dict[str, Any]:
    """A firm of the market register. It states the league; the banner it does not."""
    name = _required(cells, "name", faults)
    credit_code = _credit_code(_required(cells, "credit_code", faults), faults)
    return {
        **_nothing_known(),
        "name": name,
        "nature": "firm",
        "credit_code": credit_code,
        "address": cells["address"],
        "division_code": _league(cells, faults),
        "source_key": credit_code or "",
        "details": {
            "registered_on": _day(cells.get("registered_on", ""), faults),
            "enterprise_type": cells.get("enterprise_type") or None,
            "registered_capital": cells.get("registered_capital") or None,
            "business_scope": cells.get("business_scope") or None,
        },
    }


def template_facts(cells: dict[str, str], faults: list[Fault]) -> dict[str, Any]:
    """An object of our own template. Without a source key the credit code is the key, without
    that name and address."""
    name = _required(cells, "name", faults)
    credit_code = _credit_code(cells.get("credit_code", ""), faults)
    key = cells.get("source_key") or credit_code or _own_key(name, cells["address"])
    if name.startswith(EXAMPLE_MARK) and not cells.get("object_id"):
        faults.append(Fault("name", "example", "这是模板中的示例行，未导入"))
    return {
        **_nothing_known(),
        **_state(cells, faults),
        "nature": _word(cells, "nature", NATURES, faults),
        **_kinds(cells, faults),
        **_position(cells, faults),
        "name": name,
        "credit_code": credit_code,
        "address": cells["address"],
        "division_code": _division(cells.get("division_code", ""), faults),
        "tags": _tags(cells.get("tags", ""), faults),
        "contact_name": cells.get("contact_name") or None,
        "contact_phone": _plain(cells.get("contact_phone", "")) or None,
        "source_key": key,
        "object_id": cells.get("object_id") or None,
    }


def read_back(field: str, value: Any) -> Any:
    """What a file says of a value that was written into it."""
    if field == "tags":
        return _tags(tidy(TAG_MARK.join(value)), [])
    if not isinstance(value, str):
        return value
    text = _plain(tidy(value)) if field == "contact_phone" else tidy(value)
    return text or ("" if field == "address" else None)


def _state(cells: dict[str, str], faults: list[Fault]) -> dict[str, str | None]:
    """What a file that was exported, corrected and brought back says of the object's state."""
    if not cells.get("object_id"):
        if _word(cells, "state", STATES, faults) not in (None, "active"):
            reason = "只有已登记的对象（填写编号）可以改变状态"
            faults.append(Fault("state", "state_needs_id", reason))
        return {}
    state = _word(cells, "state", STATES, faults) or "active"
    return {"state": state, "state_reason": cells.get("state_reason") or None}


def _nothing_known() -> dict[str, Any]:
    return {
        "nature": None, "kind": "general", "small_kind": None, "latitude": None, "longitude": None,
        "contact_name": None, "contact_phone": None, "tags": [], "details": {},
    }  # fmt: skip


def _required(cells: dict[str, str], field: str, faults: list[Fault]) -> str:
    if not cells[field]:
        faults.append(Fault(field, "required", "必填项为空"))
    return cells[field]


def checked_credit_code(text: str) -> str:
    """A social credit code in its written form. Raises ValueError unless it keeps GB 32100."""
    if _keeps_gb32100(text):
        return text
    try:
        return uscc.validate(_plain(text))
    except ValidationError as error:
        raise ValueError(str(error)) from None


def _keeps_gb32100(code: str) -> bool:
    """What python-stdnum says of a code in its written form, in a tenth of the time; it is asked
    about all others. GB 32100-2015, 5.2: Σ value × 3^place, and the check, is a multiple of 31."""
    if len(code) != 18 or not (code.isascii() and code[:8].isdigit()):
        return False
    try:
        total: int = sum(map(mul, map(_VALUES.__getitem__, code), _WEIGHTS))
    except KeyError:
        return False
    return total % 31 == 0


def _credit_code(text: str, faults: list[Fault]) -> str | None:
    if not text:
        return None
    try:
        return checked_credit_code(text)
    except ValueError:
        reason = "统一社会信用代码不符合 GB 32100（长度、字符或校验位）"
        faults.append(Fault("credit_code", "credit_code_invalid", reason))
        return None


def _league(cells: dict[str, str], faults: list[Fault]) -> str:
    province = cells.get("province", "")
    if province not in ("", "内蒙古", "内蒙古自治区"):
        faults.append(Fault("province", "outside_region", "不属内蒙古自治区"))
    if not cells["league"]:
        return REGION_CODE
    league = league_named(cells["league"])
    if league is None:
        faults.append(Fault("league", "league_unknown", "不是内蒙古的盟市名称"))
    return league.code if league else REGION_CODE


def _division(text: str, faults: list[Fault]) -> str:
    code = _plain(text)
    if code and not is_known_code(code):
        faults.append(Fault("division_code", "division_unknown", "区划代码不在行政区划表中"))
    return code


def _kinds(cells: dict[str, str], faults: list[Fault]) -> dict[str, str | None]:
    small_kind = _word(cells, "small_kind", SMALL_KINDS, faults)
    kind = _word(cells, "kind", KINDS, faults) or ("small" if small_kind else "general")
    if small_kind and kind != "small":
        reason = "只有九小场所可以填写九小类别"
        faults.append(Fault("small_kind", "small_kind_misplaced", reason))
    return {"kind": kind, "small_kind": small_kind}


def _word(
    cells: dict[str, str], field: str, words: dict[str, str], faults: list[Fault]
) -> str | None:
    """The code of a word given as code or in Chinese, its short form or a longer one (重点单位)."""
    text = comparable(cells.get(field, "")).lower()
    if not text:
        return None
    for code, word in words.items():
        if text == code or text.startswith(word):
            return code
    faults.append(Fault(field, f"{field}_unknown", f"只能填写：{'、'.join(words.values())}"))
    return None


def _position(cells: dict[str, str], faults: list[Fault]) -> dict[str, float | None]:
    """Decimal degrees; both or none."""
    latitude = _degrees(cells, "latitude", 90, faults)
    longitude = _degrees(cells, "longitude", 180, faults)
    for field, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if cells.get(field) and not cells.get(other):
            faults.append(Fault(other, "position_incomplete", "经度和纬度须同时填写"))
    return {"latitude": latitude, "longitude": longitude}


def _degrees(cells: dict[str, str], field: str, maximum: int, faults: list[Fault]) -> float | None:
    if not cells.get(field):
        return None
    try:
        degrees = float(_plain(cells[field]))
    except ValueError:
        degrees = math.nan
    if -maximum <= degrees <= maximum:
        return degrees
    faults.append(Fault(field, "position_invalid", f"须为 -{maximum} 至 {maximum} 的十进制度数"))
    return None


def _tags(text: str, faults: list[Fault]) -> list[str]:
    tags = list(dict.fromkeys(filter(None, (tag.strip() for tag in _TAG_MARKS.split(text)))))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARS for tag in tags):
        reason = f"最多 {MAX_TAGS} 个标签，每个最多 {MAX_TAG_CHARS} 个字"
        faults.append(Fault("tags", "tags_too_many", reason))
    return tags


def parse_day(text: str) -> date:
    """A day as registers write it, or as the number that spreadsheets keep it as. Raises
    ValueError."""
    with suppress(ValueError):
        return date.fromisoformat(text)  # nearly always
    plain = _plain(text)
    if plain.isdecimal() and len(plain) == 5:
        return _SHEET_DAY_ZERO + timedelta(days=int(plain))
    if found := _DAY.fullmatch(plain):
        return date(*map(int, found.groups()))
    raise ValueError(text)


def _day(text: str, faults: list[Fault]) -> str | None:
    if not text:
        return None
    try:
        return parse_day(text).isoformat()
    except ValueError:
        faults.append(Fault("registered_on", "date_invalid", "不是有效日期，请写成 2012-12-31"))
        return None


def _own_key(name: str, address: str) -> str:
    """A key for a row that brings none: the same name at the same address is the same object."""
    text = f"{comparable(name)}\n{comparable(address)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)
