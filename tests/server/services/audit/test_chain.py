"""The chain over the audit trail: what it shows, and that two sealers never trip."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from server.clock import now
from server.models import AuditEntry, AuditSeal
from server.services.audit.acts import record_act
from server.services.audit.chain import GENESIS, LATE_IDS, seal_batch, verify

ROWS = {"first": 1, "second": 2, "third": 3}


def write(database, *names):
    with database.write() as session:
        for name in names:
            record_act(
                session, actor=None, action="act", target_type="test", target_id=name,
                before={"b": [1.5, None], "a": "改前"}, after=None, now=now(),
            )  # fmt: skip
            session.flush()


def seal(database, **kwargs):
    with database.write() as session:
        return seal_batch(session, now=now(), **kwargs)


def check(database, **kwargs):
    with database.read() as session:
        return verify(session, **kwargs)


def behind_the_triggers(database, statement):
    """Change what the triggers protect, as someone could who owns the database."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.scalars(text(triggers)).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


@pytest.fixture
def database(app, world):
    return world.parts.database


@pytest.fixture
def sealed(database):
    write(database, *ROWS)
    assert seal(database) == 3
    return database


def test_a_sealed_trail_verifies_and_names_its_head(sealed):
    found = check(sealed)
    with sealed.read() as session:
        seals = session.scalars(select(AuditSeal).order_by(AuditSeal.position)).all()
    assert [seal.position for seal in seals] == [1, 2, 3]
    assert (found.sealed, found.unsealed, found.fault) == (3, 0, None)
    assert found.head == seals[-1].digest


def test_the_chain_can_be_computed_by_anyone_from_its_description(sealed):
    digest = bytes(32)
    assert digest.hex() == GENESIS
    with sealed.read() as session:
        for seal, entry in session.execute(
            select(AuditSeal, AuditEntry).join(AuditEntry).order_by(AuditSeal.position)
        ):
            columns = {c.key: getattr(entry, c.key) for c in AuditEntry.__table__.columns}
            written = json.dumps(columns, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            digest = hashlib.sha256(digest + written.encode()).digest()
            assert seal.digest == digest.hex()


def test_nothing_to_seal_is_nothing_done(sealed):
    assert seal(sealed) == 0
    assert check(sealed).sealed == 3


def test_sealing_goes_on_where_it_stopped_batch_after_batch(database):
    write(database, *"abcdefg")
    assert [seal(database, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    write(database, "h")
    found = check(database, batch=2)
    assert (found.sealed, found.unsealed, found.fault) == (7, 1, None)


@pytest.mark.parametrize("column", ["action", "target_id", "user_id", "request_id"])
def test_a_changed_entry_is_named(sealed, column):
    behind_the_triggers(sealed, f"UPDATE audit SET {column} = 'x' WHERE target_id = 'second'")
    fault = check(sealed).fault
    assert (fault.position, fault.reason) == (2, "the entry or its seal was changed")


@pytest.mark.parametrize(
    ("statement", "position", "reason"),
    [
        ("UPDATE audit SET before = NULL WHERE target_id = 'third'", 3, "was changed"),
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE target_id = 'first'", 1, "was changed"),
        ("UPDATE audit_seals SET digest = substr(digest, 2) || '0' WHERE position = 2", 2,
         "was changed"),
        ("DELETE FROM audit_seals WHERE position = 1", 1, "the seal is missing"),
        ("DELETE FROM audit_seals WHERE position = 2", 2, "the seal is missing"),
        ("UPDATE audit_seals SET position = 9 WHERE position = 3", 3, "the seal is missing"),
    ],
)  # fmt: skip
def test_the_first_fault_is_named(sealed, statement, position, reason):
    behind_the_triggers(sealed, statement)
    found = check(sealed)
    assert found.fault.position == position
    assert reason in found.fault.reason
    assert found.sealed == position - 1


def test_a_removed_entry_is_named(sealed):
    if sealed.is_sqlite:
        with sealed.engine.connect() as connection:
            raw = connection.connection.driver_connection
            raw.rollback()
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("DROP TRIGGER audit_no_delete")
            raw.execute("DELETE FROM audit WHERE target_id = 'second'")
            raw.execute("PRAGMA foreign_keys = ON")
    else:
        behind_the_triggers(sealed, "DELETE FROM audit WHERE target_id = 'second'")
    assert check(sealed).fault.reason == "the entry is missing"
    assert check(sealed).fault.position == 2


def test_two_entries_that_changed_places_are_noticed(sealed):
    behind_the_triggers(
        sealed,
        "UPDATE audit SET target_id = CASE target_id WHEN 'first' THEN 'second' "
        "WHEN 'second' THEN 'first' ELSE target_id END",
    )
    assert check(sealed).fault.position == 1


def test_two_sealers_at_once_make_one_chain(database):
    write(database, *(f"entry-{number}" for number in range(200)))

    def seal_until_done(_):
        total = 0
        while sealed := seal(database, limit=7):
            total += sealed
        return total

    with ThreadPoolExecutor(4) as pool:
        totals = list(pool.map(seal_until_done, range(4)))
    assert sum(totals) == 200
    found = check(database)
    assert (found.sealed, found.unsealed, found.fault) == (200, 0, None)


def test_an_id_that_becomes_visible_late_is_sealed_later(database):
    if database.is_sqlite:
        pytest.skip("SQLite has one writer: no id becomes visible late")
    with database.write() as slow:
        record_act(slow, actor=None, action="a", target_type="t", target_id="slow", now=now())
        slow.flush()
        write(database, "quick")
        assert seal(database) == 1
    assert seal(database) == 1
    with database.read() as session:
        order = session.scalars(
            select(AuditEntry.target_id)
            .join(AuditSeal, AuditSeal.audit_id == AuditEntry.id)
            .order_by(AuditSeal.position)
        ).all()
    assert order == ["quick", "slow"]
    assert check(database).fault is None


def test_an_entry_far_below_the_newest_is_found_by_the_thorough_turn(database):
    write(database, "early")
    behind_the_triggers(database, f"UPDATE audit SET id = {LATE_IDS + 2}")
    assert seal(database) == 1
    with database.write() as session:
        session.add(AuditEntry(id=2, at_ms=1, action="a", target_type="t", target_id="edge"))
        session.add(AuditEntry(id=3, at_ms=1, action="a", target_type="t", target_id="within"))
    assert seal(database) == 1
    assert check(database).unsealed == 1
    assert seal(database, everywhere=True) == 1
    assert check(database).fault is None
