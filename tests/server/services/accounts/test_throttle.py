"""The arithmetic of delays, told the time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import DomainError
from server.services.accounts import throttle
from server.services.accounts.throttle import (
    FORGET_AFTER,
    FREE_FAILURES_OF_ACCOUNT,
    FREE_FAILURES_OF_ADDRESS,
    KNOWN_DAYS,
    MAX_DELAY_SECONDS,
    count_failure,
    delay_after,
    forget_old_failures,
    network_of,
    note_success,
    origin_of,
    require_no_wait,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def origin(session, *, username="lead", user_id="u-lead", device_id=None, address="198.51.100.7",
           now=NOON):  # fmt: skip
    return origin_of(
        session, username=username, user_id=user_id, device_id=device_id, address=address, now=now
    )


def waits(session, where, now):
    try:
        require_no_wait(session, origin=where, now=now)
    except DomainError as error:
        return error.details["retry_after_seconds"]
    return 0


def fail(session, where, times, now=NOON):
    for _ in range(times):
        count_failure(session, origin=where, now=now)


def test_the_wait_doubles_with_each_failure_up_to_the_ceiling(world):
    with world.parts.database.write() as session:
        where = origin(session)
        fail(session, where, FREE_FAILURES_OF_ACCOUNT)
        assert waits(session, where, NOON) == 0
        for expected in (1, 2, 4, 8, 16, 32, 64, 128, 256, MAX_DELAY_SECONDS, MAX_DELAY_SECONDS):
            fail(session, where, 1)
            assert waits(session, where, NOON) == expected
            assert waits(session, where, NOON + (expected - 1) * SECOND) == 1
            assert waits(session, where, NOON + expected * SECOND) == 0


@given(st.integers(-10, 10**6))
def test_more_failures_never_wait_less_and_never_more_than_the_ceiling(beyond):
    wait = delay_after(beyond)
    assert timedelta() <= wait <= delay_after(beyond + 1) <= timedelta(seconds=MAX_DELAY_SECONDS)
    assert (wait > timedelta()) == (beyond > 0)


def test_a_quiet_day_forgets(world):
    with world.parts.database.write() as session:
        where = origin(session)
        fail(session, where, FREE_FAILURES_OF_ACCOUNT + 1)
        later = NOON + FORGET_AFTER + SECOND
        fail(session, where, FREE_FAILURES_OF_ACCOUNT, now=later)
        assert waits(session, where, later) == 0
        fail(session, where, 1, now=later)
        assert waits(session, where, later) == 1


def test_one_address_guessing_many_names_waits_after_its_free_failures(world):
    with world.parts.database.write() as session:
        for number in range(FREE_FAILURES_OF_ADDRESS):
            fail(session, origin(session, username=f"name-{number}", user_id=None), 1)
        fresh = origin(session, username="fresh", user_id=None)
        assert waits(session, fresh, NOON) == 0
        fail(session, fresh, 1)
        assert waits(session, origin(session, username="other", user_id=None), NOON) == 1
        elsewhere = origin(session, username="other", user_id=None, address="203.0.113.9")
        assert waits(session, elsewhere, NOON) == 0


def test_success_from_a_new_place_clears_the_account_but_never_the_address(world):
    with world.parts.database.write() as session:
        where = origin(session)
        fail(session, where, FREE_FAILURES_OF_ADDRESS + 1)
        note_success(session, origin=where, user_id="u-lead", address="198.51.100.7", now=NOON)
        elsewhere = origin(session, address="203.0.113.9")
        assert waits(session, elsewhere, NOON) == 0
        assert waits(session, origin(session, username="other", user_id=None), NOON) == 1


def test_success_where_one_is_known_leaves_strangers_delays_alone(world):
    with world.parts.database.write() as session:
        stranger = origin(session, address="203.0.113.9")
        fail(session, stranger, FREE_FAILURES_OF_ACCOUNT + 1)
        mine = origin(session, device_id=world.lead.device_id)
        assert waits(session, mine, NOON) == 0
        note_success(session, origin=mine, user_id="u-lead", address="198.51.100.7", now=NOON)
        assert waits(session, stranger, NOON) == 1


def test_a_revoked_device_makes_no_origin_known(world):
    world.supervisor.post(f"/devices/{world.lead.device_id}/revoke")
    with world.parts.database.read() as session:
        assert origin(session, device_id=world.lead.device_id) == origin(session)


def test_an_address_is_known_for_ninety_days(world):
    with world.parts.database.write() as session:
        new = origin(session)
        note_success(session, origin=new, user_id="u-lead", address="198.51.100.7", now=NOON)
        last_day = NOON + timedelta(days=KNOWN_DAYS)
        assert origin(session, now=last_day) != new
        assert origin(session, now=last_day + SECOND) == new
        forget_old_failures(session, now=last_day + SECOND)
        assert origin(session, now=NOON) == new


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("", "none"),
        ("unix:", "unix:"),
        ("x" * 100, "x" * 64),
    ],
)
def test_what_stands_for_an_address(address, network):
    assert network_of(address) == network


def test_no_key_shows_what_was_typed(world):
    with world.parts.database.read() as session:
        for key in origin(session, username="my-password-by-mistake", user_id=None).consulted:
            assert "my-password" not in key.name
            assert len(key.name) <= 200
    assert throttle.FREE_FAILURES_OF_ADDRESS > throttle.FREE_FAILURES_OF_ACCOUNT
