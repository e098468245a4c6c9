import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.readme.launched import Launched, launched
from tests.readme.pages import PROJECT, READMES, shell_commands
from tests.server_process import free_port

pytestmark = pytest.mark.slow
DEVICE = {"name": "notebook", "platform": "test"}


def log_in(server: Launched, role: str) -> requests.Response:
    username, password = server.accounts()[role]
    body = {"username": username, "password": password, "device": DEVICE}
    return requests.post(f"{server.address}/api/v1/auth/login", json=body, timeout=30)


def play(command: str, server: Launched, store: Path) -> str:
    """One of the README's client commands, against this server and with a store of its own."""
    words = command.replace("http://127.0.0.1:8000", server.address).split()
    assert words[:3] == [".venv/bin/python", "-m", "client"]
    played = subprocess.run(
        [sys.executable, "-m", "client", "--store", str(store), *words[3:]],
        cwd=PROJECT, input=f"{server.accounts()['officer'][1]}\n",
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    return played.stdout


def test_from_an_empty_folder_to_a_login_and_a_clean_stop(tmp_path):
    folder = tmp_path / "data"
    with launched(folder, port=free_port()) as server:
        server.wait_until_ready()
        assert {role: log_in(server, role).status_code for role in server.accounts()} == {
            "officer": 200, "supervisor": 200, "admin": 200, "auditor": 200,
        }  # fmt: skip
        commands = [line for line in shell_commands(READMES[0]) if "-m client" in line]
        last_words = [play(command, server, tmp_path / "device.sqlite3") for command in commands]
        assert last_words[-1].count("  assigned\n") == 2
        for page in ("/", "/public/", "/api/v1/docs"):
            assert requests.get(server.address + page, timeout=30).status_code == 200
        assert server.stop() == 0
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "demo-accounts.txt").stat().st_mode) == 0o600


def test_a_second_start_keeps_the_accounts_and_the_sessions(tmp_path):
    folder = tmp_path / "data"
    with launched(folder, port=free_port()) as first:
        first.wait_until_ready()
        tokens = log_in(first, "supervisor").json()
        assert first.stop() == 0
    with launched(folder, port=free_port()) as second:
        second.wait_until_ready()
        answer = requests.get(
            f"{second.address}/api/v1/organisations",
            headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=30,
        )  # fmt: skip
        assert answer.status_code == 200
        assert second.accounts() == first.accounts()


def test_a_taken_port_is_said_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with launched(tmp_path / "data", port=port) as server:
            assert server.process.wait(60) == 1
            assert f"port {port} is taken" in server.log.read_text()
            assert not (tmp_path / "data" / "suijian.sqlite").exists()
