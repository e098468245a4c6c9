"""Which factors of a weight table apply to which objects, as one statement over all of them.

A condition is one of
- `kinds`: the object is of one of these kinds
- `tags`: it bears one of these tags
- `complaints`: `{months, at_least}`: so many checks after complaints within so many months
- `hazards`: `{months, at_least, severity}`: so many hazards of at least that severity in checks
  that were approved within so many months
- `clean`: `{months, at_least}`: so many approved checks within so many months, and no hazard
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.planning.weight_rules import Content, Weight, weigh
from server.services.tasks.frequency import add_months
from sync.entities import SEVERITIES
from sync.tasks import SETTLED

_SETTLED = ", ".join(f"'{status}'" for status in sorted(SETTLED))
_APPROVED = (
    f"k.object_id = o.id AND k.status IN ({_SETTLED}) "
    "AND k.planned_on > :since AND k.planned_on <= :day"
)
_APPROVED_HAZARDS = (
    "tasks k JOIN documents d ON d.task_id = k.id AND d.type = 'finding' AND NOT d.deleted "
    f"WHERE {_APPROVED} AND d.data ->> 'kind' = 'hazard'"
)


def weights_of(
    session: Session, *, content: Content, object_ids: Sequence[str], day: date
) -> dict[str, Weight]:
    """The weight of each object on a day, with its reasons. Objects to which the same factors apply
    share one answer."""
    asked = [next(iter(factor["when"].items())) for factor in content["factors"]]
    conditions, bound = conditions_of(session, asked, day=day)
    shown = "".join(f", ({condition}) AS f{place}" for place, condition in enumerate(conditions))
    rows = session.execute(
        text(f"SELECT o.id{shown} FROM objects o WHERE o.id IN {ids_from_json(session)}"),
        {"ids": as_json(list(object_ids)), **bound},
    )
    known: dict[tuple[bool, ...], Weight] = {}
    weights = {}
    for object_id, *found in rows:
        applying = tuple(map(bool, found))
        if applying not in known:
            known[applying] = weigh(content, applying)
        weights[object_id] = known[applying]
    return weights


def conditions_of(
    session: Session, asked: Sequence[tuple[str, Any]], *, day: date = date.min, mark: str = "f"
) -> tuple[list[str], dict[str, Any]]:
    """SQL for each condition `(name, what it asks)` on an object `o`, and all their parameters,
    whose names begin apart by `mark`."""
    conditions, bound = [], {}
    for place, (name, wanted) in enumerate(asked):
        condition, values = _SQL[name](session, wanted, day)
        for value_name, value in values.items():
            own = f"{value_name}_{mark}_{place}"
            condition = condition.replace(f":{value_name}", f":{own}")
            bound[own] = value
        conditions.append(condition)
    return conditions, bound


Condition = tuple[str, dict[str, Any]]


def _kinds(session: Session, asked: Sequence[str], day: date) -> Condition:
    return f"o.kind IN {ids_from_json(session, 'kinds')}", {"kinds": as_json(list(asked))}


def _tags(session: Session, asked: Sequence[str], day: date) -> Condition:
    each = (
        "json_each(o.tags) AS t"
        if is_sqlite(session)
        else "jsonb_array_elements_text(o.tags) AS t(value)"
    )
    wanted = ids_from_json(session, "tags")
    return f"EXISTS (SELECT 1 FROM {each} WHERE t.value IN {wanted})", {
        "tags": as_json(list(asked))
    }


def _complaints(session: Session, asked: Mapping[str, int], day: date) -> Condition:
    return (
        "(SELECT count(*) FROM tasks k WHERE k.object_id = o.id AND k.origin = 'complaint' "
        "AND k.status <> 'cancelled' AND k.planned_on > :since AND k.planned_on <= :day) "
        ">= :at_least",
        {"since": _since(asked, day), "day": day.isoformat(), "at_least": asked["at_least"]},
    )


def _hazards(session: Session, asked: Mapping[str, Any], day: date) -> Condition:
    graver = SEVERITIES[SEVERITIES.index(asked["severity"]) :]
    return (
        f"(SELECT count(*) FROM {_APPROVED_HAZARDS} "
        f"AND d.data ->> 'severity' IN {ids_from_json(session, 'severities')}) "
        ">= :at_least",
        {
            "since": _since(asked, day), "day": day.isoformat(), "severities": as_json(graver),
            "at_least": asked["at_least"],
        },
    )  # fmt: skip


def _clean(session: Session, asked: Mapping[str, int], day: date) -> Condition:
    return (
        f"(SELECT count(*) FROM tasks k WHERE {_APPROVED}) >= :at_least "
        f"AND NOT EXISTS (SELECT 1 FROM {_APPROVED_HAZARDS})",
        {"since": _since(asked, day), "day": day.isoformat(), "at_least": asked["at_least"]},
    )


def _since(asked: Mapping[str, Any], day: date) -> str:
    return add_months(day, -asked["months"]).isoformat()


_SQL: dict[str, Callable[[Session, Any, date], Condition]] = {
    "kinds": _kinds,
    "tags": _tags,
    "complaints": _complaints,
    "hazards": _hazards,
    "clean": _clean,
}
