"""Whether an op fits what it is about (核对): its entity, its task, its checklist, its parent."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from server.services.sync.locks import LockedTask
from server.services.sync.merging import Held, Merge
from server.services.sync.standing import checklist_items
from sync.answers import check_answer
from sync.entities import CREATABLE, DELETABLE, FIELDS, task_of
from sync.ops import Op
from sync.policies import Refused
from sync.waiting import Waits, require_entity


def fitting_patch(session: Session, merge: Merge, task: LockedTask, op: Op) -> Mapping[str, Any]:
    """The patch, with what an id implies. Raises Refused or Waits where it does not fit."""
    held = merge.get((op.type, op.id))
    if op.action == "delete":
        if op.type not in DELETABLE:
            raise Refused("action_not_allowed", "delete")
    elif op.type not in CREATABLE:
        raise Refused("action_not_allowed", op.action)
    require_entity(op.type, op.id, op.action, exists=held is not None)
    if op.patch.get("task_id", task.id) != task.id:
        raise Refused("id_mismatch", "task_id")
    if op.type == "photo":
        _require_photo_parent(merge, op, task.id)
        _require_as_declared(op, held)
    if op.type == "answer":
        return _answer_patch(session, op, held, task)
    if op.type == "record" and held is None:
        return {**op.patch, "task_id": task.id}
    return op.patch


def _answer_patch(
    session: Session, op: Op, held: Held | None, task: LockedTask
) -> Mapping[str, Any]:
    code = op.id[len(task.id) + 1 :]
    require_answer(session, task, code, op.patch.get("value"))
    if op.patch.get("item_code", code) != code:
        raise Refused("id_mismatch", "item_code")
    return op.patch if held else {**op.patch, "task_id": task.id, "item_code": code}


def require_answer(session: Session, task: LockedTask, code: str, value: Any) -> None:
    """Raise Refused unless the task's checklist has this item, and the item takes this value."""
    item = checklist_items(session, task.checklist_id).get(code)
    if item is None:
        raise Refused("item_unknown", code)
    if not check_answer(item, value):
        raise Refused("answer_invalid", "value")


def _require_photo_parent(merge: Merge, op: Op, task_id: str) -> None:
    of_type, of_id = op.patch.get("of_type"), op.patch.get("of_id")
    if of_type is None or of_id is None:
        return
    if of_type != "finding":
        if task_of(of_type, of_id) != task_id:
            raise Refused("id_mismatch", "of_id")
        return
    parent = merge.get((of_type, of_id))
    if parent is None:
        raise Waits("parent_missing", type=of_type, id=of_id)
    if parent.task_id != task_id:
        raise Refused("id_mismatch", "of_id")


def _require_as_declared(op: Op, held: Held | None) -> None:
    """Evidence is what it was declared as first. A later declaration is refused even by one who
    did not know it: which of two came earlier by their own clocks would be theirs to say."""
    declared = held.entity.data if held else {}
    for name, value in op.patch.items():
        is_evidence = FIELDS["photo"][name].policy == "immutable"
        if is_evidence and name in declared and declared[name] != value:
            raise Refused("field_immutable", name)
