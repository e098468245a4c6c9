"""Checklists on the wire. Types are checked here; what the texts may say, in the service."""

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime

ANSWER_KINDS = ("verdict", "yes_no", "text", "number", "select")
OBJECT_KINDS = ("key", "general", "small", "other")
MAX_ITEMS = 500


class OptionSchema(ma.Schema):
    """One choice of a `select` item."""

    value = Id(required=True)
    label = Text(required=True, minimum=1, maximum=200)


class ItemSchema(ma.Schema):
    """One item (检查项) of a checklist."""

    code = ma.fields.String(
        required=True, validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$")
    )
    section = Text(load_default="", maximum=100)
    text = Text(required=True, minimum=1, maximum=1000)
    legal_basis = Text(load_default="", maximum=500)
    answer_kind = ma.fields.String(required=True, validate=validate.OneOf(ANSWER_KINDS))
    options = ma.fields.List(
        ma.fields.Nested(OptionSchema), load_default=list, validate=validate.Length(max=100)
    )
    guidance = Text(load_default="", maximum=2000)
    required = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})
    requires_photo_when = ma.fields.List(
        Id(), load_default=list, metadata={"description": "values that call for a photo"}
    )
    requires_note_when = ma.fields.List(
        Id(), load_default=list, metadata={"description": "values that call for a note"}
    )
    relevant = Text(
        maximum=500,
        metadata={"description": "when the item applies: `${code} = 'value' and …` (XLSForm)"},
    )


class DraftSchema(ma.Schema):
    """The content of a version."""

    code = Id(required=True)
    title = Text(required=True, minimum=1, maximum=200)
    kind = ma.fields.String(
        required=True,
        validate=validate.OneOf(OBJECT_KINDS),
        metadata={"description": "which kind of object it is made for"},
    )
    items = ma.fields.List(
        ma.fields.Nested(ItemSchema),
        required=True,
        validate=validate.Length(min=1, max=MAX_ITEMS),
    )


class ImportSchema(ma.Schema):
    """An XLSForm workbook."""

    file = Upload(required=True, metadata={"description": "XLSX with survey, choices, settings"})


class ChecklistSummarySchema(ma.Schema):
    """A version without its items."""

    id = Id(required=True)
    code = Id(required=True)
    version = ma.fields.Integer(required=True)
    title = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    organisation_id = Id(required=True)
    digest = ma.fields.String(required=True)
    created_at = UtcTime(required=True)
    created_by = ma.fields.String(required=True, allow_none=True)


class ChecklistSchema(ChecklistSummarySchema):
    """A version with its items."""

    items = ma.fields.List(ma.fields.Nested(ItemSchema), required=True)


class ChecklistListArgs(PageArgs):
    """Which versions to list."""

    code = Id()
    kind = ma.fields.String(validate=validate.OneOf(OBJECT_KINDS))
    newest = ma.fields.Boolean(
        load_default=False, metadata={"description": "only the newest version of each code"}
    )
