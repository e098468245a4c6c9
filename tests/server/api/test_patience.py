"""Rule 12, its first half: a busy server asks for patience, on success too, and never piles up."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask import Response

from server.api.errors import PAUSE_SECONDS
from server.api.patience import HIGH_WATER, UnderWay
from server.db import Database
from tests.server.sync.ops import new_finding

THREADS = 8
MARK = int(THREADS * HIGH_WATER)
PAUSES = {str(seconds) for seconds in range(PAUSE_SECONDS, 2 * PAUSE_SECONDS + 1)}
IMPATIENT_SECONDS = 0.05


def backoff_amid(under_way: UnderWay, count: int) -> str | None:
    """What the last of so many requests under way is told."""

    def app(left, _start):
        return counted(left - 1, _start) if left else under_way.ask_for_pause(Response())

    counted = under_way.counting(app)
    return counted(count - 1, None).headers.get("Backoff")


def test_a_pause_is_asked_for_when_nearly_all_threads_are_at_work():
    under_way = UnderWay(THREADS)
    assert backoff_amid(under_way, MARK) is None
    assert backoff_amid(under_way, MARK + 1) in PAUSES
    assert backoff_amid(under_way, MARK) is None


def test_a_request_that_failed_is_under_way_no_more():
    under_way = UnderWay(THREADS)
    for _ in range(THREADS):
        with pytest.raises(ZeroDivisionError):
            under_way.counting(lambda *_: 1 / 0)({}, None)
    assert backoff_amid(under_way, 1) is None


def test_devices_told_alike_do_not_come_back_alike():
    under_way = UnderWay(THREADS)
    assert len({backoff_amid(under_way, THREADS) for _ in range(200)}) > 1


def test_a_quiet_server_asks_for_nothing(world):
    answer = world.lead.get("/sync/capabilities")
    assert not {"Backoff", "Retry-After"} & set(answer.headers.keys())


@pytest.fixture
def impatient(world):
    """The same server, whose requests wait for the database but a moment."""
    url = world.parts.settings.database_url
    database = Database(url, wait_seconds=IMPATIENT_SECONDS)
    world.app.extensions["suijian"] = replace(world.parts, database=database)
    yield database
    database.engine.dispose()


def occupy(database: Database, stack: ExitStack) -> None:
    """Take what a push needs: the one turn to write, or every connection of the pool."""
    if database.is_sqlite:
        stack.enter_context(database.write())
        return
    pool = database.engine.pool
    for _ in range(pool.size() + pool._max_overflow):
        stack.enter_context(database.engine.connect())


def test_who_waits_too_long_is_told_to_come_later_and_nothing_is_lost(world, impatient):
    task = world.task()
    op = new_finding("f1", task)
    body = {"schema_version": 1, "ops": [op]}
    with ExitStack() as stack:
        occupy(impatient, stack)
        refused = world.lead.post("/sync/push", body)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert refused.headers["Retry-After"] in PAUSES
    assert world.lead.push(op)[0]["status"] == "applied"
