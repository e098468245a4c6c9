"""What of an entity must not depend on the order of arrival (rule 5): its data without the server's
times and the ids that it makes.

Two servers that took the same ops in different orders, or a device and its server, hold the same
state exactly when these forms are equal.
"""

import json
from collections.abc import Mapping
from typing import Any

from sync.policies import OFFICE

#: times of the server's clock, by type
SERVER_TIMES: dict[str, frozenset[str]] = {
    "conflict": frozenset({"opened_at", "resolved_at", "escalated_at"}),
}
#: lists of a task that the server keeps in the order of arrival
AS_THEY_CAME = ("salvaged", "not_awaited")


def canonical(type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a document as rule 5 compares it; `seq`, `rev` and the id stand beside it.

    Left out are server times; of a candidate its `key`, which counts what arrived, and of the
    office's candidates their time; of work that came late its id, its time and order of arrival.
    """
    left_out = SERVER_TIMES.get(type_, frozenset())
    plain = {name: value for name, value in data.items() if name not in left_out}
    if type_ == "conflict":
        plain["candidates"] = [_candidate(each) for each in data.get("candidates", ())]
    if type_ == "task":
        for name in AS_THEY_CAME:
            listed = [_without(each, "at", "late_op_id") for each in data.get(name, ())]
            plain[name] = sorted(listed, key=_spelled)
    return plain


def _candidate(said: Mapping[str, Any]) -> dict[str, Any]:
    return _without(said, "key", "at") if said["device_id"] == OFFICE else _without(said, "key")


def _spelled(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True)


def _without(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}
