"""A plan that passes can be kept whatever the dice say; a larger one cannot."""

import itertools
from collections import Counter
from functools import cache

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from server.services.planning.feasibility import (
    Shortfall,
    Standing,
    first_shortfall,
    largest_quota,
)

FRESH = Standing(1, 0)
ALL_YEAR = range(1, 13)
STANDINGS = st.builds(Standing, st.integers(1, 13), st.integers(0, 2))
#: few objects, but all of a year's outcomes
SMALL = st.lists(STANDINGS, max_size=4)


def shortfall(objects, quotas, cap=2, interval=6):
    return first_shortfall(Counter(objects), quotas, cap=cap, interval_months=interval)


def can_always_be_kept(objects, quotas, cap=2, interval=6):
    """By trying every outcome of every month's draw."""

    @cache
    def keeps(objects, month):
        if month > len(quotas):
            return True
        able = [n for n, each in enumerate(objects) if each[0] <= month and each[1] < cap]
        if len(able) < quotas[month - 1]:
            return False
        return all(
            keeps(
                tuple(sorted(
                    (month + interval, each[1] + 1) if n in drawn else each
                    for n, each in enumerate(objects)
                )),
                month + 1,
            )
            for drawn in map(set, itertools.combinations(able, quotas[month - 1]))
        )  # fmt: skip

    return keeps(tuple(sorted(tuple(each) for each in objects)), 1)


@given(SMALL, st.lists(st.integers(0, 2), min_size=12, max_size=12))
@settings(max_examples=300)
def test_what_passes_can_be_kept_whoever_is_drawn_and_what_does_not_cannot(objects, quotas):
    assert (shortfall(objects, quotas) is None) == can_always_be_kept(objects, quotas)


@given(SMALL, st.lists(st.integers(0, 2), min_size=12, max_size=12), st.integers(1, 3))
def test_other_caps_too(objects, quotas, cap):
    assert (shortfall(objects, quotas, cap=cap) is None) == can_always_be_kept(
        objects, quotas, cap=cap
    )


def test_a_sixth_of_a_stratum_can_be_drawn_each_month_and_no_more():
    assert shortfall([FRESH] * 600, [100] * 12) is None
    assert shortfall([FRESH] * 600, [101] * 12) == Shortfall(6, 101, 95)
    fresh = Counter({FRESH: 600})
    assert largest_quota(fresh, months=ALL_YEAR, cap=2, interval_months=6) == 100


def test_ten_percent_a_month_fits_and_twenty_does_not():
    assert shortfall([FRESH] * 1000, [100] * 12) is None
    assert shortfall([FRESH] * 1000, [200] * 12) == Shortfall(6, 200, 0)


def test_checks_after_complaints_count():
    """An object that was checked twice already is out for the year."""
    assert shortfall([Standing(1, 2)] * 5, [1]) == Shortfall(1, 1, 0)
    assert shortfall([Standing(8, 1)], [0] * 7 + [1]) is None


def test_only_the_months_that_are_planned_bind():
    fresh = Counter({FRESH: 10})
    assert largest_quota(fresh, months=[3], cap=2, interval_months=6) == 10
    assert largest_quota(fresh, months=[3, 9], cap=2, interval_months=6) == 10
    assert largest_quota(fresh, months=[3, 8], cap=2, interval_months=6) == 5


@pytest.mark.parametrize("months", [[], [1]])
def test_an_empty_stratum_gives_nobody(months):
    wanted = 0
    assert largest_quota({}, months=months, cap=2, interval_months=6) == wanted


@given(SMALL, st.sets(st.integers(1, 12), min_size=1))
def test_the_largest_quota_is_kept_and_one_more_is_not(objects, months):
    largest = largest_quota(Counter(objects), months=months, cap=2, interval_months=6)

    def quotas(number):
        return [number if month in months else 0 for month in ALL_YEAR]

    assert shortfall(objects, quotas(largest)) is None
    assert shortfall(objects, quotas(largest + 1)) is not None
