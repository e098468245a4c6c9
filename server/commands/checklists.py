"""`flask checklists …`: import from XLSForm or JSON, export, install the statutory lists."""

from pathlib import Path
from typing import Any

import click
import marshmallow as ma
import orjson
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.checklists import DraftSchema
from server import clock
from server.checklist_forms.items import Draft, make_draft
from server.checklist_forms.statutory import statutory_drafts
from server.checklist_forms.workbook import MAX_FILE_BYTES
from server.checklist_forms.xlsform_in import read_xlsform
from server.checklist_forms.xlsform_out import write_xlsform
from server.errors import DomainError
from server.models import Organisation
from server.parts import parts
from server.services.tasks.checklists import as_draft, newest_version, store_version

OWNER_HELP = "id of the organisation that owns a new code (the root of the tree when left out)"


@click.group("checklists")
def checklist_commands() -> None:
    """Checklists: versions of what is inspected."""


@checklist_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", "owner_id", help=OWNER_HELP)
@with_appcontext
def import_command(file: Path, owner_id: str | None) -> None:
    """Make a version from an XLSForm workbook (.xlsx) or from JSON (.json)."""
    try:
        _install([_read(file)], owner_id)
    except DomainError as error:
        raise click.ClickException(_told(error)) from None


@checklist_commands.command("statutory")
@click.option("--organisation", "owner_id", help=OWNER_HELP)
@with_appcontext
def statutory_command(owner_id: str | None) -> None:
    """Install the statutory lists for key units and small places; safe to repeat."""
    try:
        _install(statutory_drafts(), owner_id)
    except DomainError as error:
        raise click.ClickException(_told(error)) from None


@checklist_commands.command("export")
@click.argument("code")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--version", type=int, help="which version (the newest when left out)")
@with_appcontext
def export_command(code: str, file: Path, version: int | None) -> None:
    """Write a checklist as an XLSForm workbook (.xlsx) or as JSON (.json)."""
    try:
        with parts().database.read() as session:
            checklist = newest_version(session, code=code, version=version)
    except DomainError as error:
        raise click.ClickException(_told(error)) from None
    draft = as_draft(checklist)
    if file.suffix.lower() == ".json":
        file.write_bytes(orjson.dumps(vars(draft), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        with file.open("wb") as target:
            write_xlsform(draft, version=checklist.version, file=target)
    click.echo(f"{checklist.code} v{checklist.version} -> {file}")


def _read(file: Path) -> Draft:
    if file.suffix.lower() != ".json":
        with file.open("rb") as source:
            return read_xlsform(source.read(MAX_FILE_BYTES + 1))
    try:
        content: dict[str, Any] = DraftSchema().loads(file.read_text("utf-8"))
    except ma.ValidationError as error:
        raise DomainError("checklist_invalid", details={"errors": error.messages}) from None
    except ValueError as error:
        raise DomainError("checklist_unreadable", details={"reason": str(error)}) from None
    return make_draft(**content)


def _install(drafts: list[Draft], owner_id: str | None) -> None:
    with parts().database.write() as session:
        owner = _owner(session, owner_id)
        stored = [
            store_version(session, actor=None, owner_id=owner, draft=draft, now=clock.now())
            for draft in drafts
        ]
    for checklist, is_new in stored:
        state = "new version" if is_new else "unchanged"
        click.echo(f"{checklist.code} v{checklist.version} ({len(checklist.items)} items): {state}")


def _owner(session: Session, owner_id: str | None) -> str:
    query = select(Organisation.id).order_by(Organisation.path).limit(1)
    if owner_id is None:
        query = query.where(Organisation.parent_id.is_(None))
    else:
        query = query.where(Organisation.id == owner_id)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise DomainError("organisations_missing")
    return found


def _told(error: DomainError) -> str:
    """The message and one line for each thing to mend."""
    lines = [error.message]
    errors = error.details.get("errors", [])
    if isinstance(errors, list):
        lines += [
            f"  {each['sheet']} 第 {each['row']} 行 {each['column']}：{each['message']}"
            for each in errors
        ]
    else:
        lines.append(f"  {orjson.dumps(errors, option=orjson.OPT_NON_STR_KEYS).decode()}")
    if reason := error.details.get("reason"):
        lines.append(f"  {reason}")
    return "\n".join(lines)
