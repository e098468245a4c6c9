"""Ops as a device writes them."""

import itertools
from typing import Any

_numbers = itertools.count(1)


def op(type_: str, id_: str, patch: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    """An op with a fresh id; a patch on nothing seen unless told otherwise."""
    return {
        "op_id": f"op-{next(_numbers)}",
        "type": type_,
        "id": id_,
        "action": "patch",
        "base_rev": None,
        "patch": patch or {},
        **facts,
    }


def new_finding(id_: str, task_id: str, **patch: Any) -> dict[str, Any]:
    """The op that creates a finding."""
    body = {"task_id": task_id, "kind": "hazard", **patch}
    return op("finding", id_, body, action="create")


def by_id(page: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """A page's changes by type and id."""
    return {(change["type"], change["id"]): change for change in page["changes"]}
