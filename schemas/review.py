"""Review on the wire: what a supervisor reads before deciding, and what they decide."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, Text, UtcTime
from schemas.conflicts import WholeConflictSchema
from schemas.flags import PhotoFactsSchema, PhotoFlagSchema
from schemas.photos import MissingPhotoSchema
from sync.tasks import ROLES, STATUSES


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe_text() -> ma.fields.String:
    return _text(allow_none=True)


class SendBackSchema(ma.Schema):
    """Why the record goes back to its officers (退回理由)."""

    reason = Text(required=True, minimum=1, maximum=1000)


class ReviewEntitySchema(ma.Schema):
    """A synced entity as devices see it."""

    id = _text()
    rev = ma.fields.Integer(required=True)
    data = ma.fields.Dict(required=True)


class PhotoCountsSchema(ma.Schema):
    """All that were declared; of those the received; of those the verified. And what went wrong."""

    declared = ma.fields.Integer(required=True)
    received = ma.fields.Integer(required=True)
    verified = ma.fields.Integer(required=True)
    quarantined = ma.fields.Integer(required=True)
    lost = ma.fields.Integer(required=True)
    deleted = ma.fields.Integer(required=True)


class ReviewedFindingSchema(ReviewEntitySchema):
    """A finding with the state of its photos."""

    photo_counts = ma.fields.Nested(PhotoCountsSchema, required=True)


class ReviewedItemSchema(ma.Schema):
    """A checklist item with its answer, if there is one."""

    item = ma.fields.Dict(required=True)
    answer = ma.fields.Nested(ReviewEntitySchema, required=True, allow_none=True)


class ReviewedPhotoSchema(ReviewEntitySchema):
    """A photo with what is known of it, and what does not fit."""

    facts = ma.fields.Nested(PhotoFactsSchema, required=True, allow_none=True)
    flags = ma.fields.List(ma.fields.Nested(PhotoFlagSchema), required=True)


class ReviewedPhotosSchema(ma.Schema):
    """All photos of the task."""

    counts = ma.fields.Nested(PhotoCountsSchema, required=True)
    items = ma.fields.List(ma.fields.Nested(ReviewedPhotoSchema), required=True)


class ReviewTaskSchema(ma.Schema):
    """The task's state."""

    id = _text()
    number = _text()
    origin = _text()
    source_document = _maybe_text()
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})
    status = _text(validate=validate.OneOf(STATUSES))
    round = ma.fields.Integer(required=True)
    planned_on = ma.fields.Date(required=True)
    started_at = UtcTime(required=True, allow_none=True)
    finished_at = UtcTime(required=True, allow_none=True)
    submitted_at = UtcTime(required=True, allow_none=True)
    reviewed_at = UtcTime(required=True, allow_none=True)
    reviewed_by = _maybe_text()
    send_back_reason = _maybe_text()


class ReviewObjectSchema(ma.Schema):
    """The inspected unit."""

    id = _text()
    name = _text()
    kind = _text()
    address = _text()
    credit_code = _maybe_text()


class ReviewOrganisationSchema(ma.Schema):
    """The inspecting body."""

    id = _text()
    name = _text()
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})


class ReviewChecklistSchema(ma.Schema):
    """The pinned checklist version."""

    id = _text()
    code = _text()
    version = ma.fields.Integer(required=True)
    title = _text()


class ReviewOfficerSchema(ma.Schema):
    """Someone who is, or was, on the task."""

    id = _text()
    name = _text()
    role = _text(validate=validate.OneOf(ROLES))
    ended_at = UtcTime(required=True, allow_none=True)


class HistoryVersionSchema(ma.Schema):
    """One version of an entity: who wrote what, when, on which device, and what stood before."""

    type = _text()
    id = _text()
    rev = ma.fields.Integer(required=True)
    action = _text()
    officer_id = _maybe_text()
    user_id = _maybe_text()
    user_name = _maybe_text()
    device_id = _text(metadata={"description": "`office` for acts of the server"})
    device_name = _maybe_text()
    op_id = _maybe_text()
    base_rev = ma.fields.Integer(required=True, allow_none=True)
    effective_at = UtcTime(required=True)
    received_at = UtcTime(required=True)
    before = ma.fields.Dict(required=True)
    patch = ma.fields.Dict(required=True)


class UnmergedSchema(ma.Schema):
    """An op that is not part of the record, kept whole."""

    op_id = _text()
    device_id = _text()
    user_id = _text()
    user_name = _maybe_text()
    type = _text()
    id = _text()
    status = _text(validate=validate.OneOf(("salvaged", "deferred", "rejected")))
    error = ma.fields.Dict(required=True, allow_none=True)
    body = _text(allow_none=True, metadata={"description": "the op as it came: JSON, as text"})
    effective_at = UtcTime(required=True)
    received_at = UtcTime(required=True)


class NotAwaitedSchema(ma.Schema):
    """A device that approval shall not wait for, and why; the reason stands with the record."""

    device_id = Id(required=True)
    reason = Text(required=True, minimum=1, maximum=1000)


class UnawaitedSchema(ma.Schema):
    """Who said that approval shall not wait for a device, and why."""

    reason = _text()
    named_by = _text()
    named_at = UtcTime(required=True)


class ReviewDeviceSchema(ma.Schema):
    """A device of the task, when it was last heard of, and what still waits on it."""

    id = _text()
    name = _text()
    platform = _text()
    state = _text()
    user_id = _text()
    user_name = _text()
    officer_id = _maybe_text()
    last_seen_at = UtcTime(required=True, allow_none=True)
    last_push_at = UtcTime(required=True, allow_none=True)
    last_contact_at = UtcTime(required=True, allow_none=True)
    heard_since_submission = ma.fields.Boolean(required=True)
    standing = _text(
        validate=validate.OneOf((*ROLES, "former", "gone")),
        metadata={
            "description": "`former`: their person left and may still send; `gone`: no longer"
        },
    )
    waiting_ops = ma.fields.Integer(
        required=True, metadata={"description": "as the device told at `pending_told_at`"}
    )
    waiting_photos = ma.fields.Integer(required=True)
    pending_told_at = UtcTime(required=True, allow_none=True)
    held_ops = ma.fields.Integer(
        required=True, metadata={"description": "ops that wait on the server for others"}
    )
    awaited_because = _maybe_text()
    not_awaited = ma.fields.Nested(UnawaitedSchema, required=True, allow_none=True)


class TaskDevicesSchema(ma.Schema):
    """The devices of a task."""

    items = ma.fields.List(ma.fields.Nested(ReviewDeviceSchema), required=True)


class ReviewNoticeSchema(ma.Schema):
    """Something to settle or to know: a stable code, Chinese text, the entity concerned."""

    code = _text()
    message = _text()
    type = _text()
    id = _text()


class ReviewSchema(ma.Schema):
    """Everything about one inspection."""

    task = ma.fields.Nested(ReviewTaskSchema, required=True)
    object = ma.fields.Nested(ReviewObjectSchema, required=True)
    organisation = ma.fields.Nested(ReviewOrganisationSchema, required=True)
    checklist = ma.fields.Nested(ReviewChecklistSchema, required=True)
    officers = ma.fields.List(ma.fields.Nested(ReviewOfficerSchema), required=True)
    record = ma.fields.Nested(ReviewEntitySchema, required=True, allow_none=True)
    items = ma.fields.List(ma.fields.Nested(ReviewedItemSchema), required=True)
    findings = ma.fields.List(ma.fields.Nested(ReviewedFindingSchema), required=True)
    photos = ma.fields.Nested(ReviewedPhotosSchema, required=True)
    missing_photos = ma.fields.List(
        ma.fields.Nested(MissingPhotoSchema),
        required=True,
        metadata={"description": "what approval waits for, oldest first"},
    )
    conflicts = ma.fields.List(
        ma.fields.Nested(WholeConflictSchema),
        required=True,
        metadata={"description": "open: each side, and what it saw"},
    )
    settled_conflicts = ma.fields.List(
        ma.fields.Nested(WholeConflictSchema),
        required=True,
        metadata={"description": "settled: by whom and why stands in their history"},
    )
    history = ma.fields.List(ma.fields.Nested(HistoryVersionSchema), required=True)
    salvaged = ma.fields.List(
        ma.fields.Nested(UnmergedSchema),
        required=True,
        metadata={"description": "work that came after the task had moved on"},
    )
    unmerged = ma.fields.List(
        ma.fields.Nested(UnmergedSchema),
        required=True,
        metadata={"description": "ops that are held or were refused"},
    )
    devices = ma.fields.List(ma.fields.Nested(ReviewDeviceSchema), required=True)
    blocking = ma.fields.List(
        ma.fields.Nested(ReviewNoticeSchema),
        required=True,
        metadata={"description": "what still prevents approval"},
    )
    warnings = ma.fields.List(
        ma.fields.Nested(ReviewNoticeSchema),
        required=True,
        metadata={"description": "what to look at before deciding"},
    )


class ReviewedTaskSchema(ma.Schema):
    """What a decision made of the task."""

    id = _text()
    number = _text()
    status = _text(validate=validate.OneOf(STATUSES))
    round = ma.fields.Integer(required=True)
    reviewed_at = UtcTime(required=True, allow_none=True)
    reviewed_by = _maybe_text()
    send_back_reason = _maybe_text()
