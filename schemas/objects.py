"""Inspection objects on the wire, and the queue of those whose banner is not settled."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime
from schemas.registers import DivisionCode, search, words

OBJECT_KINDS = ("key", "general", "small", "other")
SMALL_KINDS = (
    "school", "hospital", "shop", "catering", "hotel", "entertainment", "internet_cafe",
    "beauty_bath", "workshop",
)  # fmt: skip
NATURES = ("agency", "association", "firm", "institution", "other")
OBJECT_STATES = ("active", "closed", "not_found", "moved", "merged")
DIVISION_STATES = ("settled", "proposed", "unknown")
MAX_DECISIONS = 500


class ObjectListArgs(PageArgs):
    """Which objects to list."""

    q = search()
    kind = ma.fields.String(validate=validate.OneOf(OBJECT_KINDS))
    division_code = DivisionCode(metadata={"description": "with all it covers"})
    division_state = ma.fields.String(validate=validate.OneOf(DIVISION_STATES))
    organisation_id = Id(metadata={"description": "with all below"})
    active = ma.fields.Boolean()
    small_kind = ma.fields.String(validate=validate.OneOf(SMALL_KINDS))
    state = ma.fields.String(validate=validate.OneOf(OBJECT_STATES))
    tag = Text(minimum=1, maximum=40)
    verified = ma.fields.Boolean()


class ObjectPatchSchema(ma.Schema):
    """Changes to an object; absent is unchanged. `division_code` settles the division."""

    name = Text(minimum=1, maximum=300)
    kind = ma.fields.String(validate=validate.OneOf(OBJECT_KINDS))
    small_kind = ma.fields.String(allow_none=True, validate=validate.OneOf(SMALL_KINDS))
    credit_code = Text(allow_none=True, minimum=18, maximum=18)
    address = Text(maximum=500)
    division_code = DivisionCode()
    latitude = ma.fields.Float(allow_none=True, validate=validate.Range(-90, 90))
    longitude = ma.fields.Float(allow_none=True, validate=validate.Range(-180, 180))
    contact_name = Text(allow_none=True, minimum=1, maximum=100)
    contact_phone = Text(allow_none=True, minimum=1, maximum=40)
    tags = words(40, 50)
    nature = ma.fields.String(allow_none=True, validate=validate.OneOf(NATURES))
    state = ma.fields.String(
        validate=validate.OneOf(OBJECT_STATES[:-1]),
        metadata={"description": "all but active need a reason; duplicates are merged elsewhere"},
    )
    state_reason = Text(allow_none=True, minimum=1, maximum=300)


class NewObjectSchema(ObjectPatchSchema):
    """An object (检查对象) made by hand; who is no firm needs no credit code."""

    class Meta:
        """An object begins as active."""

        exclude = ("state", "state_reason")

    name = Text(required=True, minimum=1, maximum=300)
    kind = ma.fields.String(required=True, validate=validate.OneOf(OBJECT_KINDS))
    address = Text(required=True, minimum=1, maximum=500)
    division_code = DivisionCode(required=True)


class ObjectSchema(ma.Schema):
    """An object, where it lies and where it is known from."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    small_kind = ma.fields.String(required=True, allow_none=True)
    credit_code = ma.fields.String(required=True, allow_none=True)
    address = ma.fields.String(required=True)
    division_code = ma.fields.String(required=True)
    division_state = ma.fields.String(required=True, validate=validate.OneOf(DIVISION_STATES))
    proposed_division_code = ma.fields.String(required=True, allow_none=True)
    proposal_reason = ma.fields.String(required=True, allow_none=True)
    latitude = ma.fields.Float(required=True, allow_none=True)
    longitude = ma.fields.Float(required=True, allow_none=True)
    contact_name = ma.fields.String(required=True, allow_none=True)
    contact_phone = ma.fields.String(required=True, allow_none=True)
    tags = ma.fields.List(ma.fields.String(), required=True)
    nature = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(OBJECT_STATES))
    state_reason = ma.fields.String(required=True, allow_none=True)
    active = ma.fields.Boolean(required=True, metadata={"description": "whether state is active"})
    merged_into = Id(required=True, allow_none=True)
    verified_at = UtcTime(required=True, allow_none=True)
    field_sources = ma.fields.Dict(
        required=True, metadata={"description": "field → its source, where that is not `source`"}
    )
    source = ma.fields.String(required=True, metadata={"description": "which register"})
    source_key = ma.fields.String(required=True, metadata={"description": "which row of it"})
    details = ma.fields.Dict(required=True, metadata={"description": "what only the source has"})
    edited_fields = ma.fields.List(ma.fields.String(), required=True)
    updated_at = UtcTime(required=True)


class DivisionSchema(ma.Schema):
    """A division (行政区划); `zone` is a development zone without a code in GB/T 2260."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    level = ma.fields.String(
        required=True, validate=validate.OneOf(("region", "league", "banner", "zone"))
    )
    parent_code = ma.fields.String(required=True)


class DivisionsSchema(ma.Schema):
    """All divisions, parents before children."""

    items = ma.fields.List(ma.fields.Nested(DivisionSchema), required=True)


class QueueArgs(PageArgs):
    """Which waiting objects to list."""

    proposed_division_code = DivisionCode()
    division_state = ma.fields.String(validate=validate.OneOf(DIVISION_STATES[1:]))
    division_code = DivisionCode(metadata={"description": "what the source states, e.g. a league"})


class WaitingObjectSchema(ma.Schema):
    """An object whose banner (旗县区) waits for a person, with the proposal and its reason."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    address = ma.fields.String(required=True)
    credit_code = ma.fields.String(required=True, allow_none=True)
    organisation_id = Id(required=True)
    division_code = ma.fields.String(required=True)
    division_state = ma.fields.String(required=True, validate=validate.OneOf(DIVISION_STATES[1:]))
    proposed_division_code = ma.fields.String(required=True, allow_none=True)
    proposal_reason = ma.fields.String(required=True, allow_none=True)


class DecisionSchema(ma.Schema):
    """One object's banner, as a person settles it."""

    object_id = Id(required=True)
    division_code = DivisionCode(required=True)


class ConfirmSchema(ma.Schema):
    """Many decisions, taken all or none."""

    items = ma.fields.List(
        ma.fields.Nested(DecisionSchema), required=True, validate=validate.Length(1, MAX_DECISIONS)
    )


class SettledSchema(DecisionSchema):
    """The decision, and who holds the object now."""

    organisation_id = Id(required=True)


class ConfirmedSchema(ma.Schema):
    """All decisions."""

    items = ma.fields.List(ma.fields.Nested(SettledSchema), required=True)
