"""Rule 2: the order of `seq` is the order of commit, so a reader never skips a row."""

import time

import pytest
from sqlalchemy import text

from server.db import Database
from server.services.sync.feed import FeedItem, announce
from tests.concurrency.people import PATIENCE_SECONDS, PROCESSES, Badge, all_done, started
from tests.server.sync.ops import new_finding

WRITERS, PUSHES = 3, 25


def announce_and_wait(url, name, announced, may_commit):
    """Take a number from the feed and keep the transaction open until told."""
    with Database(url).write() as session:
        announce(session, [FeedItem("o", "finding", name)])
        announced.set()
        assert may_commit.wait(PATIENCE_SECONDS)


def test_a_later_number_is_not_given_before_the_earlier_one_is_committed(database_url):
    first_announced, second_announced = PROCESSES.Event(), PROCESSES.Event()
    go_first, go_second = PROCESSES.Event(), PROCESSES.Event()
    first = started(announce_and_wait, database_url, "a", first_announced, go_first)
    assert first_announced.wait(PATIENCE_SECONDS)
    go_second.set()
    second = started(announce_and_wait, database_url, "b", second_announced, go_second)
    watcher = Database(database_url)
    if not watcher.is_sqlite:
        wait_until_somebody_waits_for_a_lock(watcher)
    assert not second_announced.is_set()
    assert numbers(watcher) == []
    go_first.set()
    all_done([first, second])
    assert numbers(watcher) == [("a", 1), ("b", 2)]
    watcher.engine.dispose()


def wait_until_somebody_waits_for_a_lock(database):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.read() as session:
            waiting = session.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            ).scalar_one()
        if waiting:
            return
    pytest.fail("the second writer never came to wait")


def numbers(database):
    with database.read() as session:
        rows = session.execute(text("SELECT id, seq FROM feed_entries ORDER BY seq"))
        return [tuple(row) for row in rows]


def push_findings(badge, task_ids, start):
    caller = badge.caller()
    assert start.wait(PATIENCE_SECONDS) >= 0
    for number in range(PUSHES):
        task_id = task_ids[number % len(task_ids)]
        results = caller.push(
            *(new_finding(f"{badge.device_id}-{number}-{i}", task_id) for i in range(3))
        )
        assert {result["status"] for result in results} == {"applied"}


def read_on(badge, start, expected, seen):
    """Follow the cursor from the first moment until all is there; report in what order it came."""
    caller = badge.caller()
    cursor, found = caller.pull()["cursor"], []
    assert start.wait(PATIENCE_SECONDS) >= 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < expected and time.monotonic() < deadline:
        page = caller.pull(cursor, limit=7)
        found += [(change["seq"], change["id"]) for change in page["changes"]]
        cursor = page["cursor"]
    seen.put(found)


def test_a_reader_that_follows_its_cursor_while_many_write_misses_nothing(world, settings):
    """Findings are never changed here, so each must be seen exactly once, in rising order."""
    tasks = [world.task() for _ in range(3)]
    badges = [
        Badge.of(settings, world.device("u-lead", officer_id="o-lead", name=f"w{number}"))
        for number in range(WRITERS)
    ]
    start, seen = PROCESSES.Barrier(WRITERS + 1), PROCESSES.Queue()
    expected = WRITERS * PUSHES * 3
    reader = started(read_on, Badge.of(settings, world.assistant), start, expected, seen)
    writers = [started(push_findings, badge, tasks, start) for badge in badges]
    found = seen.get(timeout=PATIENCE_SECONDS * 2)
    all_done([reader, *writers])
    assert [seq for seq, _ in found] == sorted({seq for seq, _ in found})
    assert len({id_ for _, id_ in found}) == expected
