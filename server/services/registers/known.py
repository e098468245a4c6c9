"""Rows that meet objects which are known: weighed one by one, written a batch at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import InspectionObject, Organisation
from server.models.base import UtcDateTime
from server.services.audit.acts import record_act
from server.services.bulk import Insert, as_json, ids_from_json, insert_rows, rows_from_json
from server.services.registers.concurrency import conflicts_told
from server.services.registers.correcting import Refused, correct
from server.services.registers.duplicates import put_pairs
from server.services.registers.families import standing_for
from server.services.registers.loading import (
    ATTACHED,
    CHANGED,
    CORRECTED,
    FACTS,
    OUTSIDE,
    TWIN,
    Met,
)
from server.services.registers.revising import PLACE, revise
from server.services.registers.rows import Problem
from server.services.scope import Actor
from server.services.sql import as_stored

WRITTEN = {
    **FACTS, **dict.fromkeys(PLACE, "text"), "state": "text", "state_reason": "text",
    "active": "boolean", "field_sources": "jsonb", "edited_fields": "jsonb",
}  # fmt: skip
_SOURCES = {
    "source": "text", "source_key": "text", "object_id": "text", "digest": "text",
    "imported_at": "timestamptz", "facts": "jsonb",
}  # fmt: skip
_PROPOSALS = {
    "id": "text", "object_id": "text", "source": "text", "changes": "jsonb", "note": "text",
    "state": "text", "proposed_at": "timestamptz",
}  # fmt: skip


@dataclass(kw_only=True)
class Outcome:
    """What became of one batch."""

    problems: list[Problem] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)  # ids of objects
    attached: int = 0
    proposed: int = 0
    unchanged: int = 0
    whys: Counter[str] = field(default_factory=Counter)
    rewritten: dict[str, dict[str, Any]] = field(default_factory=dict)  # id → as it now stands
    sources: list[dict[str, Any]] = field(default_factory=list)
    otherwise: dict[str, dict[str, Any]] = field(default_factory=dict)  # object id → fields
    twins: list[tuple[str, str]] = field(default_factory=list)  # object ids of one credit code
    corrections: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)


class KnownObjects:
    """The objects that one import meets, inside an organisation's part of the tree."""

    def __init__(
        self,
        session: Session,
        *,
        actor: Actor | None,
        source: str,
        organisation: Organisation,
        dry_run: bool,
        now: datetime,
    ) -> None:
        self._session = session
        self._actor = actor
        self._source = source
        self._path = organisation.path
        self._practice = organisation.practice
        self._dry_run = dry_run
        self._now = now

    def revise(self, batch: Sequence[Met]) -> Outcome:
        """Weigh a batch of rows and write what comes of it."""
        ids = [met.object_id for met in batch if met.object_id]
        roots = standing_for(self._session, ids)
        objects = self._load(set(roots.values()))
        taken = self._codes([met for met in batch if met.act in (CORRECTED, TWIN)])
        outcome = Outcome()
        for met in batch:
            stands = objects.get(roots.get(met.object_id or "", ""))
            if problem := self._problem(met, stands):
                outcome.problems.append(problem)
                if stands is not None and problem.code == "credit_code_taken":
                    outcome.twins.append((stands["id"], taken[met.row.credit_code or ""]))
            elif stands is not None and met.act == CORRECTED:
                self._correct(outcome, met, stands, taken)
            elif stands is not None:
                self._take(outcome, met, stands)
        if not self._dry_run:
            self._write(outcome)
        return outcome

    def _load(self, ids: set[str]) -> dict[str, dict[str, Any]]:
        names = ("id", "source", *WRITTEN)
        rows = self._session.execute(
            select(*(getattr(InspectionObject, name) for name in names), Organisation.path)
            .join(Organisation, Organisation.id == InspectionObject.organisation_id)
            .where(InspectionObject.id.in_(sorted(ids)))
        )
        return {row.id: dict(row._mapping) for row in rows}

    def _codes(self, corrected: Sequence[Met]) -> dict[str, str]:
        codes = sorted({met.row.credit_code for met in corrected if met.row.credit_code})
        if not codes:
            return {}
        rows = self._session.execute(
            select(InspectionObject.credit_code, InspectionObject.id).where(
                InspectionObject.credit_code.in_(codes),
                InspectionObject.practice == self._practice,
            )
        )
        return {row.credit_code: row.id for row in rows if row.credit_code}

    def _problem(self, met: Met, stands: Mapping[str, Any] | None) -> Problem | None:
        row = met.row
        if met.act == OUTSIDE:
            reason = "该区划不在所选机构的辖区内"
            return Problem(row.line, "", row.division_code, "division_out_of_scope", reason)
        if stands is None or not stands["path"].startswith(self._path):
            reason = "辖区内没有这个编号的对象" if met.act == CORRECTED else "该对象不在辖区内"
            value = row.object_id or row.credit_code or row.source_key
            return Problem(row.line, "", value, "object_unknown", reason)
        if met.act == TWIN and stands["credit_code"] != row.credit_code:
            reason = "该代码已登记在另一对象，未作改动；两者是否同一单位，请在疑似重复清单中核对"
            return Problem(row.line, "", row.credit_code or "", "credit_code_taken", reason)
        return None

    def _take(self, outcome: Outcome, met: Met, stands: dict[str, Any]) -> None:
        row, facts = met.row, orjson.loads(met.row.facts)
        place = {name: getattr(row, name) for name in PLACE if name != "organisation_id"}
        place["organisation_id"] = met.organisation_id
        revision = revise(stands, facts, place, source=self._source)
        stands.update(revision.values)
        stands["field_sources"] = {**stands["field_sources"], **revision.field_sources}
        if revision.values:
            outcome.rewritten[stands["id"]] = stands
        if met.act == ATTACHED:
            outcome.attached += 1
        if met.act in (CHANGED, TWIN) or revision.values:
            outcome.updated.append(stands["id"])
        outcome.whys[row.why] += 1
        outcome.proposed += bool(revision.otherwise)
        outcome.otherwise[stands["id"]] = revision.otherwise
        outcome.sources.append(
            {
                "source": self._source, "source_key": row.source_key, "digest": row.digest,
                "object_id": met.object_id, "facts": facts,
                "imported_at": as_stored(self._session, self._now),
            }
        )  # fmt: skip

    def _correct(
        self, outcome: Outcome, met: Met, stands: dict[str, Any], taken: Mapping[str, str]
    ) -> None:
        if met.object_id != stands["id"]:
            outcome.unchanged += 1  # it gave way to another: its own line says nothing any more
            return
        try:
            values = correct(
                stands, orjson.loads(met.row.facts), holder_id=met.organisation_id, taken=taken
            )
        except Refused as refused:
            outcome.problems.append(Problem(met.row.line, "", *refused.told))
            return
        if not values:
            outcome.unchanged += 1
            return
        before = {name: stands[name] for name in values}
        stands.update(values)
        stands["edited_fields"] = sorted({*stands["edited_fields"], *values} & {*FACTS, *PLACE})
        outcome.corrections.append((stands["id"], before, values))
        outcome.rewritten[stands["id"]] = stands
        outcome.updated.append(stands["id"])

    def _write(self, outcome: Outcome) -> None:
        with conflicts_told():
            self._rewrite(list(outcome.rewritten.values()))
            self._put_sources(outcome.sources)
            self._propose(outcome.otherwise)
            put_pairs(
                self._session,
                [(min(twins), max(twins), 100, ["same_credit_code"]) for twins in outcome.twins],
                now=self._now,
            )
        for object_id, before, after in outcome.corrections:
            record_act(
                self._session, actor=self._actor, action="object_changed", target_type="object",
                target_id=object_id, before=before, after=after, now=self._now,
            )  # fmt: skip

    def _rewrite(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        columns = {"id": "text", **WRITTEN}
        sets = ", ".join(f"{name} = r.{name}" for name in WRITTEN)
        statement = text(
            f"UPDATE objects SET {sets}, updated_at = :now "
            f"FROM {rows_from_json(self._session, columns)} WHERE objects.id = r.id"
        ).bindparams(bindparam("now", type_=UtcDateTime))
        given = [{name: row[name] for name in columns} for row in rows]
        self._session.execute(statement, {"rows": as_json(given), "now": self._now})

    def _put_sources(self, rows: Sequence[Mapping[str, Any]]) -> None:
        again = (
            "ON CONFLICT (source, source_key) DO UPDATE SET digest = excluded.digest, "
            "imported_at = excluded.imported_at, facts = excluded.facts"
        )
        insert_rows(self._session, Insert("object_sources", _SOURCES, rows, again))

    def _propose(self, otherwise: Mapping[str, dict[str, Any]]) -> None:
        """Put what the source says otherwise to the cleaning's lead, instead of what it said so
        before."""
        self._session.execute(
            text(
                "UPDATE object_proposals SET state = 'withdrawn' WHERE state = 'open' "
                f"AND source = :source AND object_id IN {ids_from_json(self._session)}"
            ),
            {"source": self._source, "ids": as_json(list(otherwise))},
        )
        rows = [
            {
                "id": new_id(), "object_id": object_id, "source": self._source,
                "changes": changes, "note": f"来源“{self._source}”的记载与现有登记不同",
                "state": "open", "proposed_at": as_stored(self._session, self._now),
            }
            for object_id, changes in otherwise.items()
            if changes
        ]  # fmt: skip
        insert_rows(self._session, Insert("object_proposals", _PROPOSALS, rows))
