"""The queue and the one-at-a-time rule, in this process."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import psycopg
import pytest
from sqlalchemy import insert, select

from server.clock import now, to_ms
from server.db import after_commit
from server.jobs import Jobs, Workshop, make_huey
from server.jobs.alone import alone
from server.jobs.engine import JsonSerializer, postgres_address
from server.jobs.table import JOBS
from server.models import AuditEntry, JobState
from server.services.audit.chain import verify


def test_one_runs_at_a_time_and_whoever_ends_lets_go(settings, world):
    database = world.parts.database
    with alone(settings, database, "a") as first, alone(settings, database, "a") as second:
        with alone(settings, database, "b") as other:
            assert (first, second, other) == (True, False, True)
    with alone(settings, database, "a") as again:
        assert again


def test_a_job_that_raises_lets_go_too(settings, world):
    with pytest.raises(ZeroDivisionError), alone(settings, world.parts.database, "a"):
        raise ZeroDivisionError
    with alone(settings, world.parts.database, "a") as again:
        assert again


def test_a_job_already_under_way_is_not_run_twice(settings, world):
    with alone(settings, world.parts.database, "seal_audit"):
        world.parts.jobs.run_now("seal_audit")
    with world.parts.database.read() as session:
        assert session.get(JobState, "seal_audit") is None


@pytest.mark.parametrize("name", [job.name for job in JOBS])
def test_every_job_bears_having_nothing_to_do_and_being_repeated(world, name):
    for _ in range(2):
        world.parts.jobs.run_now(name)
    with world.parts.database.read() as session:
        (state,) = session.scalars(select(JobState)).all()
    assert (state.name, state.failures, state.error) == (name, 0, None)
    assert state.succeeded_at >= state.started_at


def test_every_job_is_due_at_some_minute_of_a_day():
    minutes = [datetime(2026, 11, 23, hour, minute) for hour in range(24) for minute in range(60)]
    due = {job.name: sum(map(job.due, minutes)) for job in JOBS}
    assert due["seal_audit"] == 24 * 60
    assert all(times >= 4 for times in due.values())


def test_the_queue_opens_in_many_threads_at_once(settings):
    if not settings.is_sqlite:
        _drop_the_queue(settings)
    with ThreadPoolExecutor(8) as pool:
        queues = list(pool.map(lambda _: make_huey(settings), range(8)))
    assert [queue.pending_count() for queue in queues] == [0] * 8
    for queue in queues:
        queue.storage.close()


def _drop_the_queue(settings):
    """Take away the tables that the tests' databases have from the start."""
    address = postgres_address(settings.database_url)
    with psycopg.connect(address, autocommit=True) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'jobs_%'")
        tables = [name for (name,) in found]
        assert len(tables) == 4
        connection.execute(f"DROP TABLE {', '.join(tables)}")


def test_a_nudge_is_not_given_when_the_transaction_fails(world):
    def act_and_fail():
        with world.parts.database.write() as session:
            after_commit(session, lambda: world.parts.jobs.nudge("seal_audit"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert world.parts.jobs.huey.pending_count() == 0


def test_a_nudge_that_cannot_be_queued_fails_nothing(settings, world, tmp_path, caplog):
    if settings.is_sqlite:
        (tmp_path / "blocked" / "jobs.sqlite").mkdir(parents=True)
        broken = replace(settings, data_dir=tmp_path / "blocked")
    else:
        broken = replace(settings, database_url=settings.database_url.replace("/t", "/none-", 1))
    shop = Workshop(settings=broken, database=world.parts.database, media=world.parts.media)
    with caplog.at_level("ERROR", "suijian.jobs"):
        Jobs(shop).nudge("seal_audit")
    assert '"event": "nudge_lost"' in caplog.text
    assert SECRET_PART not in caplog.text


SECRET_PART = "a secret for tests only"


class Explosive:
    """What a pickle can do when it is read."""

    exploded = False

    def __reduce__(self):
        return (setattr, (Explosive, "exploded", True))


def test_a_pickle_in_the_queue_is_never_opened(settings):
    queue = make_huey(settings)
    queue.storage.enqueue(pickle.dumps(Explosive()))
    with pytest.raises(ValueError):
        queue.dequeue()
    assert not Explosive.exploded
    queue.storage.close()


def test_a_task_survives_the_queue_whole(world):
    huey = world.parts.jobs.huey
    world.parts.jobs.nudge("seal_audit")
    (task,) = huey.pending()
    again = huey.deserialize_task(huey.serialize_task(task))
    assert again == task
    assert (again.retries, again.retry_backoff, again.expires) == (5, 2, 3600)
    assert again.expires_resolved == task.expires_resolved
    assert JsonSerializer().deserialize(JsonSerializer().serialize("1")) == "1"


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("postgresql+psycopg://u:p%40ss@h:5433/d", "postgresql://u:p%40ss@h:5433/d"),
        ("postgresql://postgres:@/db?host=/var/run", "postgresql://postgres:@/db?host=/var/run"),
    ],
)
def test_huey_is_told_the_address_in_libpqs_words(given, plain):
    assert postgres_address(given).replace("%2F", "/") == plain


def test_sealing_takes_as_many_batches_as_there_are(world):
    with world.parts.database.write() as session:
        acts = [
            {"at_ms": to_ms(now()), "action": "a", "target_type": "t", "target_id": str(number)}
            for number in range(5_001)
        ]
        session.execute(insert(AuditEntry), acts)
    world.parts.jobs.run_now("seal_audit")
    with world.parts.database.read() as session:
        assert verify(session).sealed == 5_001
