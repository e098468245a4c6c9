"""Tasks on the wire: made, assigned, approved, cancelled, looked at by supervisors."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime
from sync.tasks import ORIGINS, ROLES, STATUSES

MAX_TEAM = 20


class PostSchema(ma.Schema):
    """One officer in one role."""

    officer_id = Id(required=True)
    role = ma.fields.String(required=True, validate=validate.OneOf(ROLES))


def _team(*, required: bool) -> ma.fields.List[Any]:
    return ma.fields.List(
        ma.fields.Nested(PostSchema), required=required, validate=validate.Length(max=MAX_TEAM)
    )


class NewTaskSchema(ma.Schema):
    """A task made by hand, with its source document; `drawn` and `campaign` come from a draw."""

    origin = ma.fields.String(required=True, validate=validate.OneOf(ORIGINS))
    source_document = Text(required=True, minimum=1, maximum=200)
    object_id = Id(required=True)
    checklist_id = Id(required=True)
    planned_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(load_default=None, allow_none=True)
    override_reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)
    assignments = _team(required=False)


class AssignSchema(ma.Schema):
    """Who goes, all of them; a reason from the second time on."""

    assignments = _team(required=True)
    reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)


class CancelSchema(ma.Schema):
    """Why the task is cancelled."""

    reason = Text(required=True, minimum=1, maximum=1000)


class TaskListArgs(PageArgs):
    """Which tasks to list, newest first."""

    status = ma.fields.String(validate=validate.OneOf(STATUSES))
    origin = ma.fields.String(validate=validate.OneOf(ORIGINS))
    object_id = Id()
    officer_id = Id(metadata={"description": "who is on the task now"})
    organisation_id = Id()


class AssignmentSchema(PostSchema):
    """An officer on the task, also one who left it."""

    name = ma.fields.String(required=True)
    assigned_at = UtcTime(required=True)
    ended_at = UtcTime(required=True, allow_none=True)
    end_reason = ma.fields.String(required=True, allow_none=True)


class FrequencySchema(ma.Schema):
    """What the task meets on its planned day: cap (N30) and interval (N31)."""

    day = ma.fields.Date(required=True)
    counted_in_year = ma.fields.Integer(
        required=True, metadata={"description": "other checks of the object in that year"}
    )
    cap_per_year = ma.fields.Integer(required=True)
    last_check_on = ma.fields.Date(required=True, allow_none=True)
    next_check_on = ma.fields.Date(required=True, allow_none=True)
    free_from = ma.fields.Date(
        required=True, allow_none=True, metadata={"description": "first day that keeps N31"}
    )
    warnings = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(("cap_reached", "interval_too_short"))),
        required=True,
    )


class TaskObjectSchema(ma.Schema):
    """The object in short."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    address = ma.fields.String(required=True)


class TaskChecklistSchema(ma.Schema):
    """The pinned checklist version in short."""

    id = Id(required=True)
    code = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    title = ma.fields.String(required=True)


class TaskSchema(ma.Schema):
    """A task as supervisors see it."""

    id = Id(required=True)
    number = ma.fields.String(required=True)
    origin = ma.fields.String(required=True, validate=validate.OneOf(ORIGINS))
    source_document = ma.fields.String(required=True, allow_none=True)
    organisation_id = Id(required=True)
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})
    status = ma.fields.String(required=True, validate=validate.OneOf(STATUSES))
    round = ma.fields.Integer(required=True)
    planned_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(required=True, allow_none=True)
    started_at = UtcTime(required=True, allow_none=True)
    finished_at = UtcTime(required=True, allow_none=True)
    submitted_at = UtcTime(required=True, allow_none=True)
    reviewed_at = UtcTime(required=True, allow_none=True)
    reviewed_by = ma.fields.String(required=True, allow_none=True)
    requested_by = ma.fields.String(required=True)
    approved_by = ma.fields.String(required=True, allow_none=True)
    item_list_ids = ma.fields.List(
        Id(),
        required=True,
        allow_none=True,
        metadata={"description": "the item lists (随机抽查事项清单) that hold on its day"},
    )
    override_reason = ma.fields.String(required=True, allow_none=True)
    send_back_reason = ma.fields.String(required=True, allow_none=True)
    cancel_reason = ma.fields.String(required=True, allow_none=True)
    created_at = UtcTime(required=True)
    object = ma.fields.Nested(TaskObjectSchema, required=True)
    checklist = ma.fields.Nested(TaskChecklistSchema, required=True)
    assignments = ma.fields.List(ma.fields.Nested(AssignmentSchema), required=True)
    frequency = ma.fields.Nested(FrequencySchema, required=True)
