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
STATES: Final = {"current": "现行", "superseded": "已被更正", "withdrawn": "已撤回"}


def china_day(moment: datetime) -> str:
    """`2026年11月23日`, by the calendar of China."""
    day = moment.astimezone(CHINA)
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_day(said: str | date) -> str:
    """The same of a day, or of an ISO day."""
    year, month, day = str(said).split("-")
    return f"{year}年{int(month)}月{int(day)}日"
