"""`flask evidence …`: is the evidence what it was, and a package of it for others."""

from collections.abc import Iterator
from datetime import datetime, time
from itertools import islice

import click
from flask.cli import with_appcontext

from media.anchors import AnchorFolder
from server.clock import CHINA
from server.commands.retention import retention_commands
from server.parts import parts
from server.services.custody.chains import photos_to_verify
from server.services.custody.faults import Fault, Selection
from server.services.custody.files import bytes_to_read, verify_files
from server.services.custody.verifying import verify_ledgers


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
    """Read every original again, compute every chain anew, compare with every anchor.

    Ends with 0 if everything holds. Else it names the first fault (with --all, each), says what to
    do next, and ends with 1. docs/evidence/custody.md says what each fault means. It changes
    nothing, and may run while the server does.
    """
    begin = datetime.combine(since, time(), CHINA) if since else None
    walk = _walk(Selection(photo_id=photo_id, task_id=task_id, since=begin))
    faults = 0
    for fault in walk if every else islice(walk, 1):
        faults += 1
        click.echo(f"{fault.name}: {fault.subject}\n  next: {fault.next_step}")
    if faults:
        raise click.ClickException(f"{faults} {'faults' if faults > 1 else 'fault'} found")
    click.echo("all files, chains and anchors hold")


def _walk(selection: Selection) -> Iterator[Fault]:
    database, media = parts().database, parts().media
    folder = AnchorFolder(parts().settings.anchors)
    with database.read() as session:
        photos = photos_to_verify(session, selection)
        size_bytes = bytes_to_read(session, selection)
    with click.progressbar(length=photos, label=f"{photos} photos: chains") as bar:
        yield from verify_ledgers(database, folder, selection=selection, advance=bar.update)
    label = f"{size_bytes / 1e6:,.1f} MB: files"
    with click.progressbar(length=size_bytes, label=label) as bar:
        yield from verify_files(database, media, selection=selection, advance=bar.update)
