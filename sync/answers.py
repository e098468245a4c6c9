"""What an answer may say, by the kind of its checklist item."""

from collections.abc import Mapping
from typing import Any

VERDICTS = frozenset({"pass", "fail", "not_applicable"})
YES_NO = frozenset({"yes", "no", "not_applicable"})


def check_answer(item: Mapping[str, Any], value: Any) -> bool:
    """Whether a value fits an item; None (not answered, or taken back) always does."""
    if value is None:
        return True
    match item.get("answer_kind"):
        case "verdict":
            return value in VERDICTS
        case "yes_no":
            return value in YES_NO
        case "select":
            return value in [option["value"] for option in item.get("options") or ()]
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)
