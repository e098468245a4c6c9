"""`flask …`: what an operator does at the command line."""

import click
from flask.cli import with_appcontext

from server.commands.audit import audit_commands
from server.commands.checklists import checklist_commands
from server.commands.demo import demo_commands
from server.commands.docs import docs_commands
from server.commands.draw import draw_commands
from server.commands.evidence import evidence_commands
from server.commands.jobs import job_commands
from server.commands.launch import launch
from server.commands.ledger import ledger_commands
from server.commands.media import media_commands
from server.commands.registers import registers_commands
from server.commands.sync import sync_commands
from server.commands.users import user_commands
from server.migrate import upgrade
from server.parts import parts


@click.group("db")
def db_commands() -> None:
    """The database: bring its tables up to date."""


@db_commands.command("upgrade")
@with_appcontext
def db_upgrade() -> None:
    """Bring the tables to the newest version; safe to repeat."""
    upgrade(parts().settings.database_url)
    click.echo("database is up to date")


COMMANDS: list[click.Command] = [
    db_commands,
    checklist_commands,
    registers_commands,
    audit_commands,
    ledger_commands,
    evidence_commands,
    job_commands,
    media_commands,
    sync_commands,
    user_commands,
    demo_commands,
    docs_commands,
    draw_commands,
    launch,
]
