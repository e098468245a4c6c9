"""What a device did (操作), as the server takes it in hand after its form was checked."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Status = Literal["applied", "merged", "conflict", "deferred", "rejected", "salvaged"]
#: reasons that a person can read stand in `docs/errors.md` beside the errors of requests


class Fault(NamedTuple):
    """Why an op is not taken: a stable code, and details that help to mend it."""

    code: str
    details: Mapping[str, Any]


class Op(NamedTuple):
    """One op. `body` is what came, word for word; `fault` says what was wrong with its form;
    `mends` names the rejected op of the same device that this one stands for."""

    op_id: str
    type: str
    id: str
    action: Literal["create", "patch", "delete"]
    base_rev: int | None
    patch: Mapping[str, Any]
    hlc_ms: int | None
    depends_on: tuple[str, ...]
    body: Mapping[str, Any]
    fault: Fault | None = None
    mends: str | None = None


#: an op as it came → the `Op` in hand
CheckOp = Callable[[Mapping[str, Any]], Op]
