"""XLSForm (xlsform.org) in: the field's convention for forms in a workbook, so that `pyxform` and
this server read the same file.

Sheets `survey` (type, name, label, hint, required, relevant and our own columns `section`,
`legal_basis`, `photo_when`, `note_when`, `code`), `choices` (list_name, name, label) and `settings`
(form_id, form_title and our own column `kind`).
"""

import re
from collections.abc import Mapping
from typing import Any

from server.checklist_forms.items import VALUES, Draft, Problem, make_draft
from server.checklist_forms.relevance import parse_relevant, write_relevant
from server.checklist_forms.workbook import Row, read_sheets

_SELECT_ONE = re.compile(r"select[_ ]one\s+(\S+)")
_PLAIN = {"text": "text", "string": "text", "decimal": "number", "integer": "number"}
#: what a form says about its own filling: the sync says it better
_METADATA = frozenset(
    {"start", "end", "today", "deviceid", "username", "phonenumber", "email", "audit"}
)
_BEGIN = frozenset({"begin_group", "begin group"})
_END = frozenset({"end_group", "end group"})
_YES = frozenset({"yes", "true", "true()", "是", "1"})
_NO = frozenset({"", "no", "false", "false()", "否", "0"})
_SEPARATORS = re.compile(r"[\s,，、]+")


def read_xlsform(raw: bytes) -> Draft:
    """The checklist in a workbook.

    Raises `checklist_unreadable`, `checklist_too_large`, or `checklist_invalid` with one entry in
    `details.errors` per cell to mend.
    """
    sheets = read_sheets(raw, ("survey", "choices", "settings"))
    problems = [
        Problem(1, "type", f"缺少工作表 {name}", name)
        for name in ("survey", "settings")
        if name not in sheets
    ]
    settings = sheets["settings"][0].cells if sheets.get("settings") else {}
    reading = _Survey(_choices(sheets.get("choices", []), problems), problems)
    for row in sheets.get("survey", []):
        reading.read(row)
    reading.finish()
    return make_draft(
        code=settings.get("form_id", ""),
        title=settings.get("form_title", ""),
        kind=settings.get("kind", "other"),
        items=reading.items,
        rows=reading.rows,
        problems=problems,
    )


def _choices(rows: list[Row], problems: list[Problem]) -> dict[str, list[dict[str, str]]]:
    lists: dict[str, list[dict[str, str]]] = {}
    for number, cells in rows:
        missing = [column for column in ("list_name", "name", "label") if not cells.get(column)]
        problems += [Problem(number, column, "不能为空", "choices") for column in missing]
        if not missing:
            option = {"value": cells["name"], "label": cells["label"]}
            lists.setdefault(cells["list_name"], []).append(option)
    for name, values in VALUES.items():
        if name in lists and {option["value"] for option in lists[name]} != set(values):
            message = f"选项表 {name} 须恰为 {'、'.join(values)}"
            problems.append(Problem(1, "list_name", message, "choices"))
    return lists


class _Survey:
    """Reads the rows of the sheet `survey` one after another."""

    def __init__(
        self, choices: Mapping[str, list[dict[str, str]]], problems: list[Problem]
    ) -> None:
        self.items: list[dict[str, Any]] = []
        self.rows: list[int] = []
        self._choices = choices
        self._problems = problems
        self._groups: list[tuple[int, str]] = []
        self._codes: dict[str, str] = {}

    def read(self, row: Row) -> None:
        type_ = row.cells.get("type", "").casefold()
        if type_ in _BEGIN:
            self._groups.append((row.number, row.cells.get("label", "")))
        elif type_ in _END:
            if not self._groups:
                self._problem(row, "type", "没有与之对应的 begin_group")
            else:
                self._groups.pop()
        elif type_ not in _METADATA:
            self._read_item(row)

    def finish(self) -> None:
        """Name the groups that nobody closed."""
        for number, _ in self._groups:
            self._problems.append(Problem(number, "type", "没有与之对应的 end_group"))

    def _read_item(self, row: Row) -> None:
        cells = row.cells
        kind, options = self._answer_kind(row)
        if not cells.get("name"):
            self._problem(row, "name", "不能为空")
        required = cells.get("required", "").casefold()
        if required not in _YES | _NO:
            self._problem(row, "required", "须为 yes 或 no")
        code = cells.get("code") or cells.get("name", "")
        item = {
            "code": code,
            "section": cells.get("section") or (self._groups[-1][1] if self._groups else ""),
            "text": cells.get("label", ""),
            "legal_basis": cells.get("legal_basis", ""),
            "answer_kind": kind,
            "options": options,
            "guidance": cells.get("hint", ""),
            "required": required in _YES,
            "requires_photo_when": _listed(cells.get("photo_when", "")),
            "requires_note_when": _listed(cells.get("note_when", "")),
            "relevant": self._relevant(cells.get("relevant", "")),
        }
        self._codes[cells.get("name", "")] = code
        if kind:
            self.items.append(item)
            self.rows.append(row.number)

    def _answer_kind(self, row: Row) -> tuple[str, list[dict[str, str]]]:
        """The kind of answer and its options; no kind where the type is none of ours."""
        written = row.cells.get("type", "")
        if select := _SELECT_ONE.fullmatch(written):
            if select[1] in VALUES:
                return select[1], []
            if select[1] in self._choices:
                return "select", self._choices[select[1]]
            self._problem(row, "type", f"工作表 choices 中没有选项表 {select[1]}")
            return "", []
        if kind := _PLAIN.get(written.casefold()):
            return kind, []
        allowed = "select_one verdict、select_one yes_no、select_one 选项表、text、decimal、integer"
        self._problem(row, "type", f"不支持类型“{written[:40]}”；可用：{allowed}")
        return "", []

    def _relevant(self, text: str) -> str:
        """The condition with the names of the form replaced by the codes they stand for."""
        conditions = parse_relevant(text)
        if not conditions:
            return text
        return write_relevant(conditions, lambda name: self._codes.get(name, name))

    def _problem(self, row: Row, column: str, message: str) -> None:
        self._problems.append(Problem(row.number, column, message))


def _listed(text: str) -> list[str]:
    return [value for value in _SEPARATORS.split(text) if value]
