"""Keeping and deleting on the wire: terms, holds, and acts of deletion."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, ReasonSchema, Text, UtcTime

KINDS = ("with_findings", "without_findings", "quarantined", "undeclared")
TARGETS = ("task", "object", "photo")
KEPT_BECAUSE = (
    "held", "conflict_open", "late_work_open", "task_open", "in_another_act", "settled_kept",
    "shared", "not_due", "act_refused", "custody_unsealed",
)  # fmt: skip


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe(field: type[ma.fields.Field[Any]] = ma.fields.String, **kwargs: Any) -> Any:
    return field(required=True, allow_none=True, **kwargs)


def _kind() -> ma.fields.String:
    return _text(
        validate=validate.OneOf(KINDS),
        metadata={
            "description": "originals of inspections that found hazards, of those that found none; "
            "files that are no photo; files whose photo was never declared"
        },
    )


def _why_kept() -> ma.fields.String:
    return _text(allow_none=True, validate=validate.OneOf(KEPT_BECAUSE))


class RemarkSchema(ma.Schema):
    """What an approver says about it, if anything."""

    note = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)


class NewTermSchema(ReasonSchema):
    """How long to keep, in whole calendar years; null is for ever (永久)."""

    years = ma.fields.Integer(
        required=True, allow_none=True, strict=True, validate=validate.Range(1, 100)
    )


class SetTermSchema(ma.Schema):
    """What an organisation set itself."""

    years = _maybe(ma.fields.Integer, metadata={"description": "null: for ever"})
    reason = _text()
    set_by = _text()
    set_at = UtcTime(required=True)


class TermSchema(ma.Schema):
    """The term of an organisation for a kind."""

    organisation_id = _text()
    organisation = _text()
    kind = _kind()
    years = _maybe(ma.fields.Integer, metadata={"description": "what holds; null: for ever"})
    set = ma.fields.Nested(SetTermSchema, required=True, allow_none=True)


class TermsSchema(ma.Schema):
    """All of one's part of the tree."""

    items = ma.fields.List(ma.fields.Nested(TermSchema), required=True)


class TallySchema(ma.Schema):
    """How much of a kind is past its term, and due or kept."""

    kind = _kind()
    kept_because = _why_kept()
    files = ma.fields.Integer(required=True)
    size_bytes = ma.fields.Integer(required=True)


class DueSchema(ma.Schema):
    """What is past its term; what nothing keeps is due."""

    items = ma.fields.List(ma.fields.Nested(TallySchema), required=True)


class NewDeletionSchema(ReasonSchema):
    """What to delete of what is due, and why."""

    kinds = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(KINDS)),
        load_default=list(KINDS),
        validate=validate.Length(1, len(KINDS)),
    )


class ActCountSchema(TallySchema):
    """How much of an act stands how."""

    state = _text(validate=validate.OneOf(("due", "deleting", "deleted", "kept")))


class DeletionActSchema(ma.Schema):
    """An act of deletion: who asked, who decided, what became of it."""

    id = _text()
    organisation_id = _text()
    state = _text(validate=validate.OneOf(("requested", "approved", "refused", "done")))
    reason = _text()
    requested_by = _text()
    requested_by_name = _maybe()
    requested_at = UtcTime(required=True)
    decided_by = _maybe()
    decided_by_name = _maybe()
    decided_at = UtcTime(required=True, allow_none=True)
    decision = _maybe()
    finished_at = UtcTime(required=True, allow_none=True)
    counts = ma.fields.List(ma.fields.Nested(ActCountSchema), required=True)


class DeletionItemArgs(ma.Schema):
    """Paging through an act."""

    after = Text(maximum=90, metadata={"description": "the `next` of the page before"})
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200))


class DeletionItemSchema(ma.Schema):
    """One photo, or one upload that is no photo, with what stays of it."""

    kind = _kind()
    subject_id = _text()
    photo_id = _maybe()
    task_id = _maybe()
    sha256 = _text()
    size_bytes = ma.fields.Integer(required=True)
    state = _text()
    kept_because = _why_kept()
    deleted_at = UtcTime(required=True, allow_none=True)


class HoldListArgs(PageArgs):
    """Which holds."""

    standing = ma.fields.Boolean(metadata={"description": "not released, or released"})


class NewHoldSchema(ReasonSchema):
    """What to keep, why, and until when; null: until it is released."""

    target_type = _text(validate=validate.OneOf(TARGETS))
    target_id = Id(required=True)
    until_on = ma.fields.Date(load_default=None, allow_none=True)


class HoldSchema(ma.Schema):
    """A hold (留置)."""

    id = _text()
    target_type = _text()
    target_id = _text()
    organisation_id = _text(metadata={"description": "of who placed it"})
    reason = _text()
    placed_by = _text()
    placed_at = UtcTime(required=True)
    until_on = ma.fields.Date(required=True, allow_none=True)
    released_by = _maybe()
    released_at = UtcTime(required=True, allow_none=True)
    release_reason = _maybe()


class PlacedHoldSchema(HoldSchema):
    """A hold as it was just placed or released."""

    deleted_before = ma.fields.Integer(
        required=True, metadata={"description": "files of it whose bytes were deleted before"}
    )
