"""Registers (名录库): bring a file of inspection objects in, whole or not at all (N13, N14, N16).

First `stage_file` reads and checks, away from the database. Then `import_objects` compares and
stores in the caller's one transaction. A row is known again by its source and its key there, so
that a second run changes nothing; what a person has edited or settled is left alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Organisation
from server.services.audit.acts import record_act
from server.services.registers.concurrency import conflicts_told, hold_registers
from server.services.registers.files import Table, open_table
from server.services.registers.jurisdiction import Jurisdiction, load_jurisdiction
from server.services.registers.layouts import understand_header
from server.services.registers.object_documents import announce_objects, refresh_documents
from server.services.registers.rows import Problem, Row, RowReader
from server.services.registers.stage import Stage
from server.services.registers.store import Known, find_known, insert_objects, update_objects
from server.services.scope import Actor

BATCH_ROWS = 1000
MAX_ROWS = 5_000_000

Progress = Callable[[int, int], object]  # (done, of how much)


def no_progress(_done: int, _size: int) -> None:
    """For callers that show none."""


@dataclass(kw_only=True)
class Staged:
    """A file that was read and checked: its rows, its layout's own source, notes for people."""

    stage: Stage
    source: str
    notes: list[str]


@dataclass(kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do. `skipped` and `divisions` count by reason:
    how the banners of new and changed rows stand."""

    source: str
    dry_run: bool
    rows: int
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    divisions: dict[str, int] = field(default_factory=dict)


def stage_file(
    file: BinaryIO, *, default_division: str, progress: Progress = no_progress
) -> Staged:
    """Read and check a whole file. Raises `register_…` errors where it is no register at all."""
    table = open_table(file)
    columns = understand_header(table.header)
    reader = RowReader(columns, default_division=default_division)
    stage = Stage()
    try:
        _fill(stage, table, reader, progress)
    except BaseException:
        stage.close()
        raise
    return Staged(stage=stage, source=columns.layout.source, notes=table.notes)


def _fill(stage: Stage, table: Table, reader: RowReader, progress: Progress) -> None:
    batch: list[Row] = []
    for record in table.records:
        row = reader.read(record)
        if isinstance(row, Row):
            batch.append(row)
        else:
            stage.refuse(row)
        if len(batch) == BATCH_ROWS:
            stage.add(batch)
            batch = []
            progress(table.position(), table.size)
            if stage.rows_read > MAX_ROWS:
                raise DomainError("register_too_large", details={"max_rows": MAX_ROWS})
    stage.add(batch)
    progress(table.size, table.size)


def import_objects(
    session: Session,
    *,
    actor: Actor | None,
    staged: Staged,
    organisation: Organisation,
    source: str | None = None,
    filename: str = "",
    dry_run: bool = False,
    progress: Progress = no_progress,
    now: datetime,
) -> ImportReport:
    """Store the staged rows that are new or changed, inside one organisation's part of the tree.

    A dry run writes nothing and reports the same. Rows that cannot be stored are noted as
    problems in the stage. Leaves one audit entry.
    """
    if not dry_run:
        hold_registers(session)
    stage = staged.stage
    report = ImportReport(source=source or staged.source, dry_run=dry_run, rows=stage.rows_read)
    work = _Import(session, report, load_jurisdiction(session, path=organisation.path), now)
    total, done = stage.count(), 0
    for batch in stage.batches(BATCH_ROWS):
        stage.note(*work.store(batch))
        done += len(batch)
        progress(done, total)
    report.skipped = stage.skipped()
    report.divisions = dict(work.divisions.most_common())
    if not dry_run:
        announce_objects(session, work.changed_documents)
        record_act(
            session, actor=actor, action="objects_imported", target_type="register",
            target_id=new_id(), after={"file": filename, **asdict(report)}, now=now,
        )  # fmt: skip
    return report


class _Import:
    """One import under way."""

    def __init__(
        self, session: Session, report: ImportReport, jurisdiction: Jurisdiction, now: datetime
    ) -> None:
        self._session = session
        self._report = report
        self._jurisdiction = jurisdiction
        self._now = now
        self.changed_documents: set[tuple[str, str]] = set()
        self.divisions: Counter[str] = Counter()

    def store(self, rows: Sequence[Row]) -> list[Problem]:
        """Store one batch; gives the problems of rows that cannot be."""
        known = find_known(self._session, self._report.source, rows)
        new: list[tuple[Row, str, str]] = []
        changed: list[tuple[Row, str, str]] = []
        problems = []
        for row in rows:
            holder = self._jurisdiction.holder(row.division_code)
            present = known.by_key.get(row.source_key)
            if holder is None:
                problems.append(_outside(row))
            elif twin := _twin(row, known):
                problems.append(twin)
            elif present is None:
                new.append((row, new_id(), holder.id))
            elif present.digest != row.digest:
                changed.append((row, present.id, holder.id))
            else:
                self._report.unchanged += 1
        self._write(new, changed)
        return problems

    def _write(self, new: list[tuple[Row, str, str]], changed: list[tuple[Row, str, str]]) -> None:
        self._report.imported += len(new)
        self._report.updated += len(changed)
        self.divisions.update(row.why for row, _, _ in (*new, *changed))
        if self._report.dry_run:
            return
        with conflicts_told():
            insert_objects(self._session, new, source=self._report.source, now=self._now)
            update_objects(self._session, changed, now=self._now)
        ids = [object_id for _, object_id, _ in changed]
        self.changed_documents |= refresh_documents(self._session, ids, now=self._now)


def _outside(row: Row) -> Problem:
    reason = "该区划不在所选机构的辖区内"
    return Problem(row.line, "", row.division_code, "division_out_of_scope", reason)


def _twin(row: Row, known: Known) -> Problem | None:
    """The row's credit code stands with another object: a person must say which is right."""
    other = known.by_code.get(row.credit_code or "")
    present = known.by_key.get(row.source_key)
    if other is None or (present is not None and other.id == present.id):
        return None
    reason = f"该代码已登记在来源“{other.source}”的对象（{other.source_key}），未作改动"
    return Problem(row.line, "", row.credit_code or "", "credit_code_taken", reason)
