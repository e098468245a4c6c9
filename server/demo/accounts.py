"""The demo accounts' passwords: made once per data folder, kept in a file for its owner alone."""

import secrets
from pathlib import Path
from typing import NamedTuple

from server.demo.brigade import ACCOUNTS
from server.local import kept_text

ACCOUNTS_FILE = "demo-accounts.txt"
TYPED_EASILY = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
PASSWORD_CHARS = 14  # of 31 signs: 69 bits


class Login(NamedTuple):
    """What to type; the password in the clear, because this is a demo."""

    role: str
    username: str
    password: str


def make_logins(data_dir: Path) -> list[Login]:
    """The demo logins of this data folder; made up at the first call."""
    proposal = [Login(account.role, account.username, _password()) for account in ACCOUNTS]
    kept_text(data_dir / ACCOUNTS_FILE, "".join(f"{' '.join(login)}\n" for login in proposal))
    return known_logins(data_dir)


def known_logins(data_dir: Path) -> list[Login]:
    """The demo logins that the folder's file still names; none without the file."""
    file = data_dir / ACCOUNTS_FILE
    if not file.exists():
        return []
    return [Login(*line.split()) for line in file.read_text("utf-8").splitlines()]


def _password() -> str:
    return "".join(secrets.choice(TYPED_EASILY) for _ in range(PASSWORD_CHARS))
