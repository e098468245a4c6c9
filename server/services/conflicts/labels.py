"""What a conflict is about, in the words of the people who settle it."""

from collections.abc import Mapping
from typing import Any, Final

TYPES: Final = {"record": "消防监督检查记录", "answer": "检查项结果", "finding": "问题（隐患）"}
FIELDS: Final = {
    ("record", "outcome"): "处理结果",
    ("answer", "value"): "检查结果",
    ("finding", "action"): "处理措施",
    ("finding", "term_until"): "整改期限",
    ("finding", "legal_basis"): "法律依据",
}
EXISTENCE: Final = "保留或删除"


def label_of(
    said: Mapping[str, Any], entity: Mapping[str, Any], items: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The type, the field and the very thing in dispute; `items` are the checklist's, by code."""
    type_, field = said["of_type"], said["field"]
    return {
        "type": TYPES.get(type_, type_),
        "field": EXISTENCE if field == "existence" else FIELDS.get((type_, field), field),
        "subject": _subject(type_, entity, items),
    }


def _subject(type_: str, entity: Mapping[str, Any], items: Mapping[str, Mapping[str, Any]]) -> str:
    if type_ == "record":
        return entity.get("unit_name") or ""
    code = entity.get("item_code") or ""
    asked = items.get(code, {}).get("text") or ""
    own = entity.get("title") if type_ == "finding" else f"{code} {asked}"
    return (own or f"{code} {asked}").strip()
