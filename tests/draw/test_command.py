"""`draw verify`: three ways to call it, on a machine where nothing is set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from draw.command import main
from draw.pool import pool_lines
from tests.draw.worlds import VECTORS, vector

PROJECT = Path(__file__).parents[2]
PLAIN = str(VECTORS / "plain.json")
FLASK = str(Path(sys.executable).parent / "flask")
WAYS = {
    "python -m draw": [sys.executable, "-m", "draw"],
    "python -m server draw": [sys.executable, "-m", "server", "draw"],
    "flask draw": [FLASK, "draw"],
}


def run(*command):
    """Run a command with an empty environment, in the project."""
    return subprocess.run(
        command, cwd=PROJECT, env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_is_verified_where_nothing_is_set(way):
    answer = run(*WAYS[way], "verify", PLAIN)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("成立")
    assert vector("plain")["commitment"] in answer.stdout


@pytest.mark.parametrize("way", WAYS)
def test_the_help_teaches(way, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--help"], prog=way)
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for words in (f"Usage: {way} verify", "pool.ndjson", "Exit code", "compare the commitment"):
        assert words in said


def test_a_changed_bundle_is_refused_in_words_and_in_json(tmp_path, capsys):
    bundle = vector("plain")
    bundle["objects"][0]["rank"] = 2
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(bundle))
    assert main(["verify", str(changed)]) == 1
    said = capsys.readouterr().out
    for words in ("不成立", "[objects_differ] objects[0].rank", "expected: 1", "found: 2"):
        assert words in said
    assert main(["verify", "--json", str(changed)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["holds"], report["slot"]) == (False, bundle["slot"])
    (fault,) = report["faults"]
    assert {key: fault[key] for key in ("code", "path", "expected", "found")} == {
        "code": "objects_differ", "path": "objects[0].rank", "expected": "1", "found": "2"
    }  # fmt: skip
    assert fault["zh"].endswith("。")


def test_what_can_not_be_read_is_another_exit_code(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none.json")]) == 2
    assert "file_unreadable" in capsys.readouterr().out
    assert main(["verify", str(tmp_path)]) == 2
    (tmp_path / "bad.json").write_bytes(b"{")
    assert main(["verify", str(tmp_path / "bad.json")]) == 1


def test_the_pool_beside_the_bundle_is_found(tmp_path, capsys, monkeypatch):
    bundle = vector("plain")
    pool = bundle.pop("pool")
    (tmp_path / "x.v1.json").write_text(json.dumps(bundle))
    assert main(["verify", str(tmp_path / "x.v1.json")]) == 1
    assert "pool_missing" in capsys.readouterr().out
    beside = tmp_path / "x.v1.pool.ndjson"
    beside.write_bytes(b"".join(pool_lines(pool)))
    assert main(["verify", str(tmp_path / "x.v1.json")]) == 0
    monkeypatch.setattr("draw.command.LARGE_BYTES", 0)
    assert main(["verify", str(tmp_path / "x.v1.json")]) == 0
    beside.write_bytes(b"".join(pool_lines(pool[1:])))
    assert main(["verify", str(tmp_path / "x.v1.json")]) == 1


def test_a_terminal_sees_what_is_going_on(tmp_path, monkeypatch, capsys):
    bundle = vector("plain")
    pool = bundle.pop("pool")
    (tmp_path / "x.json").write_text(json.dumps(bundle))
    (tmp_path / "x.pool.ndjson").write_bytes(b"".join(pool_lines(pool)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["verify", str(tmp_path / "x.json")]) == 0
    seen = capsys.readouterr().err
    for words in ("读取抽取池", "100 %", "计算对象的球", "抽取人员"):
        assert words in seen
