"""The Chinese words for the codes of the published record."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from server.clock import CHINA

OBJECT_KINDS: Final = {
    "key": "消防安全重点单位",
    "general": "一般单位",
    "small": "九小场所",
    "other": "其他",
}
VALUES: Final = {
    "pass": "符合",
    "fail": "不符合",
    "not_applicable": "不适用",
    "yes": "是",
    "no": "否",
}
SEVERITIES: Final = {"minor": "轻微", "moderate": "一般", "serious": "严重", "critical": "重大"}
ACTIONS: Final = {
    "none": "未作处理",
    "oral_order": "口头责令改正",
    "immediate_correction": "责令立即改正",
    "term_correction": "责令限期改正",
    "temporary_seal": "临时查封",
    "case_filed": "立案调查",
    "transferred": "移送处理",
}
STANDINGS: Final = {"base": "总队清单", "refined": "支队细化", "added": "支队补充"}
DRAW_STATES: Final = {"committed": "已承诺，待掷骰子", "drawn": "已抽取", "abandoned": "已放弃"}
WITNESSES: Final = {
    "integrity_supervisor": "廉政监督员",
    "enterprise": "企业代表",
    "deputy": "人大代表",
    "cppcc": "政协委员",
    "media": "新闻媒体",
}
PLAN_KINDS: Final = {"annual": "年度计划", "monthly": "月度计划", "campaign": "专项检查计划"}
#: the last part of a change's path
PLAN_FIELDS: Final = {
    "name": "名称",
    "label": "分层名称",
    "kinds": "对象类别",
    "tags": "对象标签",
    "quotas": "抽取数",
    "reserve": "候补数",
    "forced": "依法全部检查",
    "items": "抽查事项",
    "roles": "抽取的人员",
    "object_only_reason": "只抽取对象的理由",
    "pooled": "跨区域联合抽取",
    "sealed_until": "封存至",
}
ROLES: Final = {"lead": "主办", "assistant": "协办"}
STATES: Final = {"current": "现行", "superseded": "已被更正", "withdrawn": "已撤回"}


def quotas(each: Sequence[int]) -> str:
    """How many are drawn: one number, or one for each month of a year."""
    if len(each) == 1:
        return str(each[0])
    months = [f"{month}月{count}" for month, count in enumerate(each, start=1) if count]
    return "、".join(months)


def whom(stratum: Mapping[str, Any]) -> str:
    """The objects of a stratum in words: its kinds, of these those with one of its tags."""
    kinds = "、".join(OBJECT_KINDS[kind] for kind in stratum["kinds"]) or "全部类别"
    tags = "、".join(stratum["tags"])
    return f"{kinds}（{tags}）" if tags else kinds


def changed(change: Mapping[str, Any]) -> str:
    """One difference between two revisions of a plan."""
    within, _, name = change["path"].rpartition(".")
    stratum = f"分层 {within.removeprefix('strata.')} 的" if within else ""
    before, after = (_worded(name, change[side]) for side in ("before", "after"))
    return f"{stratum}{PLAN_FIELDS.get(name, name)}：{before} → {after}"


def _worded(name: str, value: Any) -> str:
    if value is None or value == []:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "quotas":
        return quotas(value)
    if name in ("kinds", "roles"):
        words = {"kinds": OBJECT_KINDS, "roles": ROLES}[name]
        return "、".join(words[each] for each in value)
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def china_day(moment: datetime) -> str:
    """`2026年11月23日`, by the calendar of China."""
    day = moment.astimezone(CHINA)
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_day(said: str | date) -> str:
    """The same of a day, or of an ISO day."""
    year, month, day = str(said).split("-")
    return f"{year}年{int(month)}月{int(day)}日"
