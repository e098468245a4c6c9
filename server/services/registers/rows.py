"""One row of a register file → the facts of an object, or what is wrong with it. Pure."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from server.services.registers import values
from server.services.registers.divisions import is_settled_code
from server.services.registers.files import Record
from server.services.registers.layouts import MARKET, Columns
from server.services.registers.proposals import STATED, propose_banner
from server.services.registers.texts import storable, tidy
from server.services.registers.values import Fault

MAX_CHARS = {
    "name": 300, "address": 500, "source_key": 100, "contact_name": 100, "contact_phone": 40,
    "tags": 500, "enterprise_type": 100, "registered_capital": 100, "business_scope": 4000,
}  # fmt: skip
DEFAULT_MAX_CHARS = 100
MAX_SHOWN_CHARS = 200  # of a refused value in the error file


class Problem(NamedTuple):
    """Why a row was skipped: its line, the column's title, the value, a stable code, and the
    reason in Chinese."""

    line: int
    column: str
    value: str
    code: str
    reason: str


class Row(NamedTuple):
    """A sound row, ready to be stored. `payload` is the object's columns as JSON; `why` says how
    the banner was found (a key of `division_proposals.WHY`); `digest` is of the facts."""

    line: int
    source_key: str
    credit_code: str | None
    division_code: str
    why: str
    digest: str
    payload: bytes


class RowReader:
    """Reads the rows of one file. `default_division` holds where a row names none."""

    def __init__(self, columns: Columns, *, default_division: str) -> None:
        self._columns = columns
        self._default_division = default_division
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
        raw = {
            field: cell
            for field, cell in zip(self._columns.fields, record.cells, strict=True)
            if field
        }
        faults = _unfit_cells(raw)
        facts = {} if faults else self._facts({f: tidy(cell) for f, cell in raw.items()}, faults)
        if faults:
            return [self._problem(record.line, raw, fault) for fault in faults]
        return self._row(record.line, facts)

    def _wrong_width(self, record: Record, width: int) -> Problem:
        reason = f"有 {width} 列，表头有 {len(self._columns.fields)} 列"
        return Problem(record.line, "", "", "columns", reason)

    def _problem(self, line: int, raw: dict[str, str], fault: Fault) -> Problem:
        shown = raw.get(fault.field, "")[:MAX_SHOWN_CHARS]
        column = self._columns.titles.get(fault.field, fault.field)
        return Problem(line, column, shown, fault.code, fault.reason)

    def _row(self, line: int, facts: dict[str, Any]) -> Row:
        source_key = facts.pop("source_key")
        facts["division_code"] = facts["division_code"] or self._default_division
        digest = _digest(facts)
        why = _place(facts)
        facts.update(source_key=source_key, source_digest=digest)
        return Row(
            line, source_key, facts["credit_code"], facts["division_code"], why, digest,
            orjson.dumps(facts),
        )  # fmt: skip


def _digest(facts: dict[str, Any]) -> str:
    """The same for rows that differ in the width of brackets alone; the texts are tidy already."""
    same = orjson.dumps(facts).replace("（".encode(), b"(").replace("）".encode(), b")")
    return hashlib.sha256(same).hexdigest()


def _place(facts: dict[str, Any]) -> str:
    """Add the division's state, and a proposal where the source names no banner; gives why."""
    if is_settled_code(facts["division_code"]):
        facts.update(division_state="settled", proposed_division_code=None, proposal_reason=None)
        return STATED
    proposal = propose_banner(facts["address"], facts["division_code"])
    facts.update(
        division_state="proposed" if proposal.code else "unknown",
        proposed_division_code=proposal.code,
        proposal_reason=proposal.reason,
    )
    return proposal.why


def _unfit_cells(raw: dict[str, str]) -> list[Fault]:
    """Cells that are no data at all: unreadable bytes, formulas, endless texts."""
    faults = []
    all_storable = storable("".join(raw.values()))
    for field, cell in raw.items():
        if not all_storable and not storable(cell):
            faults.append(Fault(field, "encoding", "有无法识别的字符，请另存为 UTF-8"))
        elif cell.lstrip().startswith(("=", "＝")):
            faults.append(Fault(field, "formula", "单元格是公式，请先粘贴为数值"))
        elif len(cell) > (maximum := MAX_CHARS.get(field, DEFAULT_MAX_CHARS)):
            faults.append(Fault(field, "too_long", f"超过 {maximum} 个字"))
    return faults
