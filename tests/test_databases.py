"""What a test leaves behind in its database, the next one does not meet."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from server.config import Settings
from server.db import make_engine
from server.jobs import make_huey
from server.models import AuditEntry, AuditSeal, Setting
from tests.databases import KINDS, fresh_database

FEW, MANY = 20, 2_000  # rows that PostgreSQL is told to DELETE, and that it is told to TRUNCATE
SEALED = {"action": "test", "target_type": "test", "target_id": "test", "at_ms": 1}
ALTERATIONS = {
    "a table": "CREATE TABLE added (id integer)",
    "a column": "ALTER TABLE settings ADD COLUMN added integer",
    "an index": "CREATE INDEX added ON settings (value)",
    "a view": "CREATE VIEW added AS SELECT 1 AS one",
    "a trigger dropped": "DROP TRIGGER audit_append_only ON audit",
    "a trigger disabled": "ALTER TABLE audit DISABLE TRIGGER audit_append_only",
    "a function": "CREATE OR REPLACE FUNCTION suijian_append_only() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "a constraint": "ALTER TABLE audit_seals DROP CONSTRAINT pk_audit_seals",
    "a schema": "CREATE SCHEMA added",
    "a setting": "ALTER ROLE CURRENT_USER SET work_mem = '1MB'",
    "statistics": "ANALYZE",
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@contextmanager
def opened(url: str) -> Iterator[sa.Connection]:
    engine = make_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    metadata = sa.MetaData()
    with opened(url) as connection:
        metadata.reflect(connection)
        return {
            name: [tuple(row) for row in connection.execute(sa.select(table))]
            for name, table in metadata.tables.items()
        }


def write(url: str, rows: int) -> list[int]:
    """Add to tables that only grow, to one that the migrations filled and to the queue; gives the
    numbers that the audit's rows were given."""
    with opened(url) as connection:
        added = sa.insert(AuditEntry).returning(AuditEntry.id)
        numbers = list(connection.scalars(added, [SEALED] * rows))
        seal = {"position": 1, "audit_id": numbers[0], "digest": "-", "sealed_at_ms": 1}
        connection.execute(sa.insert(AuditSeal), seal)
        connection.execute(sa.update(Setting).values(value="another"))
        connection.execute(sa.insert(Setting), [{"key": str(n), "value": "-"} for n in range(rows)])
        connection.commit()
    if not url.startswith("sqlite"):
        queue = make_huey(Settings(database_url=url))
        queue.storage.enqueue(b"a task")
        queue.storage.close()
    return numbers


def database_of(url: str) -> str | None:
    return sa.make_url(url).database


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_rows_that_a_test_leaves_do_not_disturb_the_next(kind, rows):
    with fresh_database(kind) as url:
        untouched = contents(url)
        assert {name for name, held in untouched.items() if held} == {"alembic_version", "settings"}
        first = write(url, rows)
        assert contents(url) != untouched
    with fresh_database(kind) as again:
        assert contents(again) == untouched
        assert write(again, rows) == first == list(range(1, rows + 1))
    if kind == "postgresql":
        assert database_of(again) == database_of(url), "it was not used again"


def test_an_open_transaction_does_not_disturb_the_next(kind):
    with ExitStack() as left_behind:
        with fresh_database(kind) as url:
            untouched = contents(url)
            writer = left_behind.enter_context(opened(url))
            writer.execute(sa.insert(Setting), {"key": "never", "value": "committed"})
            if kind == "postgresql":
                writer.execute(sa.text("LOCK TABLE audit, settings IN ACCESS EXCLUSIVE MODE"))
        with fresh_database(kind) as again:
            write(again, FEW)
        with fresh_database(kind) as yet_again:
            assert contents(yet_again) == untouched
            if kind == "postgresql":
                with pytest.raises(OperationalError):
                    writer.execute(sa.text("SELECT 1"))


def test_who_outlives_a_test_does_not_reach_the_database_of_the_next():
    with fresh_database("postgresql") as url:
        contents(url)
    with fresh_database("postgresql") as again:
        assert database_of(again) == database_of(url)
        with pytest.raises(OperationalError, match="does not exist"):
            contents(url)


def test_a_table_that_a_test_adds_is_gone_for_the_next(kind):
    with fresh_database(kind) as url:
        untouched = contents(url)
        with opened(url) as connection:
            connection.exec_driver_sql("CREATE TABLE added (id integer)")
            connection.commit()
        assert contents(url) != untouched
    with fresh_database(kind) as again:
        assert contents(again) == untouched


@pytest.mark.parametrize("what", ALTERATIONS)
def test_an_altered_database_is_thrown_away(what):
    with fresh_database("postgresql") as url, opened(url) as connection:
        connection.exec_driver_sql(ALTERATIONS[what])
        connection.commit()
    with fresh_database("postgresql") as again:
        assert database_of(again) != database_of(url)


def test_a_test_that_fails_gives_its_database_back_too(kind):
    def write_and_fail():
        with fresh_database(kind) as url:
            write(url, FEW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with fresh_database(kind) as again:
        assert write(again, FEW) == list(range(1, FEW + 1))


def test_two_at_a_time_are_two(kind):
    with fresh_database(kind) as one, fresh_database(kind) as other:
        untouched = contents(other)
        write(one, FEW)
        assert contents(other) == untouched
