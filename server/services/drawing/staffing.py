"""Whether whatever is drawn can be staffed (N20, N21), asked before the ceremony begins.

After the dice a draw completes, so it must not begin where some outcome would leave an object
without officers. What can be drawn differs only in how many objects there are of each kind, which
is stratum, jurisdiction, needed specialty and recusals. The most of every kind at once is more than
any outcome: where even that can be staffed, all can. Otherwise each outcome is tried, if they are
few.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from draw.feasibility import feasibility
from server.errors import DomainError

MAX_OUTCOMES = 2_000


class Kind(NamedTuple):
    """What counts of an object when officers are sought for it; `recused` are the officers who may
    not check it."""

    stratum: str
    jurisdiction: str
    needs: str | None
    recused: tuple[str, ...]


def require_staffing(
    officers: Sequence[dict[str, Any]],
    eligible: Mapping[Kind, int],
    rules: dict[str, Any],
) -> None:
    """Raise `draw_cannot_be_staffed` with what is missing, or `draw_too_varied` where that can't be
    told. `eligible` counts the objects of each kind that can be drawn."""
    if not rules["roles"]:
        return
    quotas = {stratum: rule["quota"] for stratum, rule in rules["strata"].items()}
    if not _shortages(officers, _most_of_each(eligible, quotas), rules):
        return
    outcomes = list(itertools.islice(_outcomes(eligible, quotas), MAX_OUTCOMES + 1))
    if len(outcomes) > MAX_OUTCOMES:
        raise DomainError("draw_too_varied", details={"kinds": len(eligible)})
    for outcome in outcomes:
        if shortages := _shortages(officers, outcome, rules):
            raise DomainError("draw_cannot_be_staffed", details={"shortages": shortages})


def _most_of_each(eligible: Mapping[Kind, int], quotas: Mapping[str, int]) -> Counter[Kind]:
    return Counter({kind: min(count, quotas[kind.stratum]) for kind, count in eligible.items()})


def _outcomes(eligible: Mapping[Kind, int], quotas: Mapping[str, int]) -> Iterator[Counter[Kind]]:
    """Every way in which the quotas can fall on the kinds."""
    by_stratum: dict[str, list[Kind]] = defaultdict(list)
    for kind in eligible:
        by_stratum[kind.stratum].append(kind)
    ways = [
        list(itertools.islice(_ways(kinds, eligible, quotas[stratum]), MAX_OUTCOMES + 1))
        for stratum, kinds in by_stratum.items()
    ]
    for chosen in itertools.product(*ways):
        yield Counter(dict(itertools.chain.from_iterable(chosen)))


Way = tuple[tuple[Kind, int], ...]


def _ways(kinds: Sequence[Kind], eligible: Mapping[Kind, int], quota: int) -> Iterator[Way]:
    """Every way in which one stratum's quota can fall on its kinds."""
    if not kinds:
        if quota == 0:
            yield ()
        return
    first, *others = kinds
    room = sum(eligible[kind] for kind in others)
    for count in range(max(0, quota - room), min(eligible[first], quota) + 1):
        for rest in _ways(others, eligible, quota - count):
            yield ((first, count), *rest)


def _shortages(
    officers: Sequence[dict[str, Any]], outcome: Counter[Kind], rules: dict[str, Any]
) -> list[dict[str, Any]]:
    """What is missing to staff so many objects of each kind."""
    rows = [
        {
            "id": f"{number}.{each}", "stratum": kind.stratum, "eligible": True, "weight": 1,
            "reason": None, "jurisdiction": kind.jurisdiction, "needs": kind.needs,
        }
        for number, (kind, count) in enumerate(outcome.items())
        for each in range(count)
    ]  # fmt: skip
    recusals = [
        {"officer": officer, "object": f"{number}.{each}"}
        for number, (kind, count) in enumerate(outcome.items())
        for officer in kind.recused
        for each in range(count)
    ]
    found = feasibility(officers, rows, {**rules, "recusals": recusals})
    return [
        {
            "role": each.role, "jurisdiction": each.jurisdiction, "specialty": each.specialty,
            "objects_count": len(each.objects), "officers": list(each.officers),
            "balls": each.balls,
        }
        for each in found.shortages
    ]  # fmt: skip
