"""A conflict told in full to the person who settles it: what each side wrote, when, on which device
and seeing what; what was written to the field before; and how it was settled earlier, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.clock import from_ms, wire_time
from server.services.bulk import as_json, ids_from_json
from server.services.conflicts.labels import label_of
from server.services.conflicts.versions import FieldHistory, Version, field_histories
from server.services.conflicts.views import show_row
from server.services.sql import run
from server.services.sync.documents import read_documents
from server.services.sync.standing import checklist_items
from sync.policies import OFFICE

Shown = dict[str, Any]


def list_told(
    session: Session, rows: Sequence[Any], *, term: timedelta, now: datetime
) -> list[Shown]:
    """Conflicts as they are listed, each with the words for what it is about."""
    shown = [show_row(row, term=term, now=now) for row in rows]
    entities = read_documents(session, {_entity_of(each["data"]) for each in shown})
    for row, each in zip(rows, shown, strict=True):
        entity = entities[_entity_of(each["data"])].data
        each["label"] = label_of(each["data"], entity, checklist_items(session, row.checklist_id))
    return shown


def tell_whole(
    session: Session, rows: Sequence[Any], *, term: timedelta, now: datetime
) -> list[Shown]:
    """Conflicts with their candidates and the history of their fields."""
    shown = list_told(session, rows, term=term, now=now)
    histories = field_histories(session, (each["data"] for each in shown))
    settlings = _settlings(session, [each["id"] for each in shown])
    for each in shown:
        said = each["data"]
        history = histories[said["of_type"], said["of_id"], said["field"]]
        each["candidates"] = [_candidate(known, history) for known in said["candidates"]]
        each["history"] = [
            {
                **_version(version, history),
                "stood": history.stood[version.row.rev],
                "settling": settlings.get((each["id"], version.row.rev)),
            }
            for version in history.versions
        ]
    return shown


def _candidate(known: Mapping[str, Any], history: FieldHistory) -> Shown:
    """A candidate with its write; one whose write the history does not tell stays as it is."""
    version = history.by_key(known["key"])
    return _version(version, history) if version else {**known, "saw": None}


def _version(version: Version, history: FieldHistory) -> Shown:
    """What was written, by whom, on which device, when by which clock, and seeing what."""
    row, seen = version.row, history.seen_by(version)
    return {
        "key": version.key,
        "value": version.value,
        "rev": row.rev,
        "action": row.action,
        "op_id": row.op_id,
        "by": {"officer_id": row.officer_id, "user_id": row.user_id, "name": row.person},
        "device": None
        if row.device_id == OFFICE
        else {"id": row.device_id, "name": row.device, "platform": row.platform},
        "at": _when(row.effective_ms),
        "device_at": _when(row.device_ms),
        "clock_offset_ms": row.offset_ms,
        "received_at": _when(row.received_ms),
        "saw": vars(seen),
    }


def _settlings(session: Session, conflict_ids: Sequence[str]) -> dict[tuple[str, int], Shown]:
    rows = run(
        session,
        "SELECT conflict_id, rev, candidate, note FROM conflict_settlements "
        f"WHERE conflict_id IN {ids_from_json(session)}",
        {"ids": as_json(list(conflict_ids))},
    )
    return {(r.conflict_id, r.rev): {"candidate": r.candidate, "note": r.note} for r in rows}


def _entity_of(said: Mapping[str, Any]) -> tuple[str, str]:
    return said["of_type"], said["of_id"]


def _when(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else wire_time(from_ms(milliseconds))
