"""The Chinese words for the codes of the published record."""

from datetime import date, datetime
from typing import Final

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
ROLES: Final = {"lead": "主办", "assistant": "协办"}
STATES: Final = {"current": "现行", "superseded": "已被更正", "withdrawn": "已撤回"}


def china_day(moment: datetime) -> str:
    """`2026年11月23日`, by the calendar of China."""
    day = moment.astimezone(CHINA)
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_day(said: str | date) -> str:
    """The same of a day, or of an ISO day."""
    year, month, day = str(said).split("-")
    return f"{year}年{int(month)}月{int(day)}日"
