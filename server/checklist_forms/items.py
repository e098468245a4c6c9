"""What a checklist and its items may say; every failure is named with its row and column."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from server.checklist_forms.relevance import parse_relevant
from server.errors import DomainError
from server.ids import is_id

ANSWER_KINDS: Final = ("verdict", "yes_no", "text", "number", "select")
OBJECT_KINDS: Final = ("key", "general", "small", "other")
#: what an answer of these kinds may say; the values of `select` are its options'
VALUES: Final[dict[str, tuple[str, ...]]] = {
    "verdict": ("pass", "fail", "not_applicable"),
    "yes_no": ("yes", "no"),
}
LABELS: Final = {
    "pass": "合格", "fail": "不合格", "not_applicable": "不适用", "yes": "是", "no": "否",
}  # fmt: skip
CONDITIONS: Final = (("requires_photo_when", "photo_when"), ("requires_note_when", "note_when"))

MAX_ITEMS = 500
MAX_OPTIONS = 100
MAX_ERRORS = 100  # in one answer; who has more mends these first
#: an answer's id is `<task id of 32 signs>.<item code>` and has at most 64
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LENGTHS = {"text": (1, 1000), "section": (0, 100), "legal_basis": (0, 500), "guidance": (0, 2000)}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A checklist that was read and found sound; it becomes a version when it is stored."""

    code: str
    title: str
    kind: str
    items: list[dict[str, Any]]


class Problem(NamedTuple):
    """One thing to mend: sheet and row as a person counts them, the column, and what is wrong."""

    row: int
    column: str
    message: str
    sheet: str = "survey"


def make_draft(
    *, code: str, title: str, kind: str, items: Sequence[Mapping[str, Any]],
    rows: Sequence[int] | None = None, problems: Sequence[Problem] = (),
) -> Draft:  # fmt: skip
    """The checklist, its texts tidied and absent parts filled in.

    `rows` says where each item stood (without it they count from 1); `problems` were found before.
    Raises `checklist_invalid` with `details.errors`.
    """
    draft = Draft(
        code=code.strip(), title=tidy(title), kind=kind, items=[_tidied(item) for item in items]
    )
    found = [*problems, *_problems_of_head(draft)]
    found += _problems_of_items(draft.items, rows or range(1, len(items) + 1))
    if found:
        refuse(found)
    return draft


def refuse(problems: Sequence[Problem]) -> None:
    """Raise `checklist_invalid` naming the problems, in the order of the form."""
    errors = [problem._asdict() for problem in sorted(problems)[:MAX_ERRORS]]
    raise DomainError(
        "checklist_invalid", details={"errors": errors, "errors_count": len(problems)}
    )


def tidy(text: str) -> str:
    """Without blanks at the ends, with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def values_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """What an answer to this item may say; nothing for free texts and numbers."""
    if item["answer_kind"] == "select":
        return tuple(option["value"] for option in item["options"])
    return VALUES.get(item["answer_kind"], ())


def _tidied(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with its keys in the wire's order; `relevant` only where it says something."""
    tidied: dict[str, Any] = {
        "code": item["code"].strip(),
        "section": tidy(item.get("section", "")),
        "text": tidy(item["text"]),
        "legal_basis": tidy(item.get("legal_basis", "")),
        "answer_kind": item["answer_kind"],
        "options": [
            {"value": option["value"].strip(), "label": tidy(option["label"])}
            for option in item.get("options", ())
        ],
        "guidance": tidy(item.get("guidance", "")),
        "required": item.get("required", False),
        "requires_photo_when": list(item.get("requires_photo_when", ())),
        "requires_note_when": list(item.get("requires_note_when", ())),
    }
    if relevant := tidy(item.get("relevant", "")):
        tidied["relevant"] = relevant
    return tidied


def _problems_of_head(draft: Draft) -> Iterator[Problem]:
    if not is_id(draft.code):
        yield Problem(2, "form_id", "编号须为 1–64 位字母、数字或 . _ -", "settings")
    if not 1 <= len(draft.title) <= 200 or _CONTROL.search(draft.title):
        yield Problem(2, "form_title", "标题须为 1–200 字", "settings")
    if draft.kind not in OBJECT_KINDS:
        yield Problem(2, "kind", f"适用对象须为 {'、'.join(OBJECT_KINDS)} 之一", "settings")
    if not 1 <= len(draft.items) <= MAX_ITEMS:
        yield Problem(1, "type", f"检查项须为 1–{MAX_ITEMS} 项")


def _problems_of_items(items: Sequence[dict[str, Any]], rows: Sequence[int]) -> Iterator[Problem]:
    before: dict[str, dict[str, Any]] = {}
    for row, item in zip(rows, items, strict=True):
        if item["code"].casefold() in before:
            yield Problem(row, "name", f"编号 {item['code']} 重复")
        for column, message in _problems_of_item(item, before):
            yield Problem(row, column, message)
        before[item["code"].casefold()] = item


def _problems_of_item(
    item: dict[str, Any], before: Mapping[str, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    if not _CODE.fullmatch(item["code"]):
        yield "name", "编号须为 1–31 位字母、数字或 . _ -，以字母或数字开头"
    for field, (shortest, longest) in _LENGTHS.items():
        column = {"text": "label", "guidance": "hint"}.get(field, field)
        if not shortest <= len(item[field]) <= longest:
            yield column, f"须为 {shortest}–{longest} 字"
        if _CONTROL.search(item[field]):
            yield column, "含有不能保存的字符"
    if item["answer_kind"] not in ANSWER_KINDS:
        yield "type", f"答案类型须为 {'、'.join(ANSWER_KINDS)} 之一"
        return
    yield from _problems_of_options(item)
    yield from _problems_of_conditions(item, before)


def _problems_of_options(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    values = [option["value"] for option in item["options"]]
    if (item["answer_kind"] == "select") != bool(values):
        yield "type", "单选题须有选项，其他题型不得有选项"
    if len(values) > MAX_OPTIONS:
        yield "type", f"选项不得多于 {MAX_OPTIONS} 个"
    if len(set(values)) < len(values):
        yield "type", "选项的取值重复"
    if not all(_VALUE.fullmatch(value) for value in values):
        yield "type", "选项的取值须为 1–64 位字母、数字或 . _ -"
    labels = [option["label"] for option in item["options"]]
    if not all(1 <= len(label) <= 200 and not _CONTROL.search(label) for label in labels):
        yield "type", "选项的名称须为 1–200 字"


def _problems_of_conditions(
    item: dict[str, Any], before: Mapping[str, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    known = values_of(item)
    for field, column in CONDITIONS:
        if unknown := [value for value in item[field] if value not in known]:
            allowed = "、".join(known) or "（此题型不能设条件）"
            yield column, f"{' '.join(unknown)} 不是本题的取值；可用：{allowed}"
        if len(set(item[field])) < len(item[field]):
            yield column, "取值重复"
    if "relevant" not in item:
        return
    conditions = parse_relevant(item["relevant"])
    if conditions is None or len(item["relevant"]) > 500:
        yield "relevant", "只支持 ${编号} = '取值' 或 != ，以 and 连接"
        return
    for condition in conditions:
        earlier = before.get(condition.code.casefold())
        if earlier is None or earlier["code"] != condition.code:
            yield "relevant", f"{condition.code} 不是前面的检查项"
        elif condition.value not in values_of(earlier):
            yield "relevant", f"{condition.value} 不是 {condition.code} 的取值"
