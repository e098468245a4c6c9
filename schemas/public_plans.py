"""Plans (计划公示) as everyone reads them."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, UtcTime
from schemas.plans import KINDS, PlanChangeSchema
from schemas.public_draws import STATES
from schemas.publication import PublicOrganisationSchema


class PublicPlansArgs(ma.Schema):
    """Which plans to list, those of the latest period first."""

    organisation = Id(metadata={"description": "a body and all below it"})
    year = ma.fields.Integer(validate=validate.Range(2019, 2100))
    kind = ma.fields.String(validate=validate.OneOf(KINDS))
    after = ma.fields.String(
        validate=validate.Regexp(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\.[A-Za-z0-9._-]{1,64}\Z"),
        metadata={"description": "the `next` of the page before"},
    )
    limit = ma.fields.Integer(load_default=20, validate=validate.Range(1, 100), strict=False)


class PublicPlanLineSchema(ma.Schema):
    """An approved plan in short."""

    id = Id(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(KINDS))
    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    year = ma.fields.Integer(required=True)
    from_day = ma.fields.Date(required=True)
    to_day = ma.fields.Date(required=True)
    organisation = ma.fields.Nested(PublicOrganisationSchema, required=True)
    revision = ma.fields.Integer(required=True)
    published_at = UtcTime(required=True)
    sealed = ma.fields.Boolean(
        required=True, metadata={"description": "only counts and commitments are public yet"}
    )
    sealed_until = ma.fields.String(required=True, allow_none=True)


class PublicPlanStratumSchema(ma.Schema):
    """How many of whom; under a seal not of whom."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    kinds = ma.fields.List(ma.fields.String())
    tags = ma.fields.List(ma.fields.String())
    quotas = ma.fields.List(ma.fields.Integer(), required=True)
    reserve = ma.fields.Integer(required=True)
    forced = ma.fields.Boolean(required=True)


class PublicPlanRevisionSchema(ma.Schema):
    """One approved revision: what it changed, and why."""

    revision = ma.fields.Integer(required=True)
    published_at = UtcTime(required=True)
    reason = ma.fields.String(required=True)
    changes = ma.fields.List(ma.fields.Nested(PlanChangeSchema), required=True)


class PublicPlanDrawSchema(ma.Schema):
    """A draw of the plan; its own page tells the rest."""

    id = Id(required=True)
    slot = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    from_day = ma.fields.Date(required=True)
    to_day = ma.fields.Date(required=True)
    commitment = ma.fields.String(required=True, allow_none=True)


class PublicPlanSchema(PublicPlanLineSchema):
    """An approved plan: what it says, how it came to say so, and its draws."""

    strata = ma.fields.List(ma.fields.Nested(PublicPlanStratumSchema), required=True)
    items = ma.fields.List(ma.fields.String(), required=True)
    objects_only = ma.fields.Boolean(required=True)
    objects_only_reason = ma.fields.String(required=True, allow_none=True)
    pooled = ma.fields.Boolean(required=True)
    revisions = ma.fields.List(ma.fields.Nested(PublicPlanRevisionSchema), required=True)
    draws = ma.fields.List(ma.fields.Nested(PublicPlanDrawSchema), required=True)
