"""`flask users …`: accounts from the command line, the first one above all."""

import re
import sys

import click
from flask.cli import with_appcontext

from schemas.auth import ROLES, USERNAME_PATTERN
from server import clock
from server.errors import DomainError
from server.parts import parts
from server.services.accounts.passwords import hash_password, require_acceptable
from server.services.accounts.users import create_user


@click.group("users")
def user_commands() -> None:
    """Accounts: who may log in."""


@user_commands.command("create")
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--organisation", "organisation_id", required=True, help="id of the organisation")
@click.option("--officer", "officer_id", help="id of the officer; required for the role officer")
@click.option("--name", help="as people call them; the username when not given")
@with_appcontext
def create(
    username: str, role: str, organisation_id: str, officer_id: str | None, name: str | None
) -> None:
    """Make an account. The password is asked for, or read from standard input: never an argument,
    which every process on the machine could see."""
    if not re.fullmatch(USERNAME_PATTERN, username):
        raise click.BadParameter(
            "small letters, digits, Chinese, . _ -; 2 to 64", param_hint="USERNAME"
        )
    password = _read_password()
    try:
        require_acceptable(password)
        with parts().database.write() as session:
            user = create_user(
                session,
                actor=None,
                username=username,
                password_hash=hash_password(password),
                name=name or username,
                role=role,
                organisation_id=organisation_id,
                officer_id=officer_id,
                now=clock.now(),
            )
    except DomainError as error:
        raise click.ClickException(f"{error.code}: {error.message} {error.details}") from None
    click.echo(f"created {user.username} ({user.role}), id {user.id}")


def _read_password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")
