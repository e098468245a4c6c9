"""The command line in a process of its own, through a whole day."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.standin import Partner


class Shell:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, stdin: str = "", expect: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "client", "--store", str(self.folder / "d.sqlite3"), *words],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def run(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.slow
def test_a_day_on_the_command_line(
    run: Shell, partner: Partner, address: str, jpeg: Path, tmp_path: Path
) -> None:
    run("login", "--server", address, "zhang", stdin="pass-zhang\n")
    run("sync")
    assert "检2026-1" in run("tasks")
    run("start", "t1")
    run("answer", "t1", "A1", "fail", "--note", "二层堆放杂物")
    finding_id = run("finding", "t1", "title=疏散通道被占用", "quantity:=2").strip()
    run("edit", "finding", finding_id[:6], 'tags:=["通道"]', "location=")
    run("photo", str(jpeg), "answer", "t1.A1")
    page = run("show", "t1")
    assert "[fail] A1" in page
    assert "missing: answer for A2" in page
    assert finding_id in page
    assert "missing: answer for A2" in run("submit", "t1", expect=1)
    assert "waiting" in run("pending")
    assert "applied" in run("sync")
    assert run("pending") == ""
    assert partner.entities[("finding", finding_id)]["data"]["quantity"] == 2


def test_help_teaches_the_day(run: Shell) -> None:
    assert "A day in eleven commands" in run("--help")


def test_what_cannot_be_done_says_so_in_one_line(run: Shell) -> None:
    assert "SignInNeeded" in run("tasks", expect=2)
    assert "does not know its server" in run("login", "zhang", stdin="x\n", expect=2)
