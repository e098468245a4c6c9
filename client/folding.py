"""Local ops on top of the server's data: what the person at the device should see. Pure.

This is only a preview. How two versions meet is decided by the server; a device that guessed would
soon disagree with it. So only what must not look wrong meanwhile is done here: entries and lists
grow, other fields show what was typed last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from client.clock import hlc_moment, wire_time
from client.outbox import Op

APPEND_FIELDS = frozenset({"notes"})
"""The patch carries new entries only; the data shows all, as `{text,by,device,at}`."""
UNION_FIELDS = frozenset({"tags", "photos"})
"""The patch carries the whole list as the writer wants it; the server compares it with what the
writer had seen, and so tells what was added and what was removed."""
GROWING_FIELDS = APPEND_FIELDS | UNION_FIELDS

Json = dict[str, Any]


class Writer(NamedTuple):
    """Who writes, and where: what stands beside an entry of a note."""

    by: str
    device: str


def fold(server: Json | None, rev: int | None, ops: Iterable[Op], writer: Writer) -> Json | None:
    """The server's data at `rev` with `ops` on top; None when the last word is a delete."""
    shown = server
    for op in ops:
        if op.action == "delete":
            shown = None
            continue
        shown = dict(shown) if shown is not None else implied(op.type, op.id)
        for field, value in op.patch.items():
            present = shown.get(field) or []
            if field in APPEND_FIELDS:
                shown[field] = [*present, *_entries(value, op, writer)]
            elif field in UNION_FIELDS and op.base_rev != rev:
                shown[field] = _joined(present, value or [])
            else:
                shown[field] = value
    return shown


def changed(shown: Json, wanted: Json) -> Json:
    """The part of `wanted` that says something new: a patch carries only changed fields."""
    return {
        field: value
        for field, value in wanted.items()
        if field in APPEND_FIELDS or shown.get(field) != value
    }


def implied(type_: str, id_: str) -> Json:
    """What the id alone says: an answer's is `<task id>.<item code>`."""
    if type_ != "answer":
        return {}
    task_id, _, item_code = id_.partition(".")
    return {"task_id": task_id, "item_code": item_code}


def task_of(type_: str, id_: str, data: Json | None) -> str | None:
    """The task an entity belongs to, where it belongs to one."""
    if type_ in ("task", "record"):
        return id_
    task_id = ((data or {}) | implied(type_, id_)).get("task_id")
    return None if task_id is None else str(task_id)


def _entries(value: Any, op: Op, writer: Writer) -> list[Json]:
    texts = [value] if isinstance(value, str) else list(value or [])
    stamp = {**writer._asdict(), "at": wire_time(hlc_moment(op.hlc))}
    return [{"text": text} | stamp for text in texts]


def _joined(present: list[Any], listed: list[Any]) -> list[Any]:
    """Somebody else has changed the list since: nothing of theirs is hidden by ours."""
    return present + [each for each in listed if each not in present]
