"""A person's correction that comes back in a file: what of the object it changes. Pure."""

from collections.abc import Mapping
from typing import Any

from server.services.registers.divisions import is_settled_code
from server.services.registers.values import read_back


class Refused(Exception):
    """The correction cannot be; `told` is (value, code, reason) of the problem."""

    def __init__(self, value: str, code: str, reason: str) -> None:
        self.told = (value, code, reason)
        super().__init__(code)


def correct(
    stands: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    holder_id: str | None,
    taken: Mapping[str, str],
) -> dict[str, Any]:
    """The values that differ from what an export of the object would have said. `holder_id` holds
    the told division; `taken` are credit codes → the objects that have them. Raises Refused."""
    division_code = told.get("division_code") or stands["division_code"]
    values = {
        name: value
        for name, value in told.items()
        if name != "division_code" and value != read_back(name, stands[name])
    }
    if division_code != stands["division_code"]:
        values |= _place(division_code, holder_id)
    _check_code(stands, values, taken)
    _check_kinds({**stands, **values})
    return values | _state(stands, values)


def _place(division_code: str, holder_id: str | None) -> dict[str, Any]:
    if not is_settled_code(division_code):
        raise Refused(division_code, "division_unsettled", "请填写旗县区一级的区划代码")
    if holder_id is None:
        raise Refused(division_code, "division_out_of_scope", "该区划不在所选机构的辖区内")
    return {
        "division_code": division_code, "organisation_id": holder_id, "division_state": "settled",
        "proposed_division_code": None, "proposal_reason": None,
    }  # fmt: skip


def _check_code(
    stands: Mapping[str, Any], values: Mapping[str, Any], taken: Mapping[str, str]
) -> None:
    code = values.get("credit_code")
    if code and taken.get(code, stands["id"]) != stands["id"]:
        raise Refused(code, "credit_code_taken", "该代码已登记在另一对象，未作改动")


def _check_kinds(after: Mapping[str, Any]) -> None:
    if after["small_kind"] and after["kind"] != "small":
        raise Refused(after["small_kind"], "small_kind_misplaced", "只有九小场所可以填写九小类别")


def _state(stands: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    state = values.get("state", stands["state"])
    if "state" in values and "merged" in (state, stands["state"]):
        raise Refused(state, "state_needs_merge", "合并须在疑似重复清单中办理或撤销")
    if "state" in values and state != "active" and not values.get("state_reason"):
        raise Refused(state, "state_reason_needed", "请填写状态说明")
    if "state" in values and state == "active":
        return {"active": True, "state_reason": None}
    return {"active": state == "active"} if "state" in values else {}
