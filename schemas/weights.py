"""Weight tables (权重表) on the wire."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

import sync.entities as sync
from schemas.checklists import OBJECT_KINDS
from schemas.common import Id, Text, UtcTime

GROUNDS = ("duty", "risk", "credit")
MAX_FACTORS = 50
MAX_POSTS = 50
MAX_MONTHS = 120


def _count(highest: int) -> ma.fields.Integer:
    return ma.fields.Integer(required=True, strict=True, validate=validate.Range(1, highest))


class WithinSchema(ma.Schema):
    """So many, within so many months."""

    months = _count(MAX_MONTHS)
    at_least = _count(1000)


class HazardsSchema(WithinSchema):
    """So many hazards of at least a severity."""

    severity = ma.fields.String(required=True, validate=validate.OneOf(sync.SEVERITIES))


class WhenSchema(ma.Schema):
    """Exactly one condition."""

    kinds = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(OBJECT_KINDS)), validate=validate.Length(min=1)
    )
    tags = ma.fields.List(Text(minimum=1, maximum=64), validate=validate.Length(min=1, max=100))
    complaints = ma.fields.Nested(WithinSchema)
    hazards = ma.fields.Nested(HazardsSchema)
    clean = ma.fields.Nested(WithinSchema)

    @ma.validates_schema
    def one_condition(self, data: dict[str, Any], **_: Any) -> None:
        """One and no more."""
        if len(data) != 1:
            raise ma.ValidationError("Give exactly one condition.")


class FactorSchema(ma.Schema):
    """A factor (因素): what adds or takes away points, why, and when it applies."""

    code = ma.fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,30}\Z"))
    label = Text(required=True, minimum=1, maximum=100)
    ground = ma.fields.String(
        required=True,
        validate=validate.OneOf(GROUNDS),
        metadata={"description": "duty 履责, risk 风险 or credit 信用"},
    )
    when = ma.fields.Nested(WhenSchema, required=True)
    points = ma.fields.Integer(required=True, strict=True, validate=validate.Range(-99, 99))


class WeightContentSchema(ma.Schema):
    """What a table says of objects, and of officers by their posts."""

    base = ma.fields.Integer(required=True, strict=True)
    factors = ma.fields.List(
        ma.fields.Nested(FactorSchema), required=True, validate=validate.Length(max=MAX_FACTORS)
    )
    posts = ma.fields.Dict(
        keys=Text(minimum=1, maximum=64),
        values=ma.fields.Integer(strict=True, validate=validate.Range(0, 1000)),
        required=True,
        validate=validate.Length(min=1, max=MAX_POSTS),
        metadata={"description": "balls by post (岗位)"},
    )
    full_time_post = Text(
        required=True,
        minimum=1,
        maximum=64,
        metadata={"description": "the post of full-time supervisors (专职消防监督员)"},
    )


class PublishWeightsSchema(ma.Schema):
    """The whole table as it shall hold."""

    organisation_id = Id(
        load_default=None, allow_none=True, metadata={"description": "or one's own"}
    )
    content = ma.fields.Nested(WeightContentSchema, required=True)
    effective_from = ma.fields.Date(required=True)
    reason = Text(required=True, minimum=1, maximum=1000)


class WeightTableSchema(ma.Schema):
    """A published version."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    version = ma.fields.Integer(required=True)
    content = ma.fields.Nested(WeightContentSchema, required=True)
    digest = ma.fields.String(required=True)
    effective_from = ma.fields.Date(required=True)
    reason = ma.fields.String(required=True)
    published_at = UtcTime(required=True)


class WeightTablesSchema(ma.Schema):
    """The table that holds for an organisation, and its own versions, newest first."""

    in_force = ma.fields.Nested(WeightTableSchema, required=True)
    versions = ma.fields.List(ma.fields.Nested(WeightTableSchema), required=True)


class WeightArgs(ma.Schema):
    """Whose; or one's own organisation's."""

    organisation_id = Id()


class WeightReasonSchema(ma.Schema):
    """One reason of a weight."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    points = ma.fields.Integer(required=True)


class ObjectWeightSchema(ma.Schema):
    """An object's weight today, and why."""

    weight = ma.fields.Integer(required=True)
    reasons = ma.fields.List(ma.fields.Nested(WeightReasonSchema), required=True)
    table_id = Id(required=True)
    table_version = ma.fields.Integer(required=True)
