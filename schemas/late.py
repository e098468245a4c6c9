"""Late ops on the wire: what came too late to be merged, and what people decide about it."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime

KINDS = ("held", "salvage", "amendment")
KEPT_STATUSES = ("rejected", "deferred", "salvaged")
STATES = ("open", "accepted", "refused", "went_on")


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe_text() -> ma.fields.String:
    return _text(allow_none=True)


class LateOpArgs(PageArgs):
    """Which late ops, oldest first."""

    kind = ma.fields.String(validate=validate.OneOf(KINDS))
    state = ma.fields.String(validate=validate.OneOf(STATES))
    task_id = Id()


class AcceptLateOpSchema(ma.Schema):
    """Take it over. `reason` is needed on an approved record, and the public reads it where that
    was published."""

    reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)
    patch = ma.fields.Dict(
        keys=ma.fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "what to write instead of what the op says"},
    )
    task_id = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "where it belongs, for a held op whose task is not known"},
    )


class RefuseLateOpSchema(ma.Schema):
    """Why it is set aside; its writer reads it."""

    reason = Text(required=True, minimum=1, maximum=1000)


class LateOpSchema(ma.Schema):
    """An op that came too late to be merged, whole, with what was decided."""

    id = _text()
    kind = _text(
        validate=validate.OneOf(KINDS),
        metadata={
            "description": "`held`: what it depends on never came; `salvage`: its writer had left "
            "the task; `amendment`: the record was approved"
        },
    )
    state = _text(validate=validate.OneOf(STATES))
    task_id = _maybe_text()
    task_number = _maybe_text()
    device_id = _text()
    device_name = _text()
    op_id = _text()
    user_id = _text()
    user_name = _text()
    officer_id = _maybe_text()
    type = _text()
    entity_id = _text()
    body = ma.fields.Dict(required=True, metadata={"description": "the op as it came"})
    error = ma.fields.Dict(required=True, allow_none=True)
    stands = ma.fields.Dict(
        required=True, metadata={"description": "what stands now in the fields that it writes"}
    )
    stands_rev = ma.fields.Integer(required=True, allow_none=True)
    effective_at = UtcTime(required=True)
    received_at = UtcTime(required=True)
    opened_at = UtcTime(required=True)
    age_seconds = ma.fields.Integer(
        required=True, metadata={"description": "since it came to the server"}
    )
    decided_at = UtcTime(required=True, allow_none=True)
    decided_by = _maybe_text()
    decided_by_name = _maybe_text()
    reason = _maybe_text()
    patch = ma.fields.Dict(
        required=True, allow_none=True, metadata={"description": "as it was mended"}
    )
    rev = ma.fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "the version of the entity that it made"},
    )


class KeptOpArgs(ma.Schema):
    """Which ops that were not merged, in the order of arrival."""

    after = ma.fields.String(
        validate=validate.Length(1, 100), metadata={"description": "the `next` of the page before"}
    )
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200), strict=False)
    status = ma.fields.String(validate=validate.OneOf(KEPT_STATUSES))
    device_id = Id()
    user_id = Id(metadata={"description": "who wrote them"})
    task_id = Id()
    mended = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "those that another op stands for by now, instead of the others"},
    )


class KeptOpSchema(ma.Schema):
    """An op that was not merged, whole."""

    op_id = _text()
    device_id = _text()
    device_name = _text()
    user_id = _text()
    user_name = _text()
    type = _text()
    entity_id = _text()
    task_id = _maybe_text()
    status = _text(validate=validate.OneOf(KEPT_STATUSES))
    error = ma.fields.Dict(required=True, allow_none=True)
    body = _text(allow_none=True, metadata={"description": "the op as it came: JSON, as text"})
    mended_by = _maybe_text()
    effective_at = UtcTime(required=True)
    received_at = UtcTime(required=True)
