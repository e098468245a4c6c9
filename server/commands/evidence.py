"""`flask evidence …`: is the evidence what it was, and a package of it for others."""

from collections.abc import Iterator
from datetime import datetime, time
from itertools import islice
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from custody.verify import report, verify_path
from media.anchors import AnchorFolder
from media.errors import MediaError
from media.folders import move_durably
from server import clock
from server.clock import CHINA
from server.commands.retention import retention_commands
from server.errors import DomainError
from server.models import Task
from server.parts import parts
from server.services.custody.chains import is_known, photos_to_verify
from server.services.custody.faults import Checked, Fault, Selection
from server.services.custody.files import bytes_to_read, verify_files
from server.services.custody.packaging import (
    Package,
    gather_package,
    note_export,
    seal_task,
)
from server.services.custody.verifying import verify_ledgers

READABLE = 0o640


@click.group("evidence")
def evidence_commands() -> None:
    """Photos as evidence: their files, chains of custody, anchors, packages; how long they stay."""


evidence_commands.add_command(retention_commands)


@evidence_commands.command("verify")
@click.option("--photo", "photo_id", metavar="ID", help="this photo alone")
@click.option("--task", "task_id", metavar="ID", help="the photos of this task alone")
@click.option(
    "--since", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]),
    help="photos declared since this day (in China) alone",
)  # fmt: skip
@click.option("--all", "every", is_flag=True, help="name every fault, not the first alone")
@with_appcontext
def verify(photo_id: str | None, task_id: str | None, since: datetime | None, every: bool) -> None:
    """Read every file again, compute every chain anew, compare with every anchor.

    Files are the originals, what was made of them, and what was kept aside; it says how many of
    each it looked at. Ends with 0 if everything holds. Else it names the first fault (with --all,
    each), says what to do next, and ends with 1. docs/evidence/custody.md says what each fault
    means. It changes nothing, and may run while the server does.
    """
    begin = datetime.combine(since, time(), CHINA) if since else None
    selection, checked = Selection(photo_id=photo_id, task_id=task_id, since=begin), Checked()
    _require_known(selection)
    walk, faults = _walk(selection, checked), 0
    for fault in walk if every else islice(walk, 1):
        faults += 1
        click.echo(f"{fault.name}: {fault.subject}\n  next: {fault.next_step}")
    click.echo(f"looked at: {checked}" + (" (no further)" if faults and not every else ""))
    if faults:
        raise click.ClickException(f"{faults} {'faults' if faults > 1 else 'fault'} found")
    click.echo("all files, chains and anchors hold")


@evidence_commands.command("export")
@click.argument("task_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export(task_id: str, file: Path) -> None:
    """Write everything of task TASK_ID to FILE, a ZIP that anyone can verify offline.

    Record, originals, chains of custody and the proofs of their anchors; with a README in Chinese
    and a verifier that needs Python alone. The ledger of each photo and the audit trail say that it
    went out. An existing FILE is not replaced; FILE appears once it is whole.
    """
    if file.exists():
        raise click.ClickException(f"{file} exists; name another file")
    try:
        package = _prepare(task_id)
        _write(package, file)
    except (DomainError, MediaError) as error:
        details = getattr(error, "details", {})
        raise click.ClickException(f"{error.code}: {error.message} {details or ''}") from None
    click.echo(f"{file}: {len(package.photo_ids)} photos, {file.stat().st_size:,} bytes")
    click.echo(f"sha256 of manifest.json, as in the audit trail: {package.manifest_sha256}")


def _prepare(task_id: str) -> Package:
    database, media, now = parts().database, parts().media, clock.now()
    with database.write() as session:
        seal_task(session, task=_task(session, task_id), now=now)
    with database.read() as session:
        package = gather_package(
            session, task=_task(session, task_id), originals=media.originals,
            folder=AnchorFolder(parts().settings.anchors), now=now,
        )  # fmt: skip
    with database.write() as session:
        note_export(session, actor=None, package=package, now=now)
    return package


def _task(session: Session, task_id: str) -> Task:
    task = session.get(Task, task_id)
    if task is None:
        raise click.ClickException(f"no task {task_id}")
    return task


def _write(package: Package, file: Path) -> None:
    draft = file.with_name(f".{file.name}.part")
    try:
        with (
            draft.open("wb") as target,
            click.progressbar(length=package.size_bytes, label="writing") as bar,
        ):
            for block in package.stream():
                target.write(block)
                bar.update(len(block))
        move_durably(draft, file.absolute(), mode=READABLE)
    finally:
        draft.unlink(missing_ok=True)


@evidence_commands.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check(path: Path) -> None:
    """Verify the package PATH, a ZIP or the folder it was unpacked to.

    Needs no database and no setting; `python3 custody/verify.py PATH` does the same with nothing
    but Python. Ends with 1 and names every fault if something does not hold.
    """
    found = verify_path(path)
    click.echo(report(found))
    if found.faults:
        raise click.exceptions.Exit(1)


def _require_known(selection: Selection) -> None:
    """Nothing looked at is nothing found: a mistyped id must not pass for evidence that holds."""
    with parts().database.read() as session:
        if selection.task_id is not None:
            _task(session, selection.task_id)
        if selection.photo_id is not None and not is_known(session, selection.photo_id):
            raise click.ClickException(f"no photo {selection.photo_id}")


def _walk(selection: Selection, checked: Checked) -> Iterator[Fault]:
    database, media = parts().database, parts().media
    folder = AnchorFolder(parts().settings.anchors)
    with database.read() as session:
        photos = photos_to_verify(session, selection)
        size_bytes = bytes_to_read(session, selection)
    with click.progressbar(length=photos, label=f"{photos} photos: chains") as bar:
        yield from verify_ledgers(
            database, folder, selection=selection, checked=checked, advance=bar.update
        )
    label = f"{size_bytes / 1e6:,.1f} MB: files"
    with click.progressbar(length=size_bytes, label=label) as bar:
        yield from verify_files(
            database, media, selection=selection, checked=checked, advance=bar.update
        )
