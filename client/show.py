"""What the command line prints. Each function answers whether all is well."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from client.checklist import Lack
from client.mirror import Entity
from client.missing import MissingPhoto
from client.outbox import Op
from client.photo_queue import REFUSED
from client.reports import Pending, SyncReport
from client.views import TaskView

LOST = {"open": "待批准", "refused": "未获批准"}


def say(line: str) -> bool:
    """One line."""
    sys.stdout.write(line + "\n")
    return True


def report(done: SyncReport) -> bool:
    """What a sync did."""
    receipts = ", ".join(f"{count} {status}" for status, count in sorted(done.receipts.items()))
    say(f"up: {receipts or 'nothing'}; photos: {done.photos_sent}; down: {done.pulled}")
    if done.resynced:
        say("the mirror was rebuilt from the start; nothing of yours was dropped")
    if done.healed:
        say(f"{done.healed} entities differed from the server's and were fetched anew")
    if done.draining:
        say("this device is being stopped: what is on it goes up, nothing new comes down")
    for conflict_id in done.conflict_ids:
        say(f"conflict {conflict_id}: see `conflicts`")
    for trouble in done.troubles:
        say(f"trouble: {trouble}")
    if done.receipts["rejected"] + done.receipts["salvaged"]:
        say("some ops were not taken: see `pending`")
    return done.clean


def tasks(found: Iterable[Entity]) -> bool:
    """One line for each task."""
    for each in found:
        data = each.data
        say(f"{each.id}  {data.get('number')}  {data.get('status')}{_marks(each)}")
    return True


def task(view: TaskView, lacking: list[Lack]) -> bool:
    """A task with its checklist and all that was written."""
    place = view.object.data if view.object else {}
    say(f"{view.task.data.get('number')}  {view.task.data.get('status')}{_marks(view.task)}")
    say(f"{place.get('name')}  {place.get('address')}")
    _checklist(view)
    for each in view.findings:
        data = each.data
        say(f"finding {each.id}  {data.get('severity')}  {data.get('title')}{_marks(each)}")
    for each in view.photos:
        say(
            f"photo {each.id}  of {each.data.get('of_type')} {each.data.get('of_id')}"
            f"  {each.data.get('state', 'declared')}{_marks(each)}"
        )
    conflicts(view.conflicts)
    missing(lacking)
    return True


def missing(lacking: Iterable[Lack]) -> bool:
    """What the checklist still asks for."""
    complete = True
    for lack in lacking:
        complete = not say(f"missing: {lack.what} for {lack.item_code}")
    return complete


def missing_photos(found: list[MissingPhoto]) -> bool:
    """Photos that approval still waits for."""
    if found:
        say(f"{len(found)} 张照片尚未到达服务器：")
    for each in found:
        asked = f"  申报遗失：{LOST[each.lost]}" if each.lost in LOST else ""
        name = each.filename or ""
        say(f"  {each.photo_id}  {each.of_type} {each.of_id}  {name}  {each.where}{asked}")
    return not found


def pending(still: Pending) -> bool:
    """What is on the device and not settled."""
    for op in still.ops:
        say(f"{op.state}  {_op(op)}")
    for op in still.refused:
        say(f"{op.state}  {_op(op)}\n  because: {op.reason}\n  it says: {op.patch}")
    for photo in still.photos:
        say(f"photo {photo.photo_id}  {photo.state}  {photo.filename}  {photo.reason or ''}")
    if still.of_others:
        say(f"{still.of_others} more wait until their writer signs in here")
    return not still.refused and all(photo.state != REFUSED for photo in still.photos)


def conflicts(found: Iterable[Entity]) -> bool:
    """Conflicts with the keys by which they are settled."""
    for each in found:
        conflict(each)
    return True


def conflict(each: Entity) -> bool:
    """One conflict: its candidates, in whose care it is, and what was chosen here."""
    data = each.data
    state = "" if data.get("state") == "open" else f"  {data.get('state')}"
    say(
        f"conflict {each.id}  {data.get('of_type')} {data.get('of_id')} {data.get('field')}"
        f"{state}{_marks(each)}"
    )
    for candidate in data.get("candidates", []):
        say(
            f"  {candidate['key']}: {candidate['value']}  by {candidate.get('officer_id')}"
            f" on {candidate.get('device_id')} at {candidate.get('at')}"
        )
    if assignee := data.get("assigned_to"):
        escalated = f", escalated {data['escalated_at']}" if data.get("escalated_at") else ""
        say(f"  in the care of {assignee['name']}{escalated}")
    for op in each.pending:
        say(f"  settled here, unsent: {op.patch}")
    return True


def conflict_in_full(told: dict[str, Any]) -> bool:
    """What the server tells of a conflict: each side, what it saw, and the field's history."""
    label = told["label"]
    say(f"{label['type']} · {label['field']} · {label['subject']}")
    for each in told["candidates"]:
        saw = each["saw"] or {}
        say(f"  {each['key']}: {each['value']}  {_written(each)}; saw: {saw.get('value')}")
    say("history")
    for each in told["history"]:
        settling = each["settling"]
        why = f"  settled: {settling['note'] or ''}" if settling else ""
        say(f"  {each['rev']}: {each['value']}  {_written(each)}; stood: {each['stood']}{why}")
    return True


def _checklist(view: TaskView) -> None:
    answers = view.answers_by_item()
    for item in (view.checklist.data if view.checklist else {}).get("items", []):
        given = answers.get(item["code"], {})
        notes = "; ".join(note["text"] for note in given.get("notes", []))
        say(f"[{given.get('value') or ' '}] {item['code']} {item['text']}  {notes}".rstrip())


def _written(each: dict[str, Any]) -> str:
    place = (each["device"] or {"name": "the office"})["name"]
    own_clock = f" (its clock: {each['device_at']})" if each["device_at"] else ""
    return f"by {each['by']['name']} on {place} at {each['at']}{own_clock}"


def _marks(each: Entity) -> str:
    marks = [f"{len(each.pending)} unsent"] if each.pending else []
    marks += [f"{len(each.refused)} refused"] if each.refused else []
    marks += ["leaving"] if each.leaving else []
    return f"  ({', '.join(marks)})" if marks else ""


def _op(op: Op) -> str:
    return f"{op.op_id}  {op.action} {op.type} {op.id}"
