"""How many conflicts wait, and how long: for each organisation, person and task, in one query."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.services.conflicts.views import CARE, WAITS, scope_of
from server.services.scope import Actor
from server.services.sql import run

#: of each kind the fullest are shown; the total counts all
MOST_SHOWN = 200

#: the median is the mean of the one or two in the middle: not every database knows it by itself
QUERY = """
WITH waiting AS (
  SELECT o.id AS organisation_id, o.name AS organisation, t.id AS task_id, t.number,
    COALESCE(c.officer_id, c.user_id, '') AS person_id, COALESCE(f.name, u.name, '') AS person,
    :now - c.opened_ms AS age_ms, CASE WHEN c.opened_ms <= :late THEN 1 ELSE 0 END AS overdue,
    CASE WHEN c.escalation > 0 THEN 1 ELSE 0 END AS escalated
  {care} WHERE {waits} AND {within}),
counted AS (
  SELECT 'total' AS kind, '' AS id, '' AS name, age_ms, overdue, escalated FROM waiting
  UNION ALL
  SELECT 'organisations', organisation_id, organisation, age_ms, overdue, escalated FROM waiting
  UNION ALL
  SELECT 'people', person_id, person, age_ms, overdue, escalated FROM waiting
  UNION ALL
  SELECT 'tasks', task_id, number, age_ms, overdue, escalated FROM waiting),
placed AS (
  SELECT kind, id, name, age_ms, overdue, escalated,
    row_number() OVER (PARTITION BY kind, id ORDER BY age_ms) AS place,
    count(*) OVER (PARTITION BY kind, id) AS waiting
  FROM counted),
summed AS (
  SELECT kind, id, name, waiting, sum(overdue) AS overdue, sum(escalated) AS escalated,
    avg(CASE WHEN place IN ((waiting + 1) / 2, (waiting + 2) / 2) THEN age_ms END) AS median_ms
  FROM placed GROUP BY kind, id, name, waiting),
ranked AS (
  SELECT summed.*, row_number() OVER (PARTITION BY kind ORDER BY waiting DESC, id) AS rank
  FROM summed)
SELECT kind, id, name, waiting, overdue, escalated, median_ms FROM ranked
WHERE rank <= :most ORDER BY kind, rank
"""


def count_conflicts(
    session: Session, *, actor: Actor, term: timedelta, now: datetime
) -> dict[str, Any]:
    """The open conflicts of one's tasks or part of the tree: how many, how many of them overdue and
    escalated, and their median age in seconds; in all and by organisation, person and task."""
    within, parameters = scope_of(actor)
    rows = run(
        session,
        QUERY.format(care=CARE, waits=WAITS, within=within),
        {
            **parameters, "now": to_ms(now), "late": to_ms(now - term), "most": MOST_SHOWN,
        },
    )  # fmt: skip
    groups: dict[str, Any] = {"organisations": [], "people": [], "tasks": []}
    total = {"open": 0, "overdue": 0, "escalated": 0, "median_age_seconds": None}
    for row in rows:
        counts = {
            "open": row.waiting,
            "overdue": row.overdue,
            "escalated": row.escalated,
            "median_age_seconds": round(float(row.median_ms) / 1000),
        }
        if row.kind == "total":
            total = counts
        else:
            groups[row.kind].append({"id": row.id, "name": row.name, **counts})
    return {"total": total, **groups}
