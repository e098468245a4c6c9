"""Strata (分层) on the real register: how large each is, and what is known of its objects."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.models import Organisation
from server.services.planning.factors import conditions_of
from server.services.planning.feasibility import MONTHS, Standing
from server.services.tasks.frequency import FrequencyRules, add_months, assess, checks_of_objects

FRESH = Standing(1, 0)


def stratum_sql(
    session: Session, strata: Sequence[Mapping[str, Any]], *, mark: str = "s"
) -> tuple[str, dict[str, Any]]:
    """SQL for the place of an object `o`'s stratum, the first that it fits, or NULL; and its
    parameters, whose names are told apart by `mark`."""
    arms: list[str] = []
    bound: dict[str, Any] = {}
    for place, stratum in enumerate(strata):
        asked = {name: stratum[name] for name in ("kinds", "tags") if stratum[name]}
        conditions, values = conditions_of(session, list(asked.items()), mark=f"{mark}{place}")
        bound |= values
        arms.append(f"WHEN {' AND '.join(conditions) or 'TRUE'} THEN {place}")
    return f"CASE {' '.join(arms)} END", bound


def standings_of(
    session: Session,
    *,
    organisation: Organisation,
    strata: Sequence[Mapping[str, Any]],
    year: int,
    rules: FrequencyRules,
) -> list[Counter[Standing]]:
    """For each stratum how many objects stand how at the year's beginning, as far as it is known
    today; checks that are still to come count."""
    sizes = _sizes(session, organisation, strata)
    standings = [Counter({FRESH: size}) for size in sizes]
    since = add_months(date(year, 1, 1), -rules.interval_months)
    placed = _objects_with_checks(session, organisation, strata, since=since)
    checks = checks_of_objects(session, list(placed))
    for object_id, place in placed.items():
        standing = _standing(checks[object_id], year=year, rules=rules)
        standings[place][FRESH] -= 1
        standings[place][standing] += 1
    return standings


def _standing(checks: Any, *, year: int, rules: FrequencyRules) -> Standing:
    frequency = assess(checks, day=date(year, 12, 31), rules=rules)
    latest = max(filter(None, (frequency.last_check_on, frequency.next_check_on)), default=None)
    if latest is None:
        return Standing(FRESH.free_from, frequency.counted_in_year)
    free = add_months(latest, rules.interval_months)
    month = free.month if free.year == year else MONTHS + 1 if free.year > year else 1
    return Standing(month, frequency.counted_in_year)


_OF_BODY = (
    "FROM objects o JOIN organisations g ON g.id = o.organisation_id "
    "WHERE o.active AND substr(g.path, 1, length(CAST(:path AS text))) = :path"
)


def _sizes(
    session: Session, organisation: Organisation, strata: Sequence[Mapping[str, Any]]
) -> list[int]:
    place, bound = stratum_sql(session, strata)
    rows = session.execute(
        text(f"SELECT place, count(*) FROM (SELECT {place} AS place {_OF_BODY}) p GROUP BY place"),
        {**bound, "path": organisation.path},
    )
    counted = {place: size for place, size in rows if place is not None}
    return [counted.get(place, 0) for place in range(len(strata))]


def _objects_with_checks(
    session: Session,
    organisation: Organisation,
    strata: Sequence[Mapping[str, Any]],
    *,
    since: date,
) -> dict[str, int]:
    place, bound = stratum_sql(session, strata)
    rows = session.execute(
        text(
            f"SELECT id, place FROM (SELECT o.id, {place} AS place {_OF_BODY} AND EXISTS ("
            "SELECT 1 FROM tasks k WHERE k.object_id = o.id AND k.status <> 'cancelled' "
            "AND k.planned_on >= :since)) p WHERE place IS NOT NULL"
        ),
        {**bound, "path": organisation.path, "since": since.isoformat()},
    )
    return {row.id: row.place for row in rows}
