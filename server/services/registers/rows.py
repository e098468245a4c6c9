"""One row of a register file → the facts of an object, or what is wrong with it. Pure."""

import hashlib
from collections.abc import Callable, Mapping
from operator import gt
from typing import Any, NamedTuple, cast

import orjson

from server.services.registers import values
from server.services.registers.divisions import is_settled_code
from server.services.registers.files import Record
from server.services.registers.layouts import MARKET, Columns
from server.services.registers.proposals import STATED, propose_banner
from server.services.registers.texts import EMPTY_WORDS, is_plain, showable, storable, tidy
from server.services.registers.values import Fault
from server.sheets import as_it_was

MAX_CHARS = {
    "name": 300, "address": 500, "source_key": 100, "contact_name": 100, "contact_phone": 40,
    "tags": 2100, "enterprise_type": 100, "registered_capital": 100, "business_scope": 4000,
    "state_reason": 300,
}  # fmt: skip
DEFAULT_MAX_CHARS = 100
MAX_SHOWN_CHARS = 200  # of a refused value in the error file


_OPENING, _CLOSING = ("（".encode(), b"("), ("）".encode(), b")")


class Problem(NamedTuple):
    """Why a row was skipped: its line, the column's title, the value, a stable code, and the
    reason in Chinese."""

    line: int
    column: str
    value: str
    code: str
    reason: str


class Row(NamedTuple):
    """A sound row, ready to be stored. `facts` are what it says, as JSON; `why` says how the banner
    was found (a key of `proposals.WHY`); `digest` is of the facts. A row with an `object_id` is a
    person's correction of that object and says only what its columns name."""

    line: int
    source_key: str
    credit_code: str | None
    object_id: str | None
    division_code: str
    division_state: str
    proposed_division_code: str | None
    proposal_reason: str | None
    why: str
    digest: str
    facts: str


class RowReader:
    """Reads the rows of one file. `default_division` holds where a row names none."""

    def __init__(self, columns: Columns, *, default_division: str) -> None:
        self._columns = columns
        self._default_division = default_division
        self._limits = [MAX_CHARS.get(field or "", DEFAULT_MAX_CHARS) for field in columns.fields]
        self._given = {field for field in columns.fields if field}
        self._facts: Callable[[dict[str, str], list[Fault]], dict[str, Any]] = (
            values.market_facts if columns.layout is MARKET else values.template_facts
        )

    def read(self, record: Record) -> Row | list[Problem]:
        """The row, or all that is wrong with it."""
        if record.cells is None:
            reason = "引号或换行不成对，无法分清各列，请检查此行及其后"
            return [Problem(record.line, "", "", "malformed", reason)]
        if len(record.cells) != len(self._columns.fields):
            return [self._wrong_width(record, len(record.cells))]
        raw = dict(zip(self._columns.fields, record.cells, strict=True))
        cells = cast("dict[str, str]", raw)  # what stands under no header is in nobody's way
        faults: list[Fault] = []
        if not (is_plain(record.cells) and self._fit(record.cells)):
            cells.pop(cast(str, None), None)
            faults = _unfit_cells(cells)
            cells = {field: tidy(as_it_was(cell)) for field, cell in cells.items()}
        elif not EMPTY_WORDS.isdisjoint(record.cells):
            cells = {f: "" if cell in EMPTY_WORDS else cell for f, cell in cells.items()}
        facts = {} if faults else self._facts(cells, faults)
        if faults:
            return [self._problem(record.line, raw, fault) for fault in faults]
        return self._row(record.line, facts)

    def _fit(self, cells: list[str]) -> bool:
        return not any(map(gt, map(len, cells), self._limits))

    def _wrong_width(self, record: Record, width: int) -> Problem:
        reason = f"有 {width} 列，表头有 {len(self._columns.fields)} 列"
        return Problem(record.line, "", "", "columns", reason)

    def _problem(self, line: int, raw: Mapping[Any, str], fault: Fault) -> Problem:
        shown = showable(raw.get(fault.field, ""), maximum=MAX_SHOWN_CHARS)
        column = self._columns.titles.get(fault.field, fault.field)
        return Problem(line, column, shown, fault.code, fault.reason)

    def _row(self, line: int, facts: dict[str, Any]) -> Row:
        source_key = facts.pop("source_key")
        object_id = facts.pop("object_id", None)
        if object_id is not None:
            return self._correction(line, object_id, facts)
        facts["division_code"] = facts["division_code"] or self._default_division
        text = orjson.dumps(facts)
        place = find_place(facts["address"], facts["division_code"])
        return Row(
            line, source_key, facts["credit_code"], None, facts["division_code"], *place,
            _digest(text), text.decode(),
        )  # fmt: skip

    def _correction(self, line: int, object_id: str, facts: dict[str, Any]) -> Row:
        given = {field: value for field, value in facts.items() if field in self._given}
        code = given.get("division_code") or ""
        text = orjson.dumps(given)
        return Row(
            line, object_id, given.get("credit_code"), object_id, code, "", None, None, "corrected",
            _digest(text), text.decode(),
        )  # fmt: skip


class Place(NamedTuple):
    """How the division of an object stands, and why."""

    division_state: str
    proposed_division_code: str | None
    proposal_reason: str | None
    why: str


def find_place(address: str, division_code: str) -> Place:
    """Settled where a banner is named, else what the address proposes."""
    if is_settled_code(division_code):
        return _SETTLED
    proposal = propose_banner(address, division_code)
    state = "proposed" if proposal.code else "unknown"
    return Place(state, proposal.code, proposal.reason, proposal.why)


_SETTLED = Place("settled", None, None, STATED)


def _digest(facts: bytes) -> str:
    """The same for rows that differ in the width of brackets alone; the texts are tidy already."""
    return hashlib.sha256(facts.replace(*_OPENING).replace(*_CLOSING)).hexdigest()


def _unfit_cells(raw: Mapping[str, str]) -> list[Fault]:
    """Cells that are no data at all: unreadable bytes, formulas, endless texts."""
    faults = []
    for field, cell in raw.items():
        if not storable(cell):
            faults.append(Fault(field, "encoding", "有无法识别的字符，请另存为 UTF-8"))
        elif cell.lstrip().startswith(("=", "＝")):
            faults.append(Fault(field, "formula", "单元格是公式，请先粘贴为数值"))
        elif len(as_it_was(cell)) > (maximum := MAX_CHARS.get(field, DEFAULT_MAX_CHARS)):
            faults.append(Fault(field, "too_long", f"超过 {maximum} 个字"))
    return faults
