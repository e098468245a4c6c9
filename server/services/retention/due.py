"""What is due to be deleted (到期), and why what else is past its term is kept.

The unit is the file: bytes that several photos show are due only when all of them are. One query
judges everything, or, right before anything is done, the few that are about to be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.clock import china_date, wire_day
from server.models import DeletionItem
from server.models.base import UtcDateTime
from server.services.bulk import as_json, ids_from_json, is_sqlite, rows_from_json
from server.services.retention.terms import KINDS, cutoff, standing_terms

#: `since` is when its matter came to rest: the last of approval, publication and withdrawal; of a
#: file that belongs to none, its arrival; `needed` are digests that anything else still needs:
#: another photo that shows them, one that waits for them, an upload that brings them, a file of the
#: same digest that is not due. They are gathered once: asked for row by row, twenty thousand files
#: took minutes
JUDGED = """
WITH terms AS (SELECT r.organisation_id, r.kind, {moment} AS cutoff FROM {terms}),
held AS (SELECT target_type, target_id FROM legal_holds
  WHERE released_at IS NULL AND (until_on IS NULL OR until_on >= {today})),
subjects AS (
  SELECT p.id AS subject_id, p.id AS photo_id, p.task_id, t.object_id, t.organisation_id,
    CASE WHEN EXISTS (SELECT 1 FROM documents d WHERE d.task_id = t.id AND d.type = 'finding'
      AND d.data ->> 'kind' = 'hazard') THEN 'with_findings' ELSE 'without_findings' END AS kind,
    p.received_sha256 AS sha256, f.size_bytes,
    {latest}(t.reviewed_at, COALESCE((SELECT max({latest}(n.published_at,
      COALESCE(n.withdrawn_at, n.published_at))) FROM publications n WHERE n.task_id = t.id),
      t.reviewed_at)) AS since
  FROM photos p JOIN tasks t ON t.id = p.task_id
  JOIN evidence_files f ON f.sha256 = p.received_sha256
  WHERE p.state = 'verified' AND t.status = 'closed' AND {only_photos}
  UNION ALL
  SELECT u.id, u.photo_id, t.id, t.object_id, COALESCE(t.organisation_id, w.organisation_id),
    CASE u.state WHEN 'done' THEN 'undeclared' ELSE 'quarantined' END,
    u.received_sha256, COALESCE(u.length_bytes, 0), u.completed_at
  FROM uploads u JOIN users w ON w.id = u.user_id
  LEFT JOIN photos p ON p.id = u.photo_id LEFT JOIN tasks t ON t.id = p.task_id
  WHERE (u.state = 'quarantined' OR (u.state = 'done' AND p.id IS NULL))
    AND (t.id IS NULL OR t.status IN ('closed', 'cancelled')) AND {only_uploads}),
ripe AS (
  SELECT s.*, CASE
    WHEN EXISTS (SELECT 1 FROM held h WHERE (h.target_type = 'photo' AND h.target_id = s.photo_id)
      OR (h.target_type = 'task' AND h.target_id = s.task_id)
      OR (h.target_type = 'object' AND h.target_id = s.object_id)) THEN 'held'
    WHEN EXISTS (SELECT 1 FROM conflict_care c WHERE c.task_id = s.task_id AND c.open)
      THEN 'conflict_open'
    WHEN EXISTS (SELECT 1 FROM late_ops l WHERE l.task_id = s.task_id AND l.state = 'open')
      THEN 'late_work_open'
    WHEN EXISTS (SELECT 1 FROM tasks o WHERE o.object_id = s.object_id
      AND o.status NOT IN ('closed', 'cancelled')) THEN 'task_open'
    WHEN s.kind = 'quarantined' AND EXISTS (SELECT 1 FROM quarantine_settlements q
      WHERE q.upload_id = s.subject_id AND q.outcome = 'kept') THEN 'settled_kept'
    WHEN EXISTS (SELECT 1 FROM deletion_items i WHERE i.subject_id = s.subject_id
      AND i.kind = s.kind AND i.act_id <> :act AND i.state IN ('due', 'deleting'))
      THEN 'in_another_act'
    WHEN EXISTS (SELECT 1 FROM custody_events e WHERE e.photo_id = s.photo_id
      AND NOT EXISTS (SELECT 1 FROM custody_seals l WHERE l.event_id = e.id))
      THEN 'custody_unsealed'
    END AS own_reason
  FROM subjects s JOIN terms r ON r.organisation_id = s.organisation_id AND r.kind = s.kind
    AND s.since < r.cutoff
  WHERE s.kind IN {kinds}),
free AS (SELECT subject_id, kind FROM ripe WHERE own_reason IS NULL),
wanted AS (SELECT DISTINCT sha256 FROM ripe WHERE kind <> 'quarantined'),
needed AS (
  SELECT q.received_sha256 AS sha256 FROM photos q
  WHERE q.received_sha256 IN (SELECT sha256 FROM wanted) AND q.state NOT IN ('deleting', 'deleted')
    AND q.id NOT IN (SELECT subject_id FROM free
      WHERE kind IN ('with_findings', 'without_findings'))
  UNION
  SELECT q.sha256 FROM photos q JOIN tasks k ON k.id = q.task_id
  WHERE q.sha256 IN (SELECT sha256 FROM wanted) AND q.state = 'declared'
    AND k.status NOT IN ('closed', 'cancelled')
  UNION
  SELECT q.sha256 FROM uploads q
  WHERE q.sha256 IN (SELECT sha256 FROM wanted) AND (q.state = 'open' OR (q.state = 'done'
    AND NOT EXISTS (SELECT 1 FROM photos z WHERE z.id = q.photo_id)
    AND q.id NOT IN (SELECT subject_id FROM free WHERE kind = 'undeclared')))),
needed_aside AS (
  SELECT q.received_sha256 AS sha256 FROM uploads q
  WHERE q.received_sha256 IN (SELECT sha256 FROM ripe WHERE kind = 'quarantined')
    AND q.state = 'quarantined'
    AND q.id NOT IN (SELECT subject_id FROM free WHERE kind = 'quarantined')),
judged AS (
  SELECT s.subject_id, s.kind, s.photo_id, s.task_id, s.sha256, s.size_bytes,
    COALESCE(s.own_reason, CASE
      WHEN s.kind = 'quarantined' THEN
        CASE WHEN s.sha256 IN (SELECT sha256 FROM needed_aside) THEN 'shared' END
      WHEN s.sha256 IN (SELECT sha256 FROM needed) THEN 'shared' END) AS kept
  FROM ripe s)
"""
ITEMS = """INSERT INTO deletion_items
  (act_id, subject_id, kind, photo_id, task_id, sha256, size_bytes, state)
SELECT CAST(:act AS varchar), subject_id, kind, photo_id, task_id, sha256, size_bytes, 'due'
FROM judged WHERE kept IS NULL"""


class Tally(NamedTuple):
    """How much of a kind is past its term: due, or kept for a reason."""

    kind: str
    kept_because: str | None
    files: int
    size_bytes: int


def tally_due(
    session: Session, *, path: str, now: datetime, kinds: Sequence[str] = KINDS
) -> list[Tally]:
    """What is past its term below an organisation's path, counted. Changes nothing.

    Bytes that several show are counted once for each.
    """
    rows = _judge(
        session, "SELECT kind, kept, count(*) AS files, sum(size_bytes) AS size_bytes FROM judged "
        "GROUP BY kind, kept ORDER BY kind, kept", path=path, kinds=kinds, act_id="", now=now,
    )  # fmt: skip
    return [Tally(row.kind, row.kept, row.files, int(row.size_bytes)) for row in rows]


def list_due_in(
    session: Session, *, act_id: str, path: str, kinds: Sequence[str], now: datetime
) -> int:
    """Put all that is due into an act; gives how many."""
    _judge(session, ITEMS, path=path, kinds=kinds, act_id=act_id, now=now)
    listed = select(func.count()).where(DeletionItem.act_id == act_id)
    return session.scalars(listed).one()


def judge(
    session: Session, subject_ids: Sequence[str], *, act_id: str, path: str, now: datetime
) -> dict[tuple[str, str], str | None]:
    """For each (kind, subject) of these that is still past its term: why it is kept, None where
    nothing keeps it."""
    rows = _judge(
        session, "SELECT kind, subject_id, kept FROM judged", path=path, kinds=KINDS, act_id=act_id,
        now=now, only=subject_ids,
    )  # fmt: skip
    return {(row.kind, row.subject_id): row.kept for row in rows}


def _judge(
    session: Session, what: str, *, path: str, kinds: Sequence[str], act_id: str, now: datetime,
    only: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    terms = rows_from_json(
        session, {"organisation_id": "text", "kind": "text", "cutoff": "text"}, "terms"
    )
    among = ids_from_json(session, "only") if only is not None else ""
    sql = JUDGED.format(
        terms=terms, kinds=ids_from_json(session, "kinds"),
        only_photos=f"p.id IN {among}" if among else "true",
        only_uploads=f"u.id IN {among}" if among else "true",
        **_dialect(session),
    )  # fmt: skip
    parameters = {
        "terms": as_json(_cutoffs(session, path, now)), "kinds": as_json(list(kinds)),
        "act": act_id, "today": wire_day(china_date(now)),
    }  # fmt: skip
    if only is not None:
        parameters["only"] = as_json(list(only))
    return session.execute(text(sql + what), parameters)


def _cutoffs(session: Session, path: str, now: datetime) -> list[dict[str, str]]:
    below = set(
        session.execute(
            text("SELECT id FROM organisations WHERE substr(path, 1, length(:path)) = :path"),
            {"path": path},
        ).scalars()
    )
    dialect = session.get_bind().dialect
    return [
        {
            "organisation_id": organisation_id, "kind": kind,
            "cutoff": str(UtcDateTime().process_bind_param(cutoff(years, now=now), dialect)),
        }
        for (organisation_id, kind), years in standing_terms(session).items()
        if years is not None and organisation_id in below
    ]  # fmt: skip


def _dialect(session: Session) -> dict[str, str]:
    if is_sqlite(session):
        return {"latest": "max", "moment": "r.cutoff", "today": ":today"}
    return {
        "latest": "greatest",
        "moment": "CAST(r.cutoff AS timestamptz)",
        "today": "CAST(:today AS date)",
    }
