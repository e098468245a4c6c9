"""Draws (抽取公示) as everyone reads them."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, UtcTime
from schemas.draws import EVENTS, WITNESS_KINDS
from schemas.publication import PublicOrganisationSchema

STATES = ("committed", "drawn", "abandoned")


def _maybe() -> ma.fields.String:
    return ma.fields.String(required=True, allow_none=True)


class PublicDrawLineSchema(ma.Schema):
    """A draw in short."""

    id = Id(required=True)
    slot = ma.fields.String(required=True)
    organisation = ma.fields.Nested(PublicOrganisationSchema, required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    from_day = ma.fields.Date(required=True)
    to_day = ma.fields.Date(required=True)
    sealed_until = ma.fields.Date(required=True, allow_none=True)
    commitment = _maybe()
    committed_at = UtcTime(required=True, allow_none=True)
    drawn_at = UtcTime(required=True, allow_none=True)
    abandoned_at = UtcTime(required=True, allow_none=True)
    abandon_reason = _maybe()


class PublicDrawsArgs(ma.Schema):
    """Which draws to list, the newest first."""

    after = Id(metadata={"description": "the `next` of the page before"})
    limit = ma.fields.Integer(load_default=20, validate=validate.Range(1, 100), strict=False)


class PublicStratumSchema(ma.Schema):
    """A stratum of the pool."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    quota = ma.fields.Integer(required=True)
    reserve = ma.fields.Integer(required=True)
    forced = ma.fields.Boolean(required=True)
    all = ma.fields.Integer(required=True)
    eligible = ma.fields.Integer(required=True)


class PublicWitnessSchema(ma.Schema):
    """A witness by code and kind, never by name."""

    code = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(WITNESS_KINDS))
    signed = ma.fields.Boolean(required=True)


class PublicPostSchema(ma.Schema):
    """An officer and their role."""

    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)


class PublicCheckSchema(ma.Schema):
    """A check that was drawn."""

    object_id = Id(required=True)
    name = ma.fields.String(required=True)
    stratum = ma.fields.String(required=True)
    rank = ma.fields.Integer(required=True)
    officers = ma.fields.List(ma.fields.Nested(PublicPostSchema), required=True)


class PublicEventSchema(ma.Schema):
    """What happened after the draw."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(EVENTS))
    object = _maybe()
    replacement = _maybe()
    officer = _maybe()


class PublicDrawSchema(PublicDrawLineSchema):
    """A draw; while it is sealed, without dice, seed and names."""

    plan_name = ma.fields.String(required=True)
    pool_root = ma.fields.String(required=True)
    strata = ma.fields.List(ma.fields.Nested(PublicStratumSchema), required=True)
    witnesses = ma.fields.List(ma.fields.Nested(PublicWitnessSchema), required=True)
    sealed = ma.fields.Boolean(required=True)
    dice = _maybe()
    seed = _maybe()
    checks = ma.fields.List(ma.fields.Nested(PublicCheckSchema), required=True)
    events = ma.fields.List(ma.fields.Nested(PublicEventSchema), required=True)
    entries = ma.fields.Dict(
        required=True, metadata={"description": "positions in the ledger, `/ledger/proof/N`"}
    )
