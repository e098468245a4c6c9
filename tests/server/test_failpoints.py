"""Fail points: each is where it says, none can be switched on from outside, none leaves a half."""

import ast
import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import text

from server import failpoints
from server.config import Settings
from tests.server.sync.ops import new_finding, op

SERVER = Path(failpoints.__file__).parent
WRITTEN = ("receipts", "history", "audit", "documents", "feed_entries", "feed_heads")
#: in the order in which a push comes by
ON_THE_WAY = [
    "push.checked", "push.device_held", "push.tasks_locked", "push.merged",
    "push.documents_written", "feed.raised", "feed.written", "push.receipts_written",
    "write.ready", "write.committed", "push.committed",
]  # fmt: skip


class Struck(Exception):
    """What an armed point raises."""


@pytest.fixture
def armed(monkeypatch):
    """Arm the points for one test."""
    acts: list[failpoints.Act] = []
    monkeypatch.setattr(failpoints, "_acts", acts)
    return acts.append


def rows(world):
    with world.parts.database.read() as session:
        return {
            name: [tuple(row) for row in session.execute(text(f"SELECT * FROM {name}"))]
            for name in WRITTEN
        }


def named_in_the_code():
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "reach":
                (name,) = node.args
                yield ast.literal_eval(name)


def test_each_point_stands_at_one_place_in_the_code():
    assert Counter(named_in_the_code()) == Counter(failpoints.POINTS.keys())


def test_no_setting_arms_a_point():
    names = [spec.metadata["env"] for spec in fields(Settings)]
    assert not [name for name in names if "FAIL" in name or "CHAOS" in name]


def test_the_entry_point_of_a_deployment_arms_nothing_whatever_the_environment_says(tmp_path):
    asked = dict.fromkeys(("FAIL_POINTS", "SUIJIAN_FAILPOINTS", "CHAOS", "TESTING"), "1")
    code = "import wsgi; from server import failpoints; print(failpoints._acts)"
    environ = {
        **os.environ, **asked, "SECRET_KEY": "x" * 32, "DATA_DIR": str(tmp_path), "ENV": "test",
    }  # fmt: skip
    told = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=SERVER.parent, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_a_push_comes_by_each_of_its_points_in_order(world, armed):
    seen: list[str] = []
    task = world.task()
    armed(seen.append)
    world.lead.push(op("record", task, {"unit_name": "小吃店"}))
    assert seen == ON_THE_WAY


@pytest.mark.parametrize("point", ON_THE_WAY)
def test_a_push_that_fails_leaves_nothing_or_all_and_is_the_same_when_repeated(world, armed, point):
    task = world.task()
    ops = [new_finding("f1", task, notes="一"), op("record", task, {"unit_name": "小吃店"})]
    before, struck = rows(world), []

    def strike(reached: str) -> None:
        if reached == point and not struck:
            struck.append(reached)
            raise Struck

    armed(strike)
    answer = world.lead.post("/sync/push", {"device_time": None, "schema_version": 1, "ops": ops})
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    committed = point in ("write.committed", "push.committed")
    assert (rows(world) == before) is not committed
    first = world.lead.push(*ops)
    after = rows(world)
    assert {result["status"] for result in first} == {"applied"}
    assert len(after["receipts"]) == len(ops)
    assert world.lead.push(*ops) == first
    assert rows(world) == after
