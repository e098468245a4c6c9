"""Statements that go past SQLAlchemy's compiler behave as if they had not."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from server.models import Setting
from server.services.bulk import WORD, Insert, Rows, Target, insert_rows, is_among, seek_rows
from server.services.sql import run


@pytest.fixture
def database(app):
    from server.parts import parts_of

    return parts_of(app).database


def test_rows_come_named(database):
    with database.read() as session:
        [row] = run(session, "SELECT 1 AS one, :word AS word", {"word": "二"})
    assert (row.one, row.word, tuple(row)) == (1, "二", (1, "二"))


def test_percent_signs_and_casts_are_no_parameters(database):
    with database.read() as session:
        [row] = run(session, "SELECT 'a%b' LIKE :like AS fits", {"like": "a%"})
    assert row.fits


def test_a_statement_without_rows_gives_none(database):
    with database.write() as session:
        given = run(session, "INSERT INTO settings (key, value) VALUES (:key, 'x')", {"key": "k"})
    assert given == []


def test_what_waits_in_the_session_is_seen(database):
    with database.write() as session:
        session.add(Setting(key="waiting", value="here"))
        [row] = run(session, "SELECT value FROM settings WHERE key = 'waiting'", {})
    assert row.value == "here"


def test_errors_are_those_that_sqlalchemy_raises(database):
    twice = "INSERT INTO settings (key, value) VALUES ('epoch', 'x')"
    with pytest.raises(IntegrityError), database.write() as session:
        run(session, twice, {})
    with pytest.raises(DBAPIError), database.read() as session:
        run(session, "SELECT nothing FROM nowhere", {})


def test_after_a_failed_statement_nothing_of_the_transaction_stays(database):
    with pytest.raises(IntegrityError):
        _write_twice(database, "INSERT INTO settings (key, value) VALUES ('half', 'x')")
    with database.read() as session:
        assert run(session, "SELECT 1 FROM settings WHERE key = 'half'", {}) == []


def _write_twice(database, statement: str) -> None:
    with database.write() as session:
        run(session, statement, {})
        run(session, statement, {})


def test_lost_connections_fail_once_and_are_forgotten_together(database):
    """A database server that went away takes all pooled connections with it; only those that are
    in use fail."""
    if database.is_sqlite:
        pytest.skip("there is no server to lose")
    with database.read() as one, database.read() as other:  # so that the pool holds two
        run(one, "SELECT 1", {})
        run(other, "SELECT 1", {})
    with database.read() as session:
        _end_all_connections(database)
        with pytest.raises(OperationalError) as lost:
            run(session, "SELECT 1", {})
    assert lost.value.connection_invalidated
    for _ in range(2):
        with database.read() as session:
            assert run(session, "SELECT 1 AS one", {})[0].one == 1


def _end_all_connections(database) -> None:
    url = database.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_rows_for_several_tables_are_inserted_together(database):
    settings = {"key": "text", "value": "text"}
    heads = {"officer_id": "text", "seq": "bigint"}
    with database.write() as session:
        insert_rows(
            session,
            Insert(
                "settings", settings, [{"key": "a", "value": "一"}, {"key": "b", "value": "二"}]
            ),
            Insert("feed_entries", {"officer_id": "text"}, []),
            Insert("feed_heads", heads, [{"officer_id": "o", "seq": 3}]),
        )
        insert_rows(
            session,
            Insert(
                "feed_heads", heads, [{"officer_id": "o", "seq": 4}],
                on_conflict="ON CONFLICT (officer_id) DO UPDATE SET seq = excluded.seq",
            ),
        )  # fmt: skip
    with database.read() as session:
        found = run(
            session,
            f"SELECT key, value FROM settings WHERE {is_among(session, 'key')} ORDER BY key",
            {"ids": '["b", "a", "c"]'},
        )
        [head] = run(session, "SELECT seq FROM feed_heads", {})
    assert [tuple(row) for row in found] == [("a", "一"), ("b", "二")]
    assert head.seq == 4


NOTES = Target(
    "conflict_settlements",
    {"conflict_id": WORD, "rev": "bigint", "candidate": WORD, "note": "text"},
    alike=("conflict_id",),
)
SETTINGS = Target("settings", {"key": WORD, "value": "text"})


@pytest.mark.parametrize(
    "rows",
    [
        [("c", 1, "", "")],
        [("c", 1, None, None)],
        [("c", 1, "", ""), ("c", 2, "", "")],
        [("c", 1, None, "a\nb\x1d"), ("c", 2, "N", "\\N"), ("d", 3, '"{}\\n', '"{}')],
    ],
    ids=["one empty", "one null", "alike", "not alike"],
)
def test_rows_arrive_as_they_were_sent(database, rows):
    with database.write() as session:
        insert_rows(session, Rows(NOTES, rows))
    with database.read() as session:
        found = run(session, f"SELECT {', '.join(NOTES.columns)} FROM {NOTES.table}", {})
    assert sorted(tuple(row) for row in found) == rows


@pytest.mark.parametrize("text", ["a\nb", "a\x1db", "\\N"])
def test_what_would_be_taken_for_a_border_is_refused(database, text):
    if database.is_sqlite:
        pytest.skip("rows travel one by one there")
    with database.write() as session, pytest.raises(ValueError, match=r"settings\.key"):
        insert_rows(session, Rows(SETTINGS, [(text, "c"), ("d", "e")]))


def test_rows_are_sought_by_key_without_reading_the_table(database):
    """Also by a plan that PostgreSQL made while the table was empty, and keeps."""
    with database.read() as session:
        found = seek_rows(session, "documents", {"type": "text", "id": "text"})
        wanted = {"rows": '[{"type": "finding", "id": "f"}]'}
        if not database.is_sqlite:
            session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = run(session, f"{explain} SELECT t.rev FROM {found}", wanted)
        assert run(session, f"SELECT t.rev FROM {found}", wanted) == []
    steps = " ".join(str(tuple(row)) for row in plan)
    assert "SCAN t" not in steps
    assert "Seq Scan" not in steps
    assert "pk_documents" in steps or "sqlite_autoindex_documents_1" in steps
