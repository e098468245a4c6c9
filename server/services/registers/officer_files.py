"""Officers in from a file: new ones, and corrections of those that are known.

An officer is known by 编号, else by the certificate's number, else by name and organisation. A
register of officers has some thousand rows at most, so each is weighed by itself; the file is
stored whole or not at all.
"""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Officer, Organisation
from server.services.audit.acts import record_act
from server.services.registers.files import Record, open_table
from server.services.registers.layouts import OFFICERS, Columns, understand_header
from server.services.registers.officers import change_officer, create_officer
from server.services.registers.rows import MAX_SHOWN_CHARS, Problem
from server.services.registers.templates import NO, YES
from server.services.registers.texts import comparable, showable, storable, tidy
from server.services.registers.values import EXAMPLE_MARK, TAG_MARK, parse_day
from server.services.scope import Actor, in_scope
from server.sheets import as_it_was

MAX_ROWS = 20_000
MAX_CHARS = {"name": 100, "certificate_number": 64, "post": 64, "rank": 64, "organisation": 200}
MAX_SPECIALTIES = 20
MAX_SPECIALTY_CHARS = 40


@dataclass(kw_only=True)
class OfficersReport:
    """What an import of officers did, or in a dry run would do."""

    dry_run: bool
    rows: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


class _Fault(Exception):
    def __init__(self, field: str, code: str, reason: str) -> None:
        self.field, self.code, self.reason = field, code, reason
        super().__init__(code)


def import_officers(
    session: Session,
    *,
    actor: Actor,
    file: BinaryIO,
    filename: str = "",
    dry_run: bool = False,
    now: datetime,
) -> OfficersReport:
    """Store a file of officers inside the actor's part of the tree. A dry run must be rolled back
    by its caller. Raises `register_…` errors where it is no such file."""
    table = open_table(file)
    columns = understand_header(table.header, OFFICERS)
    work = _Import(session, actor, columns, now)
    report = OfficersReport(dry_run=dry_run)
    for record in table.records:
        report.rows += 1
        if report.rows > MAX_ROWS:
            raise DomainError("register_too_large", details={"max_rows": MAX_ROWS})
        work.take(record, report)
    told = {name: value for name, value in asdict(report).items() if name != "problems"}
    record_act(
        session, actor=actor, action="officers_imported", target_type="register",
        target_id=new_id(), now=now,
        after={"file": filename, **told, "skipped": len(report.problems)},
    )  # fmt: skip
    return report


class _Import:
    """One import under way: the organisations and officers of the actor's part of the tree."""

    def __init__(self, session: Session, actor: Actor, columns: Columns, now: datetime) -> None:
        self._session, self._actor, self._columns, self._now = session, actor, columns, now
        self._bodies = _bodies(session, actor)
        self._officers = {
            officer.id: officer
            for officer in session.scalars(
                select(Officer)
                .join(Organisation, Organisation.id == Officer.organisation_id)
                .where(in_scope(actor))
            )
        }
        self._lines: dict[str, int] = {}

    def take(self, record: Record, report: OfficersReport) -> None:
        """Store one row or tell what is wrong with it."""
        cells: dict[str, str] = {}
        try:
            cells = self._cells(record)
            officer, facts = self._read(cells)
            self._once(officer, facts, record.line)
            self._store(officer, facts, report, record.line)
        except _Fault as fault:
            title = self._columns.titles.get(fault.field, fault.field)
            value = showable(cells.get(fault.field, ""), maximum=MAX_SHOWN_CHARS)
            problem = Problem(record.line, title, value, fault.code, fault.reason)
            report.problems.append(problem)

    def _cells(self, record: Record) -> dict[str, str]:
        if record.cells is None or len(record.cells) != len(self._columns.fields):
            raise _Fault("", "columns", "列数与表头不符，或引号不成对")
        cells = {}
        for name, cell in zip(self._columns.fields, record.cells, strict=True):
            if name is None:
                continue
            if not storable(cell):
                raise _Fault(name, "encoding", "有无法识别的字符，请另存为 UTF-8")
            if cell.lstrip().startswith(("=", "＝")):
                raise _Fault(name, "formula", "单元格是公式，请先粘贴为数值")
            cells[name] = tidy(as_it_was(cell))
            if len(cells[name]) > MAX_CHARS.get(name, 1000):
                raise _Fault(name, "too_long", f"超过 {MAX_CHARS.get(name, 1000)} 个字")
        return cells

    def _read(self, cells: dict[str, str]) -> tuple[Officer | None, dict[str, Any]]:
        if cells["name"].startswith(EXAMPLE_MARK) and not cells.get("officer_id"):
            raise _Fault("name", "example", "这是模板中的示例行，未导入")
        for name in OFFICERS.required:
            if not cells[name]:
                raise _Fault(name, "required", "必填项为空")
        body = self._bodies.get(comparable(cells["organisation"]))
        if body is None:
            raise _Fault("organisation", "organisation_unknown", "辖区内没有这个机构，或不止一个")
        facts: dict[str, Any] = {"organisation_id": body}
        facts |= {name: cells[name] for name in ("name", "post", "rank") if name in cells}
        if "specialties" in cells:
            facts["specialties"] = _specialties(cells["specialties"])
        for name in ("lead_qualified", "active"):
            if name in cells:
                facts[name] = _truth(cells[name], name, default=name == "active")
        if "certificate_number" in cells:
            facts["certificate_number"] = cells["certificate_number"] or None
        if "certificate_expires_on" in cells:
            facts["certificate_expires_on"] = _day(cells["certificate_expires_on"])
        return self._known(cells, facts), facts

    def _known(self, cells: dict[str, str], facts: dict[str, Any]) -> Officer | None:
        if officer_id := cells.get("officer_id"):
            if officer_id not in self._officers:
                raise _Fault("officer_id", "officer_unknown", "辖区内没有这个编号的人员")
            return self._officers[officer_id]
        number = facts.get("certificate_number")
        for officer in self._officers.values():
            if number and officer.certificate_number == number:
                return officer
        if number:
            return None
        same = ("name", "organisation_id")
        for officer in self._officers.values():
            if officer.certificate_number is None and all(
                getattr(officer, name) == facts[name] for name in same
            ):
                return officer
        return None

    def _once(self, officer: Officer | None, facts: dict[str, Any], line: int) -> None:
        key = officer.id if officer else "\n".join(
            str(facts.get(name)) for name in ("certificate_number", "name", "organisation_id")
        )  # fmt: skip
        if first := self._lines.get(key):
            raise _Fault("name", "repeated", f"与第 {first} 行是同一人员")
        self._lines[key] = line

    def _store(
        self, officer: Officer | None, facts: dict[str, Any], report: OfficersReport, line: int
    ) -> None:
        try:
            if officer is None:
                made = create_officer(self._session, actor=self._actor, facts=facts, now=self._now)
                self._officers[made.id] = made
                self._lines[made.id] = line
                report.imported += 1
                return
            patch = {n: v for n, v in facts.items() if _as_written(getattr(officer, n)) != v}
            if not patch:
                report.unchanged += 1
                return
            change_officer(
                self._session, actor=self._actor, officer_id=officer.id, patch=patch, now=self._now
            )
            report.updated += 1
        except DomainError as error:
            if error.code != "certificate_taken":
                raise
            raise _Fault("certificate_number", error.code, error.message) from None


def _as_written(value: Any) -> Any:
    """What a file that was exported says of a value."""
    if isinstance(value, list):
        return _specialties(TAG_MARK.join(value))
    return tidy(value) if isinstance(value, str) else value


def _bodies(session: Session, actor: Actor) -> dict[str, str]:
    """Organisations by id, by name, and brigades by their division's code; ambiguous words of
    several are left out."""
    words: dict[str, set[str]] = {}
    rows = session.execute(
        select(Organisation.id, Organisation.name, Organisation.kind, Organisation.division_code)
        .where(in_scope(actor))
    )  # fmt: skip
    for row in rows:
        for word in (row.id, comparable(row.name), row.division_code):
            words.setdefault(word, set()).add(row.id)
    return {word: ids.pop() for word, ids in words.items() if len(ids) == 1}


def _specialties(text: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in text.split(TAG_MARK) if part.strip()))
    if len(found) > MAX_SPECIALTIES or any(len(one) > MAX_SPECIALTY_CHARS for one in found):
        reason = f"最多 {MAX_SPECIALTIES} 项，每项最多 {MAX_SPECIALTY_CHARS} 个字"
        raise _Fault("specialties", "specialties_too_many", reason)
    return found


def _truth(text: str, name: str, *, default: bool) -> bool:
    if not text:
        return default
    if text not in (YES, NO):
        raise _Fault(name, f"{name}_unknown", f"只能填写：{YES}、{NO}")
    return text == YES


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError:
        reason = "不是有效日期，请写成 2030-12-31"
        raise _Fault("certificate_expires_on", "date_invalid", reason) from None
