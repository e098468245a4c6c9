"""`flask draw …`: replay a published draw. It is `python -m draw`, under the name of the others."""

import sys
from collections.abc import Sequence

import click
from flask import Flask

from draw.command import main


@click.group("draw")
def draw_commands() -> None:
    """The draw (抽取): replay what was published."""


@draw_commands.command(
    "verify",
    short_help="Replay a published draw and say whether it holds.",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def verify(context: click.Context, arguments: Sequence[str]) -> None:
    """Verify one bundle; the help text is draw's own."""
    parent = context.parent.command_path if context.parent else "flask draw"
    context.exit(main(["verify", *arguments], prog=parent))


def is_asked_for() -> bool:
    """Whether this process runs `flask draw …`, which needs no setting and opens no database."""
    return sys.argv[1:2] == [draw_commands.name]


def app_for_draw_alone() -> Flask:
    """An application that can replay draws and nothing else, on a machine where nothing is set."""
    app = Flask("server")
    app.cli.add_command(draw_commands)
    return app
