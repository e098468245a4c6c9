"""The house: a data folder of its own, the operators' commands, a server that can be killed."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import requests

from tests.server_process import PROJECT, ServerProcess, free_port

ACCOUNTS = "demo-accounts.txt"
LOG_SIGNS = 3000


class CommandFailed(Exception):
    """A command ended with an error; it has said why."""


class House:
    """One installation. `DATABASE_URL` and other settings of the environment are respected."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        port = port or free_port()
        self.environ = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATA_DIR": str(self.data_dir),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        self.server = ServerProcess(self.environ, folder=folder, port=port, threads=8)

    @property
    def api(self) -> str:
        """Where the API begins."""
        return self.server.api

    def command(self, *words: str | Path) -> None:
        """Run `flask …` as an operator does; its output and progress bars are shown. Raises
        CommandFailed."""
        spoken = " ".join(str(word) for word in words)
        print(f"  $ flask {spoken}", flush=True)
        ended = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *map(str, words)],
            cwd=PROJECT, env={**os.environ, "LOG_LEVEL": "WARNING", **self.environ}, check=False,
        )  # fmt: skip
        if ended.returncode:
            raise CommandFailed(f"flask {spoken} ended with {ended.returncode}")

    def password_of(self, username: str) -> str:
        """A demo account's password. Raises CommandFailed where the demo was not seeded."""
        file = self.data_dir / ACCOUNTS
        if not file.exists():
            raise CommandFailed(
                "this database is in use: name an empty one in DATABASE_URL, or none"
            )
        logins = [line.split() for line in file.read_text("utf-8").splitlines()]
        return next(password for _, name, password in logins if name == username)

    def is_alive(self) -> bool:
        """Whether anybody answers."""
        try:
            return requests.get(f"{self.server.url}/healthz", timeout=10).ok
        except requests.ConnectionError:
            return False

    def end_of_log(self) -> str:
        """What the server wrote last."""
        log = self.server.log
        return log.read_text(errors="replace")[-LOG_SIGNS:] if log.exists() else ""

    def file_named(self, sha256: str) -> Path | None:
        """The file in the data folder that is named by this digest."""
        return next((file for file in self.data_dir.rglob(f"{sha256}*") if file.is_file()), None)
