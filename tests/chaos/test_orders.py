"""Orders at fail points: done once, by whoever comes by first; and the logs' own verdict."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.logs import unforeseen
from tests.chaos.orders import HOLD, KILL, Orders

PROCESSES = 16


@pytest.fixture
def orders(tmp_path):
    made = Orders(tmp_path / "orders")
    made.prepare()
    return made


def test_of_many_who_come_by_at_once_one_takes_the_order(orders):
    order = orders.give("push.merged", KILL)
    assert not orders.is_taken(order)
    with ThreadPoolExecutor(PROCESSES) as pool:
        taken = list(pool.map(lambda _: orders.take("push.merged", ""), range(PROCESSES)))
    assert Counter(taken) == {order: 1, None: PROCESSES - 1}
    assert orders.is_taken(order)
    assert not orders.withdraw(order)


def test_an_order_for_one_request_waits_for_that_one(orders):
    order = orders.give("push.merged", HOLD, request="mine")
    assert orders.take("push.merged", "another") is None
    assert orders.take("push.merged", "") is None
    assert orders.take("feed.raised", "mine") is None
    assert orders.take("push.merged", "mine") == order


def test_an_order_that_was_withdrawn_is_done_by_nobody(orders):
    assert orders.withdraw(orders.give("push.merged", KILL))
    assert orders.take("push.merged", "") is None


def test_visits_are_counted_by_point(orders):
    orders.visits.write_text("a\nb\na\n")
    assert orders.count_visits() == {"a": 2, "b": 1}


def test_an_error_that_nobody_ordered_is_found_in_a_log_and_an_ordered_one_is_not(tmp_path):
    log = tmp_path / "server-1.log"
    log.write_text(
        "unforeseen error\nTraceback (most recent call last):\n  File …\n"
        "tests.chaos.hand.Struck: 1\n"
        "unforeseen error\nTraceback (most recent call last):\n  File …\nValueError: no\n"
    )
    assert list(unforeseen([log])) == ["server-1.log: ValueError: no"]
