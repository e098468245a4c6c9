"""Chains are made after commit: every event once, each photo's in its own order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from custody.kinds import KINDS
from custody.verify import broken_at
from server.clock import now
from server.models import CustodyEvent, CustodySeal
from server.services.custody.sealing import as_sealed, seal_batch
from server.services.evidence.custody import Custody, record_custody
from tests.server.services.audit.test_chain import behind_the_triggers


@pytest.fixture
def database(app, world):
    return world.parts.database


def happen(database, *events, at=None):
    """Note (photo, kind) in one transaction."""
    with database.write() as session:
        noted = [Custody(photo_id, kind, "u-lead", None, {"n": "1"}) for photo_id, kind in events]
        record_custody(session, noted, now=at or now())


def seal(database, **how):
    with database.write() as session:
        return seal_batch(session, now=now(), **how)


def chain_of(database, photo_id):
    """(event as it is hashed, digest) of each link."""
    with database.read() as session:
        rows = session.execute(
            select(CustodyEvent, CustodySeal.digest, CustodySeal.position)
            .join(CustodySeal, CustodySeal.event_id == CustodyEvent.id)
            .where(CustodySeal.photo_id == photo_id)
            .order_by(CustodySeal.position)
        ).all()
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    return [(as_sealed(row.CustodyEvent), row.digest) for row in rows]


def kinds(database, photo_id):
    return [event["kind"] for event, _ in chain_of(database, photo_id)]


def test_each_photo_has_a_chain_of_its_own(database):
    happen(database, ("a", "declared"), ("b", "declared"))
    happen(database, ("a", "received"), ("a", "verified"))
    assert seal(database) == 4
    assert kinds(database, "a") == ["declared", "received", "verified"]
    assert kinds(database, "b") == ["declared"]
    for photo_id in "ab":
        assert broken_at(photo_id, chain_of(database, photo_id)) is None


def test_what_happened_at_one_moment_is_chained_in_the_order_of_the_kinds(database):
    happen(database, *(("a", kind) for kind in reversed(KINDS)))
    seal(database)
    assert kinds(database, "a") == list(KINDS)


def test_sealing_goes_on_where_it_stopped(database):
    for kind in ("declared", "received", "verified", "viewed"):
        happen(database, ("a", kind))
    assert [seal(database, limit=3) for _ in range(3)] == [3, 1, 0]
    happen(database, ("a", "viewed"))
    assert seal(database) == 1
    assert len(chain_of(database, "a")) == 5
    assert broken_at("a", chain_of(database, "a")) is None


def test_an_event_that_became_visible_very_late_is_found_by_the_thorough_turn(database):
    happen(database, ("a", "viewed"))
    seal(database)
    happen(database, ("a", "declared"), at=now() - timedelta(minutes=61))
    happen(database, ("a", "verified"), at=now() - timedelta(minutes=59))
    assert (seal(database), seal(database, everywhere=True)) == (1, 1)
    assert kinds(database, "a") == ["viewed", "verified", "declared"]


def test_what_piled_up_while_nobody_sealed_is_chained_in_its_own_order(database):
    for hours, kind in enumerate(("viewed", "verified", "received", "declared")):
        happen(database, ("a", kind), at=now() - timedelta(hours=3 * hours))
    assert [seal(database, limit=1) for _ in range(5)] == [1, 1, 1, 1, 0]
    assert kinds(database, "a") == ["declared", "received", "verified", "viewed"]


def test_an_event_of_a_clock_that_runs_ahead_does_not_hide_those_of_the_others(database):
    happen(database, ("a", "viewed"), at=now() + timedelta(hours=5))
    seal(database)
    happen(database, ("a", "viewed"))
    assert seal(database) == 1


def test_the_events_of_chosen_photos_are_sealed_alone_however_old(database):
    happen(database, ("a", "viewed"))
    seal(database)
    happen(database, ("a", "viewed"), ("b", "viewed"), at=now() - timedelta(days=9))
    assert seal(database, photo_ids=["b"]) == 1
    assert (len(chain_of(database, "a")), len(chain_of(database, "b"))) == (1, 1)


def test_sealers_at_once_make_one_chain(database):
    for _ in range(60):
        happen(database, ("a", "viewed"), ("b", "viewed"))

    def seal_until_done(_):
        total = 0
        while sealed := seal(database, limit=7):
            total += sealed
        return total

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(seal_until_done, range(4))) == 120
    for photo_id in "ab":
        assert broken_at(photo_id, chain_of(database, photo_id)) is None


@pytest.mark.parametrize("table", ["custody_events", "custody_seals"])
@pytest.mark.parametrize("act", ["UPDATE {0} SET photo_id = 'x'", "DELETE FROM {0}"])
def test_nothing_of_it_is_ever_changed(database, table, act):
    happen(database, ("a", "viewed"))
    seal(database)
    with pytest.raises(Exception, match="only ever added"):
        with database.engine.begin() as connection:
            connection.exec_driver_sql(act.format(table))


def test_a_kind_unheard_of_is_refused(database):
    with pytest.raises(ValueError, match="lent"):
        happen(database, ("a", "lent"))


def test_what_stood_before_there_were_chains_is_chained_by_the_first_turn(world, database):
    happen(database, ("a", "declared"), at=now() - timedelta(days=400))
    happen(database, ("a", "verified"), at=now() - timedelta(days=300))
    world.parts.jobs.run_now("seal_custody")
    assert kinds(database, "a") == ["declared", "verified"]
    assert broken_at("a", chain_of(database, "a")) is None
    behind_the_triggers(
        database, "UPDATE custody_events SET user_id = NULL WHERE kind = 'verified'"
    )
    assert broken_at("a", chain_of(database, "a")) == 2
