import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme.pages import PROJECT, READMES, shell_commands

SERVER = ".venv/bin/python -m server "
COMMANDS = [line.removeprefix(SERVER) for line in shell_commands(READMES[0]) if SERVER in line]


def run_server(*arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if k not in {"SECRET_KEY", "DATABASE_URL"}}
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=PROJECT, env={**environ, "DATA_DIR": str(data_dir)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_explains_itself(command, tmp_path):
    words = [word for word in command.split() if word.islower()]
    answer = run_server(*words, "--help", data_dir=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "Usage: python -m server " + " ".join(words) in answer.stdout


def test_an_empty_folder_becomes_a_database(tmp_path):
    answer = run_server("db", "upgrade", data_dir=tmp_path / "data")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "data" / "suijian.sqlite").stat().st_size > 0


def test_the_api_describes_itself_into_a_file(tmp_path):
    answer = run_server("openapi", "write", str(tmp_path / "api.json"), data_dir=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert '"/api/v1/auth/login"' in (tmp_path / "api.json").read_text()
