"""Publication on the wire: what a supervisor asks for, and what the public reads."""

from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, Text, UtcTime

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
MAX_VERSION = 1_000_000
STATES = ("current", "superseded", "withdrawn")
RESULT_TYPES = (
    "no_problem", "not_disclosed", "false_disclosure", "not_at_address", "ordered_to_correct",
    "uncooperative", "no_such_business", "pending",
)  # fmt: skip


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe_text() -> ma.fields.String:
    return _text(allow_none=True)


class PublishSchema(ma.Schema):
    """A first publication needs nothing; a correction says why."""

    result = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(RESULT_TYPES),
        metadata={"description": "overrules the result that follows from the record"},
    )
    reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)


class WithdrawSchema(ma.Schema):
    """Why the notice is withdrawn; the public reads it."""

    reason = Text(required=True, minimum=1, maximum=1000)


class PublicationSchema(ma.Schema):
    """A version as its publisher sees it."""

    notice_id = _text()
    version = ma.fields.Integer(required=True)
    task_id = _text()
    published_at = UtcTime(required=True)
    withdrawn_at = UtcTime(required=True, allow_none=True)


class ResultsArgs(ma.Schema):
    """Which results to list, newest first."""

    organisation = Id(metadata={"description": "a body and all below it"})
    from_day = ma.fields.Date(
        data_key="from",
        validate=validate.Range(FIRST_DAY, LAST_DAY),
        metadata={"description": "first day of publication, in China"},
    )
    to_day = ma.fields.Date(
        data_key="to",
        validate=validate.Range(FIRST_DAY, LAST_DAY),
        metadata={"description": "last day of publication, in China"},
    )
    q = Text(maximum=100, metadata={"description": "part of the unit's name or the task's number"})
    after = ma.fields.String(
        validate=validate.Regexp(r"^[0-9]{1,13}\.[0-9a-f]{32}\Z"),
        metadata={"description": "the `next` of the page before"},
    )
    limit = ma.fields.Integer(load_default=20, validate=validate.Range(1, 100), strict=False)


class ResultArgs(ma.Schema):
    """Which version; none: the newest."""

    version = ma.fields.Integer(validate=validate.Range(1, MAX_VERSION), strict=False)


class PublicOrganisationSchema(ma.Schema):
    """抽查机关."""

    id = _text()
    name = _text()
    division_code = _text()


class HeadingSchema(ma.Schema):
    """What identifies a version of a notice."""

    notice_id = _text()
    version = ma.fields.Integer(required=True)
    status = _text(validate=validate.OneOf(STATES))
    number = _text()
    organisation = ma.fields.Nested(PublicOrganisationSchema, required=True)
    published_at = UtcTime(required=True)


class PublicResultLineSchema(HeadingSchema):
    """A line of the list. Of a withdrawn notice nothing is told but its heading."""

    unit_name = _maybe_text()
    object_kind = _maybe_text()
    finished_on = _maybe_text()
    result = _maybe_text()
    result_text = _maybe_text()


class PublicVersionSchema(ma.Schema):
    """One version among all."""

    version = ma.fields.Integer(required=True)
    status = _text(validate=validate.OneOf(STATES))
    published_at = UtcTime(required=True)
    reason = _maybe_text()
    withdrawn_at = UtcTime(required=True, allow_none=True)


class PublicUnitSchema(ma.Schema):
    """The inspected unit (检查对象)."""

    name = _text()
    kind = _text()
    small_kind = _maybe_text()
    credit_code = _maybe_text()


class PublicChecklistSchema(ma.Schema):
    """The checklist by which it was inspected."""

    title = _text()
    version = ma.fields.Integer(required=True)


class CheckedItemSchema(ma.Schema):
    """An item and what was found (抽查情况)."""

    code = _text()
    section = _maybe_text()
    text = _text()
    legal_basis = _maybe_text()
    value = ma.fields.Raw(required=True, allow_none=True)


class PublicFindingSchema(ma.Schema):
    """A problem and what was ordered (查处结果)."""

    item_code = _maybe_text()
    title = _maybe_text()
    description = _maybe_text()
    severity = _maybe_text()
    action = _maybe_text()
    term_until = _maybe_text()


class PublicRecordSchema(ma.Schema):
    """The published content: white-listed fields only."""

    number = _text()
    unit = ma.fields.Nested(PublicUnitSchema, required=True)
    organisation = ma.fields.Nested(PublicOrganisationSchema, required=True)
    finished_on = _maybe_text()
    officers_count = ma.fields.Integer(required=True)
    certified_officers_count = ma.fields.Integer(required=True)
    checklist = ma.fields.Nested(PublicChecklistSchema, required=True)
    items = ma.fields.List(ma.fields.Nested(CheckedItemSchema), required=True)
    findings = ma.fields.List(ma.fields.Nested(PublicFindingSchema), required=True)
    outcome = _maybe_text()
    result = _text(validate=validate.OneOf(RESULT_TYPES))
    result_text = _text()


class PublicResultSchema(HeadingSchema):
    """A published result; `record` is null once it was withdrawn."""

    supersedes = ma.fields.Integer(required=True, allow_none=True)
    reason = _text(
        allow_none=True, metadata={"description": "why it supersedes the version before"}
    )
    withdrawn_at = UtcTime(required=True, allow_none=True)
    withdrawal_reason = _maybe_text()
    record = ma.fields.Nested(PublicRecordSchema, required=True, allow_none=True)
    versions = ma.fields.List(ma.fields.Nested(PublicVersionSchema), required=True)
