"""`flask sync …`: what an operator does for the feeds."""

import click
from flask.cli import with_appcontext

from server import clock
from server.parts import parts
from server.services.sync.compaction import compact, count_due
from server.services.sync.epoch import begin_epoch

COMPACT_HELP = """Drop tombstones from the feeds that are older than TOMBSTONE_DAYS.

An entity that was deleted, or that left an officer's hands, leaves a tombstone in the feed, so that
devices which were away hear of it. Once it is old enough it is dropped, and the feed's floor rises:
a device that was away for longer is told to fetch all anew and to keep what it has yet to send.
History, receipts and the audit trail are never touched.

The age is told by marks that a sweep makes: a tombstone goes once it has lain there for
TOMBSTONE_DAYS since the first sweep after it. So on a new database nothing is due for that long.
It is safe beside the running server, to repeat and to interrupt; `flask jobs run` does it every
six hours.

\b
Examples:
  flask sync compact --dry-run    how many are due; changes nothing
  flask sync compact"""


@click.group("sync")
def sync_commands() -> None:
    """The feeds of the devices: compaction, and what follows a restored backup."""


@sync_commands.command("compact", help=COMPACT_HELP)
@click.option("--dry-run", is_flag=True, help="only say how many tombstones are due")
@with_appcontext
def compact_feeds(dry_run: bool) -> None:
    """Drop what is due, batch by batch."""
    database, days = parts().database, parts().settings.tombstone_days
    with database.read() as session:
        due = count_due(session, now=clock.now(), tombstone_days=days)
    if dry_run:
        click.echo(f"{due} tombstones are older than {days} days; nothing was changed")
        return
    removed = 0
    with click.progressbar(length=due, label="compacting") as bar:
        for count in compact(database, now=clock.now(), tombstone_days=days):
            removed += count
            bar.update(count)
    click.echo(f"dropped {removed} tombstones older than {days} days")


EPOCH_HELP = """Begin a new epoch: run it after a backup was restored, before devices are let in.

The database has forgotten what came after the backup; devices have not. In a new epoch each of them
fetches all anew, keeps what it has yet to send, and asks about what it sent in the last
KEEP_SENT_DAYS: what the server has forgotten is sent again. What the office itself did since the
backup, at the consoles, has to be done again.

All versions move up, so it takes about a minute for two million documents, and pushes wait for it.
To run it without need costs each device one full fetch, and nothing else.

\b
Example:
  flask db upgrade && flask sync new-epoch"""


@sync_commands.command("new-epoch", help=EPOCH_HELP)
@with_appcontext
def new_epoch() -> None:
    """Begin it."""
    with parts().database.write() as session:
        epoch = begin_epoch(session, actor=None, reason="asked by an operator", now=clock.now())
    click.echo(f"epoch {epoch} has begun: every device will fetch all anew and keep its own work")
