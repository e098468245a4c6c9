"""Settling a conflict (裁定冲突): what was chosen, who may, and the write that it makes."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from server.services.sync.fitting import require_answer
from server.services.sync.locks import LockedTask
from sync.conflicts import field_name
from sync.entities import EXISTS
from sync.merge import Action
from sync.ops import CheckOp
from sync.policies import Refused


def chosen_value(
    said: Mapping[str, Any],
    patch: Mapping[str, Any],
    *,
    earlier: Callable[[], Mapping[str, Any]] = dict,
) -> Any:
    """The value that settles a conflict: a candidate by its key, or a new one.

    `earlier` gives values by key that are candidates no more: one who settles offline may choose
    what its writer has replaced since, unseen by them. Which came first must not decide (rule 5).
    """
    if "candidate" not in patch:
        return patch["value"]
    listed = {candidate["key"]: candidate["value"] for candidate in said["candidates"]}
    for values in (lambda: listed, earlier):
        if patch["candidate"] in (known := values()):
            return known[patch["candidate"]]
    raise Refused("candidate_unknown", "candidate")


def has_care(said: Mapping[str, Any], officer_id: str | None) -> bool:
    """Whether an officer has the care of a conflict, and so may settle it like the lead."""
    assignee = said.get("assigned_to") or {}
    return assignee.get("kind") == "officer" and assignee["id"] == officer_id


def settling_write(
    session: Session, task: LockedTask, said: Mapping[str, Any], value: Any, check_op: CheckOp
) -> tuple[Action, Mapping[str, Any]]:
    """The write on the entity that settles its conflict; the value is checked as any other."""
    name = field_name(said["field"])
    if name == EXISTS:
        if value not in ("kept", "deleted"):
            raise Refused("candidate_unknown", "value")
        return ("patch", {}) if value == "kept" else ("delete", {})
    body = {
        "op_id": "settle", "type": said["of_type"], "id": said["of_id"], "action": "patch",
        "base_rev": None, "patch": {name: value},
    }  # fmt: skip
    checked = check_op(body)
    if checked.fault:
        raise Refused(checked.fault.code, name)
    if said["of_type"] == "answer":
        require_answer(session, task, said["of_id"][len(task.id) + 1 :], checked.patch[name])
    return "patch", checked.patch
