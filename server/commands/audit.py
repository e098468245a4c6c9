"""`flask audit …`: is the audit trail what it was?"""

import click
from flask.cli import with_appcontext

from server import clock
from server.parts import parts
from server.services.audit.chain import seal_batch, verify


@click.group("audit")
def audit_commands() -> None:
    """The audit trail and its chain."""


@audit_commands.command("verify")
@with_appcontext
def verify_chain() -> None:
    """Walk the chain from its first seal; fails and names the first fault."""
    with parts().database.read() as session:
        found = verify(session)
    if found.fault is not None:
        fault = found.fault
        entry = f", audit entry {fault.audit_id}" if fault.audit_id is not None else ""
        raise click.ClickException(f"fault at seal {fault.position}{entry}: {fault.reason}")
    click.echo(f"{found.sealed} entries are sealed and unchanged; head {found.head}")
    if found.unsealed:
        click.echo(f"{found.unsealed} wait to be sealed")


@audit_commands.command("seal")
@with_appcontext
def seal_all() -> None:
    """Seal now whatever is not sealed yet, however old."""
    total = 0
    while sealed := _seal_one_batch():
        total += sealed
    click.echo(f"sealed {total} entries")


def _seal_one_batch() -> int:
    with parts().database.write() as session:
        return seal_batch(session, now=clock.now(), everywhere=True)
