"""Files kept aside on the wire: what they are, who sent them, what a person found."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime
from schemas.photos import PHOTO_STATES

OUTCOMES = ("explained", "kept")


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe_text(**kwargs: Any) -> ma.fields.String:
    return _text(allow_none=True, **kwargs)


class QuarantineArgs(PageArgs):
    """Which files, oldest first."""

    user_id = Id(metadata={"description": "who sent them"})
    device_id = Id()
    photo_id = Id()
    settled = ma.fields.Boolean()


class SettleQuarantinedSchema(ma.Schema):
    """What was found. The file stays as it is."""

    outcome = _text(
        validate=validate.OneOf(OUTCOMES),
        metadata={
            "description": "`explained`: it is known what this is; `kept`: it may matter yet, and "
            "no term ends it until it is explained"
        },
    )
    reason = Text(required=True, minimum=1, maximum=1000)


class QuarantinedSchema(ma.Schema):
    """A file that makes no photo and is kept aside for a person."""

    id = _text(metadata={"description": "of the upload that brought it"})
    user_id = _text()
    user_name = _text()
    officer_id = _maybe_text()
    device_id = _maybe_text()
    device_name = _maybe_text()
    photo_id = _maybe_text(metadata={"description": "what it was sent for"})
    photo_state = _maybe_text(
        validate=validate.OneOf(PHOTO_STATES),
        metadata={"description": "null while that photo is not declared"},
    )
    task_id = _maybe_text()
    task_number = _maybe_text()
    filename = _maybe_text(metadata={"description": "as its sender called it; proves nothing"})
    size_bytes = ma.fields.Integer(required=True, allow_none=True)
    stated_sha256 = _maybe_text()
    received_sha256 = _maybe_text()
    detected_type = _maybe_text(metadata={"description": "by content"})
    sound = ma.fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "whether it is a whole photo or clip, only not the stated one"},
    )
    code = _maybe_text(metadata={"description": "why it is no photo, docs/errors.md"})
    message = _maybe_text()
    details = ma.fields.Dict(required=True)
    advice = _text(metadata={"description": "what to do next, Chinese"})
    quarantined_at = UtcTime(required=True)
    outcome = _maybe_text(validate=validate.OneOf(OUTCOMES))
    reason = _maybe_text()
    settled_by = _maybe_text()
    settled_by_name = _maybe_text()
    settled_at = UtcTime(required=True, allow_none=True)
