"""Whether a year's quotas can be kept (可行性, N26), whatever the dice say. Pure.

Under the cap (N30) and the interval (N31) a drawn object is out for six months, so a stratum gives
at most about one sixth of its objects each month, less where checks after complaints already count.
The year is played month by month on what is known of each object today. The draw is taken to be as
unlucky as it can be: it picks first the objects that will not come back within the year. So a plan
that passes can be kept, whoever is drawn.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MONTHS = 12


class Standing(NamedTuple):
    """What is known of an object at the year's beginning: the first month (1 … 12, later: not this
    year) in which it may be drawn, and how many checks of the year already count."""

    free_from: int
    counted: int


class Shortfall(NamedTuple):
    """The first month (1 … 12) in which fewer can be drawn than is planned."""

    month: int
    wanted: int
    possible: int


def first_shortfall(
    standings: Mapping[Standing, int], quotas: Sequence[int], *, cap: int, interval_months: int
) -> Shortfall | None:
    """Play a year with these quotas, one a month, on so many objects of each standing; gives the
    first month that cannot be kept, None when all can."""
    left = Counter(standings)
    for month, wanted in enumerate(quotas, start=1):
        able = [each for each in left if left[each] and _is_able(each, month, cap)]
        possible = sum(left[each] for each in able)
        if wanted > possible:
            return Shortfall(month, wanted, possible)
        _draw_unluckily(left, able, wanted, drawn_free_from=month + interval_months)
    return None


def largest_quota(
    standings: Mapping[Standing, int], *, months: Sequence[int], cap: int, interval_months: int
) -> int:
    """The largest number that can be drawn in each of these months (1 … 12) of the year."""
    low, high = 0, sum(standings.values())
    while low < high:
        middle = (low + high + 1) // 2
        quotas = [middle if month in months else 0 for month in range(1, MONTHS + 1)]
        if first_shortfall(standings, quotas, cap=cap, interval_months=interval_months):
            high = middle - 1
        else:
            low = middle
    return low


def _is_able(standing: Standing, month: int, cap: int) -> bool:
    return standing.free_from <= month and standing.counted < cap


def _draw_unluckily(
    left: Counter[Standing], able: Sequence[Standing], wanted: int, *, drawn_free_from: int
) -> None:
    """Take those with the most counted checks: they come back last."""
    for standing in sorted(able, key=lambda each: -each.counted):
        taken = min(wanted, left[standing])
        left[standing] -= taken
        left[Standing(drawn_free_from, standing.counted + 1)] += taken
        wanted -= taken
