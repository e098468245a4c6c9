"""`flask registers …`: bring registers in, give them somewhere to live."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.clock import now
from server.db import Database
from server.errors import DomainError
from server.models import Organisation
from server.parts import parts
from server.services.registers.duplicates import find_duplicates
from server.services.registers.exporting import export_register
from server.services.registers.importing import (
    ImportReport,
    Progress,
    Staged,
    import_objects,
    stage_file,
)
from server.services.registers.jurisdiction import root_organisation
from server.services.registers.officer_files import import_officers
from server.services.registers.proposals import WHY
from server.services.registers.region import ensure_region
from server.services.registers.rows import Problem
from server.services.registers.templates import write_register_template
from server.services.scope import Actor
from server.sheets import CsvSheet

ERROR_COLUMNS = ("行号", "列", "值", "代码", "原因")

IMPORT_HELP = """Import inspection objects (检查对象) from FILE: CSV, CSV.xz or XLSX.

Two layouts are known by their headers. The market register: 企业名称, 统一社会信用代码, 注册日期,
企业类型, 注册资金, 经营范围, 所在省份, 地区, 注册地址. And a template of our own, in Chinese or
English: 名称 name, 统一社会信用代码 credit_code, 类别 kind (重点/一般/九小/其他),
九小类别 small_kind, 地址 address, 区划代码 division_code, 纬度 latitude, 经度 longitude, 标签 tags,
联系人 contact_name, 联系电话 contact_phone, 来源编号 source_key, 单位性质 nature; for corrections
also 编号 object_id, 状态 state, 状态说明 state_reason. 名称 and 地址 must be there; flask registers
template writes an empty one.

A file is stored whole or, when it breaks off, not at all. Rows with faults are skipped and told;
--errors writes them to a CSV. Running it again updates what changed in the file and leaves alone
what a person has edited since. Where a row names no banner (旗县区), one is proposed from its
address and waits in the queue (GET /api/v1/registers/divisions/queue).

A row whose credit code is known from elsewhere makes this file a further source of that object: it
fills what is empty, and where it says otherwise a person is asked. A row with 编号 is a person's
correction of that object (see flask registers export).

\b
Examples:
  flask registers seed-organisations
  flask registers import register.csv.xz --dry-run --errors faults.csv
  flask registers import register.csv.xz --errors faults.csv
  flask registers import small-places.xlsx --source 九小普查2026 --organisation 5f0c…

It ends with 1 only when not a single row could be read."""


@click.group("registers")
def registers_commands() -> None:
    """The registers (名录库): import objects, make the organisations."""


@registers_commands.command("seed-organisations", short_help="Make the region's organisations.")
@with_appcontext
def seed_organisations() -> None:
    """Make corps, detachments and brigades for every division that has none; safe to repeat."""
    with parts().database.write() as session:
        made = ensure_region(session, now=now())
    for kind in ("corps", "detachment", "brigade"):
        click.echo(f"{kind}: {made[kind]} made")


@registers_commands.command("import", help=IMPORT_HELP, short_help="Import objects from a file.")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--source", metavar="NAME", help="Provenance; by default named after the layout.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would happen.")
@click.option(
    "--errors", metavar="FILE.csv", type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the skipped rows.",
)  # fmt: skip
@click.option(
    "--organisation", "organisation_id", metavar="ID",
    help="Whose part of the tree the file is for; by default the whole tree.",
)  # fmt: skip
@with_appcontext
def import_register(
    path: Path, source: str | None, dry_run: bool, errors: Path | None, organisation_id: str | None
) -> None:
    """Import one file; the help text stands in IMPORT_HELP."""
    database = parts().database
    try:
        with database.read() as session:
            organisation = _organisation(session, organisation_id)
        with path.open("rb") as file, _bar("reading") as progress:
            staged = stage_file(
                file, default_division=organisation.division_code, progress=progress
            )
        try:
            report = _store(
                database, staged, organisation, source=source, filename=path.name, dry_run=dry_run
            )
            if errors:
                write_problems(staged.stage.problems(), errors)
        finally:
            staged.stage.close()
    except DomainError as error:
        raise click.ClickException(f"{error.message} {_details(error)}".strip()) from None
    except OperationalError:
        raise click.ClickException(DomainError("unavailable").message) from None
    click.echo(summary(report, staged.notes, errors))
    if report.rows == sum(report.skipped.values()):
        raise click.ClickException(DomainError("register_empty").message)


@registers_commands.command("export", short_help="Write objects or officers to a file.")
@click.argument("register", type=click.Choice(("objects", "officers")))
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export_command(register: str, path: Path) -> None:
    """Write the whole register to FILE (.csv or .xlsx), safe to open in a spreadsheet. Corrected
    there, it can be brought back with import; unchanged, it changes nothing."""
    form = _form(path)
    with parts().database.read() as session, path.open("wb") as file:
        count = export_register(
            session, actor=_operator(session), register=register, filters={}, form=form, file=file
        )
    click.echo(f"{count} {register} -> {path}")


@registers_commands.command("template", short_help="Write an empty file to fill in.")
@click.argument("register", type=click.Choice(("objects", "officers")))
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
def template_command(register: str, path: Path) -> None:
    """Write a template to FILE (.csv or .xlsx); as XLSX with lists to choose from and a sheet that
    explains each column. The example row is told apart and never imported."""
    with path.open("wb") as file:
        write_register_template(register, _form(path), file)
    click.echo(f"-> {path}")


@registers_commands.command("import-officers", short_help="Import officers from a file.")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would happen.")
@click.option(
    "--errors", metavar="FILE.csv", type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the skipped rows.",
)  # fmt: skip
@with_appcontext
def import_officers_command(path: Path, dry_run: bool, errors: Path | None) -> None:
    """Import officers (执法检查人员) from FILE, as `flask registers template officers`
    has it. An officer is known again by 编号, else by the certificate's number, else by name and
    organisation; a second run changes nothing."""
    try:
        with parts().database.write() as session, path.open("rb") as file:
            report = import_officers(
                session, actor=_operator(session), file=file, filename=path.name, dry_run=dry_run,
                now=now(),
            )  # fmt: skip
            if dry_run:
                session.rollback()
    except DomainError as error:
        raise click.ClickException(f"{error.message} {_details(error)}".strip()) from None
    if errors:
        write_problems(report.problems, errors)
    for name in ("rows", "imported", "updated", "unchanged"):
        click.echo(f"{name}: {getattr(report, name)}")
    click.echo(f"skipped: {len(report.problems)}")
    if report.rows == len(report.problems):
        raise click.ClickException(DomainError("register_empty").message)


def _form(path: Path) -> str:
    form = path.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise click.UsageError("FILE must end in .csv or .xlsx")
    return form


def _operator(session: Session) -> Actor:
    """The operator at the command line, who holds the whole tree."""
    root = root_organisation(session)
    return Actor(
        user_id="operator", name="operator", role="admin", organisation_id=root.id, path="/"
    )


@registers_commands.command("find-duplicates", short_help="Look for objects that may be one.")
@click.option("--practice", is_flag=True, help="Among the objects for practice (演练) instead.")
@with_appcontext
def find_duplicates_command(practice: bool) -> None:
    """Propose pairs of objects that may be one (疑似重复): alike name and address, or one legal
    person under two codes. Nothing is merged: people decide, at GET
    /api/v1/registers/duplicates. Safe to repeat; what was decided stays decided."""
    with _bar("comparing") as progress:
        search = find_duplicates(parts().database, practice=practice, now=now(), progress=progress)
    click.echo(
        f"objects: {search.objects}\nblocks with two or more: {search.blocks}\n"
        f"compared: {search.compared}\n"
        f"left out of {search.large_blocks} blocks that were too large: {search.cut}\n"
        f"pairs found: {search.found}\nproposed anew: {search.new}"
    )


def _organisation(session: Session, organisation_id: str | None) -> Organisation:
    if organisation_id is None:
        return root_organisation(session)
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise DomainError("not_found", message=f"没有编号为 {organisation_id} 的机构。")
    return found


def _store(
    database: Database,
    staged: Staged,
    organisation: Organisation,
    *,
    source: str | None,
    filename: str,
    dry_run: bool,
) -> ImportReport:
    transaction = database.read() if dry_run else database.write()
    with transaction as session, _bar("storing") as progress:
        return import_objects(
            session, actor=None, staged=staged, organisation=organisation, source=source,
            filename=filename, dry_run=dry_run, progress=progress, now=now(),
        )  # fmt: skip


@contextmanager
def _bar(label: str) -> Iterator[Progress]:
    with click.progressbar(length=1, label=label) as bar:

        def show(done: int, size: int) -> None:
            bar.length = size
            bar.update(done - bar.pos)

        yield show


def write_problems(problems: Iterable[Problem], path: Path) -> None:
    """Write every problem as a CSV that a spreadsheet opens in Chinese and without danger."""
    with path.open("wb") as file:
        sheet = CsvSheet(file)
        sheet.add(ERROR_COLUMNS)
        for problem in problems:
            sheet.add([str(cell) for cell in problem])
        sheet.finish()


def summary(report: ImportReport, notes: list[str], errors: Path | None) -> str:
    """What the import did, for the operator."""
    skipped = sum(report.skipped.values())
    lines = [
        *(f"note: {note}" for note in notes),
        f"source: {report.source}" + (" (dry run, nothing was written)" if report.dry_run else ""),
        f"rows read: {report.rows}",
        f"  imported:  {report.imported}",
        f"  updated:   {report.updated}",
        f"  attached:  {report.attached} (a further source of an object that was known)",
        f"  unchanged: {report.unchanged}",
        f"  skipped:   {skipped}",
        *(f"    {code}: {count}" for code, count in report.skipped.items()),
    ]
    if report.proposed:
        lines.append(f"contradictions put to the cleaning's leads: {report.proposed}")
    if report.divisions:
        lines.append("banners (旗县区) of imported and updated rows:")
        lines += [f"  {WHY[why]}: {count}" for why, count in report.divisions.items()]
    if errors:
        lines.append(f"skipped rows are listed in {errors}")
    return "\n".join(lines)


def _details(error: DomainError) -> str:
    return ", ".join(f"{name}: {value}" for name, value in error.details.items() if value)
