"""The field day is played whole; and it can fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fieldday.__main__ import ACTS
from tests.server_process import PROJECT

PATIENCE_SECONDS = 240
OURS = ("REGISTER", "PORT", "DATABASE_URL", "DATA_DIR")


def played(**environ: str) -> subprocess.CompletedProcess[str]:
    """One field day with these settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [sys.executable, "-m", "bench.fieldday"],
        cwd=PROJECT, env={**inherited, **environ}, timeout=PATIENCE_SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_day_in_the_field_ends_well_and_tells_every_act(database_url):
    day = played(DATABASE_URL=database_url)
    assert day.returncode == 0, day.stdout
    for number in range(1, len(ACTS) + 1):
        assert f"\nAct {number}. " in day.stdout
    for said in ("断点续传", "应答丢失", "改派", "抢救", "处理冲突", "公示", "public address"):
        assert said in day.stdout
    assert "✗" not in day.stdout


@pytest.mark.slow
def test_a_server_that_takes_no_photo_makes_the_day_fail_and_say_where():
    day = played(MAX_PHOTO_BYTES="100000")
    assert day.returncode == 1, day.stdout
    assert "✗ expected: the photo is verified" in day.stdout
    assert "seen:     {'declared': 1, 'received': 0, 'verified': 0" in day.stdout


def test_a_register_that_is_not_there_is_told_at_once(tmp_path):
    day = played(REGISTER=str(tmp_path / "nowhere.csv"))
    assert day.returncode == 2
    assert "there is no register at" in day.stdout


def test_the_help_teaches(tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-m", "bench.fieldday", "--help"], cwd=PROJECT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    for word in ("--keep", "REGISTER", "PORT", "DATABASE_URL", "Exit code"):
        assert word in ended.stdout
