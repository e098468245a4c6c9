"""Item lists (随机抽查事项清单) on the wire."""

import marshmallow as ma
from marshmallow import validate

from schemas.checklists import OBJECT_KINDS
from schemas.common import Id, Text, UtcTime
from schemas.publication import MAX_VERSION, PublicOrganisationSchema

MAX_ITEMS = 500
STANDINGS = ("base", "refined", "added")


def _column(chinese: str) -> Text:
    return Text(required=True, minimum=1, maximum=2000, metadata={"description": chinese})


class InspectionItemSchema(ma.Schema):
    """One item (抽查事项): its code, the notice's eight columns, and what the draw goes by."""

    code = ma.fields.String(
        required=True, validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,30}\Z")
    )
    matter = _column("事项")
    legal_basis = _column("依据")
    content = _column("内容")
    performed_by = _column("主体")
    object_scope = _column("对象")
    method = _column("方式")
    ratio = _column("比例")
    frequency = _column("频次")
    object_kinds = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(OBJECT_KINDS)),
        required=True,
        validate=validate.Length(min=1, max=len(OBJECT_KINDS)),
        metadata={"description": "which kinds of object may be drawn for it"},
    )
    specialty = Text(
        load_default=None,
        allow_none=True,
        minimum=1,
        maximum=64,
        metadata={"description": "what one of the officers must be versed in"},
    )


class PublishItemsSchema(ma.Schema):
    """The whole list as it shall hold; its reason is read by the public."""

    organisation_id = Id(
        load_default=None, allow_none=True, metadata={"description": "or one's own"}
    )
    items = ma.fields.List(
        ma.fields.Nested(InspectionItemSchema),
        required=True,
        validate=validate.Length(min=1, max=MAX_ITEMS),
    )
    effective_from = ma.fields.Date(required=True)
    reason = Text(required=True, minimum=1, maximum=1000)


class ItemListSchema(ma.Schema):
    """A published version."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    version = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(InspectionItemSchema), required=True)
    digest = ma.fields.String(required=True)
    effective_from = ma.fields.Date(required=True)
    reason = ma.fields.String(required=True)
    published_at = UtcTime(required=True)


class PublicItemSchema(InspectionItemSchema):
    """An item that holds, and whose it is: the corps', worded anew by the detachment, or added."""

    standing = ma.fields.String(required=True, allow_none=True, validate=validate.OneOf(STANDINGS))


class PublicItemVersionSchema(ma.Schema):
    """One version among all, and what it changed, by codes."""

    version = ma.fields.Integer(required=True)
    effective_from = ma.fields.Date(required=True)
    is_ahead = ma.fields.Boolean(required=True)
    published_at = UtcTime(required=True)
    reason = ma.fields.String(required=True)
    digest = ma.fields.String(required=True)
    added = ma.fields.List(ma.fields.String(), required=True)
    changed = ma.fields.List(ma.fields.String(), required=True)
    removed = ma.fields.List(ma.fields.String(), required=True)


class PublicItemListSchema(ma.Schema):
    """A body's list with its history."""

    organisation = ma.fields.Nested(PublicOrganisationSchema, required=True)
    version = ma.fields.Integer(required=True, allow_none=True)
    base_version = ma.fields.Integer(required=True, allow_none=True)
    items = ma.fields.List(ma.fields.Nested(PublicItemSchema), required=True)
    versions = ma.fields.List(ma.fields.Nested(PublicItemVersionSchema), required=True)


class ItemsArgs(ma.Schema):
    """Which version; none: what holds today."""

    version = ma.fields.Integer(validate=validate.Range(1, MAX_VERSION), strict=False)


class PublicBodiesSchema(ma.Schema):
    """The bodies that have a list."""

    items = ma.fields.List(ma.fields.Nested(PublicOrganisationSchema), required=True)
