"""Registers (名录库): bring a file of inspection objects in, whole or not at all (N13, N14, N16).

First `stage_file` reads and checks, away from the database. Then `import_objects` compares and
stores in the caller's one transaction. A row is known again by its source and its key there, so
that a second run changes nothing; what a person has edited or settled is left alone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Organisation
from server.services.audit.acts import record_act
from server.services.registers.concurrency import conflicts_told, hold_registers
from server.services.registers.files import open_table
from server.services.registers.jurisdiction import load_jurisdiction
from server.services.registers.known import KnownObjects
from server.services.registers.layouts import understand_header
from server.services.registers.loading import (
    ATTACHED,
    CHANGED,
    CORRECTED,
    NEW,
    OUTSIDE,
    TWIN,
    UNCHANGED,
    Loading,
)
from server.services.registers.object_documents import announce_objects, refresh_documents
from server.services.registers.reading import check_rows
from server.services.registers.stage import Stage
from server.services.scope import Actor

MAX_ROWS = 5_000_000
PRACTICE_SOURCE = "演练："

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
    how the banners of new and changed rows stand; `attached` rows are a further source of an object
    that was known, and `proposed` counts those that say otherwise than it stands."""

    source: str
    dry_run: bool
    rows: int
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    attached: int = 0
    proposed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    divisions: dict[str, int] = field(default_factory=dict)


def stage_file(
    file: BinaryIO, *, default_division: str, progress: Progress = no_progress
) -> Staged:
    """Read and check a whole file. Raises `register_…` errors where it is no register at all."""
    table = open_table(file)
    columns = understand_header(table.header)
    stage = Stage()
    try:
        for checked in check_rows(table, columns, default_division=default_division):
            stage.add(checked.rows)
            for problems in checked.refused:
                stage.refuse(problems)
            progress(table.position(), table.size)
            if stage.rows_read > MAX_ROWS:
                raise DomainError("register_too_large", details={"max_rows": MAX_ROWS})
    except BaseException:
        stage.close()
        raise
    progress(table.size, table.size)
    return Staged(stage=stage, source=columns.layout.source, notes=table.notes)


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
    problems in the stage. Leaves one audit entry, and one for each object that a row corrects.
    """
    if not dry_run:
        hold_registers(session)
    report = ImportReport(
        source=_source(source or staged.source, organisation),
        dry_run=dry_run,
        rows=staged.stage.rows_read,
    )
    loading = Loading(session, source=report.source, practice=organisation.practice, now=now)
    work = _Import(
        session=session, actor=actor, stage=staged.stage, report=report, loading=loading,
        organisation=organisation, now=now,
    )  # fmt: skip
    work.run(progress)
    loading.drop()
    if not dry_run:
        announce_objects(session, work.changed_documents)
        record_act(
            session, actor=actor, action="objects_imported", target_type="register",
            target_id=new_id(), after={"file": filename, **asdict(report)}, now=now,
        )  # fmt: skip
    return report


def _source(named: str, organisation: Organisation) -> str:
    """What a source is called: rows for practice (N7) know each other, and no real ones."""
    if organisation.practice:
        return f"{PRACTICE_SOURCE}{named}"
    if named.startswith(PRACTICE_SOURCE):
        raise DomainError("practice_word", details={"word": PRACTICE_SOURCE})
    return named


@dataclass(kw_only=True)
class _Import:
    """One import under way."""

    session: Session
    actor: Actor | None
    stage: Stage
    report: ImportReport
    loading: Loading
    organisation: Organisation
    now: datetime
    changed_documents: set[tuple[str, str]] = field(default_factory=set)

    def run(self, progress: Progress) -> None:
        """Load, compare, store."""
        total, done = max(self.stage.count(), 1), 0

        def loaded(rows: int) -> None:
            nonlocal done
            done += rows
            progress(done // 2, total)  # storing takes as long again

        jurisdiction = load_jurisdiction(self.session, path=self.organisation.path)
        self.loading.load(self.stage, jurisdiction, loaded)
        counts = self.loading.counts()
        divisions = self.loading.reasons()
        self.report.imported = counts[NEW]
        self.report.unchanged = counts[UNCHANGED]
        divisions += self._revise_known()
        if not self.report.dry_run:
            with conflicts_told():
                self.loading.insert_new()
        self.report.skipped = self.stage.skipped()
        self.report.divisions = dict(divisions.most_common())
        progress(total, total)

    def _revise_known(self) -> Counter[str]:
        """Bring known objects up to the rows that tell of them; gives how their banners stand."""
        divisions: Counter[str] = Counter()
        known = KnownObjects(
            self.session, actor=self.actor, source=self.report.source,
            organisation=self.organisation, dry_run=self.report.dry_run, now=self.now,
        )  # fmt: skip
        for batch in self.loading.met(OUTSIDE, TWIN, CHANGED, ATTACHED, CORRECTED):
            outcome = known.revise(batch)
            self.stage.note(*outcome.problems)
            self.report.updated += len(outcome.updated)
            self.report.attached += outcome.attached
            self.report.proposed += outcome.proposed
            self.report.unchanged += outcome.unchanged
            divisions.update(outcome.whys)
            if not self.report.dry_run:
                self.changed_documents |= refresh_documents(
                    self.session, outcome.updated, now=self.now
                )
        return divisions
