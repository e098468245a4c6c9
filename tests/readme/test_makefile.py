import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.readme.pages import DOCUMENTS, PROJECT, READMES, shell_commands, text_of

MAKE = shutil.which("make") or "make"
TARGETS = text_of(PROJECT / "Makefile").partition(".PHONY:")[2].splitlines()[0].split()


def run_make(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        [MAKE, "--no-print-directory", *arguments],
        cwd=folder, env={**inherited, **environ}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def write_script(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile and the requirements, and nothing installed."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def test_make_alone_lists_every_target_with_its_purpose():
    listed = dict(re.findall(r"^make ([\w-]+) +(\S.*)$", run_make(PROJECT).stdout, re.MULTILINE))
    assert list(listed) == TARGETS


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_make_command_in_the_documents_exists(page):
    assert set(re.findall(r"`make ([\w-]+)", text_of(page))) <= set(TARGETS)


def test_every_make_command_of_the_readme_can_be_planned():
    commands = [line for line in shell_commands(READMES[0]) if line.startswith("make ")]
    assert commands == ["make run", "make test"]
    for command in commands:
        assert run_make(PROJECT, "--dry-run", *command.split()[1:]).returncode == 0


def test_without_a_fitting_python_make_says_what_is_missing(clone):
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        write_script(clone / "bin" / name, "exit 1")
    answer = run_make(clone, "run", PATH=str(clone / "bin"))
    assert answer.returncode == 2
    assert "Python 3.11 or newer" in answer.stderr
    assert not (clone / ".venv").exists()


def test_the_first_fitting_python_makes_the_environment(clone):
    write_script(clone / "bin" / "python3.13", "exit 1")
    write_script(clone / "bin" / "python3.12", f'echo "$@" >> "{clone}/asked"')
    run_make(clone, ".venv/bin/python", PATH=str(clone / "bin"))
    assert (clone / "asked").read_text().splitlines()[-1] == "-m venv .venv"


def test_dependencies_are_installed_once_and_again_when_they_change(clone):
    write_script(clone / ".venv" / "bin" / "python", f'echo "$@" >> "{clone}/asked"')

    def installs_so_far() -> int:
        assert run_make(clone, "run").returncode == 0
        asked = (clone / "asked").read_text()
        return asked.count("pip install")

    assert [installs_so_far(), installs_so_far()] == [1, 1]
    stamp = (clone / ".venv" / ".runtime-is-installed").stat().st_mtime
    os.utime(clone / "requirements.txt", (stamp + 10, stamp + 10))
    assert installs_so_far() == 2


def test_a_failed_install_is_tried_again(clone):
    write_script(clone / ".venv" / "bin" / "python", 'case "$*" in *pip*) exit 1;; esac')
    assert run_make(clone, "run").returncode == 2
    assert not (clone / ".venv" / ".runtime-is-installed").exists()
