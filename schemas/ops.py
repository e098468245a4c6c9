"""One op as it came → an `Op` in hand, or with the fault that keeps it from being taken.

A push is read op by op, so that a bad one is answered alone. The envelope stands in
`schemas.sync`.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import ID_PATTERN, Id, WholeMatch
from schemas.entities import PATCHES, REQUIRED
from schemas.quick import compile_schema
from sync.clock import parse_hlc
from sync.ops import Fault, Op

MAX_DEPENDENCIES = 50
MAX_REV = 2**53


class OpSchema(ma.Schema):
    """One op of a device."""

    op_id = Id(required=True)
    type = ma.fields.String(required=True, validate=validate.Length(1, 20))
    id = Id(required=True)
    action = ma.fields.String(required=True, validate=validate.OneOf(["create", "patch", "delete"]))
    base_rev = ma.fields.Integer(
        strict=True, allow_none=True, load_default=None, validate=validate.Range(0, MAX_REV)
    )
    patch = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    hlc = ma.fields.Raw(
        allow_none=True,
        load_default=None,
        metadata={"type": ["string", "integer", "null"], "example": "1795437660123:0"},
    )
    depends_on = ma.fields.List(
        Id(), load_default=list, allow_none=True, validate=validate.Length(max=MAX_DEPENDENCIES)
    )
    mends = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "an op of this device that was rejected and that this one mends"},
    )


_OP = OpSchema()
_load_op = compile_schema(_OP)
_load_patch = {type_: compile_schema(schema) for type_, schema in PATCHES.items()}
_ID = WholeMatch(ID_PATTERN)


def check_op(body: Mapping[str, Any]) -> Op:
    """The op; `fault` set where its form is wrong. Its `op_id` was checked with the envelope."""
    try:
        form = _load_op(body) or _OP.load(body)
    except ma.ValidationError as error:
        return _faulty(body, "op_malformed", {"fields": error.messages})
    hlc_ms = None if form["hlc"] is None else _hlc(form["hlc"])
    if form["hlc"] is not None and hlc_ms is None:
        return _faulty(body, "hlc_invalid", {"hlc": str(form["hlc"])[:64]})
    patch, fault = _checked_patch(form)
    if fault is not None:
        # what it was about to do, when, and what it stands for is known nevertheless
        known = {"action": form["action"], "hlc_ms": hlc_ms, "mends": form["mends"]}
        return _faulty(body, fault.code, fault.details)._replace(**known)
    return Op(
        op_id=form["op_id"],
        type=form["type"],
        id=form["id"],
        action=form["action"],
        base_rev=form["base_rev"],
        patch=patch,
        hlc_ms=hlc_ms,
        depends_on=tuple(form["depends_on"] or ()),
        body=body,
        mends=form["mends"],
    )


def _hlc(value: Any) -> int | None:
    return parse_hlc(value) if isinstance(value, str | int) and value is not True else None


def _checked_patch(form: Mapping[str, Any]) -> tuple[dict[str, Any], Fault | None]:
    """The values of a patch, or why it is not to be taken."""
    type_, sent = form["type"], form["patch"]
    schema = PATCHES.get(type_)
    if schema is None:
        return {}, Fault("type_unknown", {"type": type_})
    try:
        patch = _load_patch[type_](sent)
        if patch is None:
            patch = schema.load(sent)
    except ma.ValidationError as error:
        unknown = [name for name in sent if name not in schema.fields]
        code = "field_unknown" if unknown else "field_invalid"
        return {}, Fault(code, {"fields": error.messages})
    if form["action"] == "create":
        missing = [name for name in REQUIRED.get(type_, ()) if name not in patch]
        if missing:
            return {}, Fault("field_invalid", {"missing": missing})
    return patch, None


def _faulty(body: Mapping[str, Any], code: str, details: Mapping[str, Any]) -> Op:
    """An op of which no more than its id is read, because of a fault; the body is kept."""
    type_, id_ = str(body.get("type"))[:20], body.get("id")
    try:
        _ID(id_ if isinstance(id_, str) else "")
    except ma.ValidationError:
        id_ = "-"
    return Op(
        op_id=body["op_id"], type=type_ if type_.isascii() and type_.isprintable() else "-",
        id=str(id_), action="patch", base_rev=None, patch={}, hlc_ms=None, depends_on=(),
        body=body, fault=Fault(code, _plain(details)),
    )  # fmt: skip


def _plain(said: Any) -> Any:
    """What is told of a fault, in words that every JSON writer takes: marshmallow numbers the
    elements of a list, and names of fields are the sender's own."""
    if isinstance(said, Mapping):
        return {_plain(str(name)): _plain(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_plain(value) for value in said]
    return said.encode(errors="backslashreplace").decode() if isinstance(said, str) else said
