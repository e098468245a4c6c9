"""The cleaning of the register on the wire: members, proposals, coverage, duplicates, tags."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime
from schemas.objects import (
    NATURES,
    OBJECT_KINDS,
    OBJECT_STATES,
    SMALL_KINDS,
    ObjectListArgs,
    ObjectSchema,
)
from schemas.registers import DivisionCode, words

PARTS = ("lead", "clerk", "market", "police")
PROPOSAL_STATES = ("open", "accepted", "refused", "undone", "withdrawn")
PAIR_STATES = ("open", "different", "merged")
TAG_ACTS = ("add", "remove")
MAX_VERDICTS = 500
MAX_KEYS = 20_000


class NewMemberSchema(ma.Schema):
    """A part in the cleaning of an organisation: 监督员 lead, 文员 clerk, 市场监管员 market,
    民警 police."""

    organisation_id = Id(required=True)
    user_id = Id(required=True)
    part = ma.fields.String(required=True, validate=validate.OneOf(PARTS))


class MemberSchema(NewMemberSchema):
    """Who takes part."""

    id = Id(required=True)
    name = ma.fields.String()
    named_at = UtcTime(required=True)


class MembersSchema(ma.Schema):
    """All who take part now."""

    items = ma.fields.List(ma.fields.Nested(MemberSchema), required=True)


class MemberArgs(ma.Schema):
    """Whose cleaning."""

    organisation_id = Id(required=True)


class ObjectChangesSchema(ma.Schema):
    """What would change; none: the object is as the register has it."""

    name = Text(minimum=1, maximum=300)
    nature = ma.fields.String(allow_none=True, validate=validate.OneOf(NATURES))
    kind = ma.fields.String(validate=validate.OneOf(OBJECT_KINDS))
    small_kind = ma.fields.String(allow_none=True, validate=validate.OneOf(SMALL_KINDS))
    address = Text(minimum=1, maximum=500)
    division_code = DivisionCode()
    contact_name = Text(allow_none=True, minimum=1, maximum=100)
    contact_phone = Text(allow_none=True, minimum=1, maximum=40)
    tags = words(40, 50)
    state = ma.fields.String(validate=validate.OneOf(OBJECT_STATES[:-1]))


class NewProposalSchema(ma.Schema):
    """What a member found out. A state other than active needs a note."""

    object_id = Id(required=True)
    changes = ma.fields.Nested(ObjectChangesSchema, load_default=dict)
    note = Text(load_default="", maximum=1000)


class ProposalSchema(ma.Schema):
    """A proposal, of a person or of a source that says otherwise, and what became of it."""

    id = Id(required=True)
    object_id = Id(required=True)
    part = ma.fields.String(required=True, allow_none=True, validate=validate.OneOf(PARTS))
    proposed_by = Id(required=True, allow_none=True)
    source = ma.fields.String(required=True, allow_none=True)
    changes = ma.fields.Dict(required=True)
    note = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(PROPOSAL_STATES))
    proposed_at = UtcTime(required=True)
    decided_by = Id(required=True, allow_none=True)
    decided_at = UtcTime(required=True, allow_none=True)
    decision_note = ma.fields.String(required=True, allow_none=True)
    before = ma.fields.Dict(required=True, allow_none=True)


class ProposalListArgs(PageArgs):
    """Which proposals to list."""

    state = ma.fields.String(validate=validate.OneOf(PROPOSAL_STATES))
    object_id = Id()
    part = ma.fields.String(validate=validate.OneOf(PARTS))


class ToVerifyArgs(PageArgs):
    """Which objects to verify."""

    kind = ma.fields.String(validate=validate.OneOf(OBJECT_KINDS))
    verified = ma.fields.Boolean(metadata={"description": "those that were, instead"})


class VerdictSchema(ma.Schema):
    """The lead's word on one proposal."""

    proposal_id = Id(required=True)
    accept = ma.fields.Boolean(required=True)


class SignOffSchema(ma.Schema):
    """Many verdicts, all or none."""

    items = ma.fields.List(
        ma.fields.Nested(VerdictSchema), required=True, validate=validate.Length(1, MAX_VERDICTS)
    )
    note = Text(load_default="", maximum=1000)


class NoteSchema(ma.Schema):
    """Why."""

    note = Text(required=True, minimum=1, maximum=1000)


class ProposalsSchema(ma.Schema):
    """Proposals that were decided."""

    items = ma.fields.List(ma.fields.Nested(ProposalSchema), required=True)


class CoverageArgs(ma.Schema):
    """Whose register."""

    organisation_id = Id(metadata={"description": "with all below"})


class CoverageRowSchema(ma.Schema):
    """One organisation, kind and small kind. Shares go from 0 to 1."""

    organisation_id = Id(required=True)
    organisation_name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    small_kind = ma.fields.String(required=True, allow_none=True)
    objects = ma.fields.Integer(required=True)
    active = ma.fields.Integer(required=True)
    verified = ma.fields.Integer(required=True)
    verified_share = ma.fields.Float(required=True)
    unsettled = ma.fields.Integer(required=True)
    unsettled_share = ma.fields.Float(required=True)
    without_credit_code = ma.fields.Integer(required=True)
    proposals_waiting = ma.fields.Integer(required=True)


class CoverageSchema(ma.Schema):
    """What the register covers, by organisation from the top."""

    items = ma.fields.List(ma.fields.Nested(CoverageRowSchema), required=True)


class PairListArgs(PageArgs):
    """Which pairs to list."""

    state = ma.fields.String(validate=validate.OneOf(PAIR_STATES))
    object_id = Id()
    min_score = ma.fields.Integer(validate=validate.Range(0, 100))


class PairSchema(ma.Schema):
    """Two objects that may be one; `merged_id` is the one that gave way."""

    id = Id(required=True)
    first = ma.fields.Nested(ObjectSchema, required=True)
    second = ma.fields.Nested(ObjectSchema, required=True)
    score = ma.fields.Integer(required=True, metadata={"description": "0–100"})
    reasons = ma.fields.List(ma.fields.String(), required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(PAIR_STATES))
    found_at = UtcTime(required=True)
    decided_by = Id(required=True, allow_none=True)
    decided_at = UtcTime(required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)
    merged_id = Id(required=True, allow_none=True)


class MergeSchema(NoteSchema):
    """They are one, and this object stands for both."""

    keep_id = Id(required=True)


class WhichSchema(ma.Schema):
    """Which objects: by filter, by ids or credit codes, or those that are in both."""

    filter = ma.fields.Nested(ObjectListArgs(exclude=("after", "limit")))
    keys = ma.fields.List(
        Text(minimum=1, maximum=64),
        validate=validate.Length(1, MAX_KEYS),
        metadata={"description": "ids or credit codes"},
    )

    @ma.validates_schema
    def check(self, data: dict[str, object], **_: object) -> None:
        """Nobody tags the whole register by leaving everything out."""
        if not data.get("filter") and "keys" not in data:
            raise ma.ValidationError("Name a filter or keys.")


class TagSchema(ma.Schema):
    """A tag to put on, or take off, many objects."""

    tag = Text(required=True, minimum=1, maximum=40)
    act = ma.fields.String(required=True, validate=validate.OneOf(TAG_ACTS))
    which = ma.fields.Nested(WhichSchema, required=True)


class TagPreviewSchema(ma.Schema):
    """How many objects are chosen, and would change."""

    chosen = ma.fields.Integer(required=True)
    changing = ma.fields.Integer(required=True)


class TagActSchema(ma.Schema):
    """What was done."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    tag = ma.fields.String(required=True)
    act = ma.fields.String(required=True, validate=validate.OneOf(TAG_ACTS))
    objects_count = ma.fields.Integer(required=True)
    done_by = Id(required=True)
    done_at = UtcTime(required=True)
    undoes = Id(required=True, allow_none=True)


class SourceRowSchema(ma.Schema):
    """A row of a source that tells of an object, as it was understood."""

    source = ma.fields.String(required=True)
    source_key = ma.fields.String(required=True)
    object_id = Id(required=True, metadata={"description": "the object itself, or one merged"})
    imported_at = UtcTime(required=True)
    facts = ma.fields.Dict(required=True)


class ObjectActSchema(ma.Schema):
    """One act of the audit trail on an object, or on one that was merged with it."""

    at = UtcTime(required=True)
    user_id = Id(required=True, allow_none=True)
    action = ma.fields.String(required=True)
    object_id = Id(required=True)
    before = ma.fields.Dict(required=True, allow_none=True)
    after = ma.fields.Dict(required=True, allow_none=True)


class ObjectPastSchema(ma.Schema):
    """Where an object is known from, which others are one with it, and what was done."""

    family = ma.fields.List(Id(), required=True)
    sources = ma.fields.List(ma.fields.Nested(SourceRowSchema), required=True)
    acts = ma.fields.List(ma.fields.Nested(ObjectActSchema), required=True)
