"""`flask demo …`: the invented brigade for whoever looks at Suijian first."""

import click
from flask.cli import with_appcontext

from server.clock import now
from server.demo.accounts import ACCOUNTS_FILE
from server.demo.seed import seed_demo_once
from server.parts import parts


@click.group("demo")
def demo_commands() -> None:
    """Demo data: an invented brigade."""


@demo_commands.command("seed")
@with_appcontext
def seed() -> None:
    """Fill an empty database; one that has organisations is left as it is."""
    data_dir = parts().settings.data_dir
    if seed_demo_once(parts().database, data_dir=data_dir, now=now()):
        click.echo(f"the demo brigade is there; its passwords are in {data_dir / ACCOUNTS_FILE}")
    else:
        click.echo("nothing done: this database has organisations already")
