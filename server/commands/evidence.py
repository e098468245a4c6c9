"""`flask evidence …`: what an operator does for the photos that stand as evidence."""

import click

from server.commands.retention import retention_commands


@click.group("evidence")
def evidence_commands() -> None:
    """Photos as evidence: how long they are kept."""


evidence_commands.add_command(retention_commands)
