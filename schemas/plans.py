"""Plans (抽查计划) on the wire."""

from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.checklists import OBJECT_KINDS
from schemas.common import Id, Text, UtcTime
from schemas.entities import WireDate
from sync.tasks import ROLES

KINDS = ("annual", "monthly", "campaign")
DECISIONS = ("approved", "refused")
MAX_STRATA = 50
MAX_QUOTA = 1_000_000
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z"


def _percent() -> ma.fields.Float:
    return ma.fields.Float(
        load_default=None, allow_none=True, allow_nan=False, validate=validate.Range(0, 200)
    )


class StratumSchema(ma.Schema):
    """A stratum (分层): which objects, and how many of them are drawn in which month."""

    code = ma.fields.String(required=True, validate=validate.Regexp(CODE))
    label = Text(required=True, minimum=1, maximum=100)
    kinds = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(OBJECT_KINDS)), load_default=list
    )
    tags = ma.fields.List(
        Text(minimum=1, maximum=64), load_default=list, validate=validate.Length(max=100)
    )
    quotas = ma.fields.List(
        ma.fields.Integer(strict=True, validate=validate.Range(0, MAX_QUOTA)),
        required=True,
        metadata={"description": "twelve for an annual plan, one for any other"},
    )
    reserve = ma.fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MAX_QUOTA),
        metadata={"description": "substitutes drawn after the quota"},
    )
    forced = ma.fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "all of them are checked, as the law asks"},
    )
    floor_percent = _percent()
    ceiling_percent = _percent()


class PlanContentSchema(ma.Schema):
    """What a plan says."""

    name = Text(required=True, minimum=1, maximum=100)
    strata = ma.fields.List(
        ma.fields.Nested(StratumSchema),
        required=True,
        validate=validate.Length(min=1, max=MAX_STRATA),
    )
    items = ma.fields.List(
        Text(minimum=1, maximum=64), required=True, validate=validate.Length(min=1, max=500)
    )
    checklists = ma.fields.Dict(
        keys=ma.fields.String(validate=validate.OneOf(OBJECT_KINDS)),
        values=Id(),
        required=True,
        metadata={"description": "the code of the checklist for each kind of object"},
    )
    roles = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(ROLES)),
        load_default=lambda: list(ROLES),
        metadata={"description": "none where only objects are drawn (N21)"},
    )
    object_only_reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)
    needs_role = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(ROLES),
        metadata={"description": "who must have the specialty that an item asks for"},
    )
    pooled = ma.fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "officers act in every region of the plan (N20)"},
    )
    sealed_until = WireDate(
        load_default=None,
        allow_none=True,
        metadata={"description": "names are public from this day on; none: ahead of the checks"},
    )


class NewPlanSchema(ma.Schema):
    """A plan with its first filing. An annual one is told by its year, a monthly one by its month
    too, a campaign by its days."""

    organisation_id = Id(
        load_default=None, allow_none=True, metadata={"description": "or one's own"}
    )
    kind = ma.fields.String(required=True, validate=validate.OneOf(KINDS))
    code = ma.fields.String(required=True, validate=validate.Regexp(CODE))
    year = ma.fields.Integer(strict=True, validate=validate.Range(2019, 2100))
    month = ma.fields.Integer(strict=True, validate=validate.Range(1, 12))
    from_day = ma.fields.Date(validate=validate.Range(date(2019, 10, 1), date(2100, 1, 1)))
    to_day = ma.fields.Date(validate=validate.Range(date(2019, 10, 1), date(2100, 12, 31)))
    annual_plan_id = Id(load_default=None, allow_none=True)
    content = ma.fields.Nested(PlanContentSchema, required=True)

    @ma.validates_schema
    def one_period(self, data: dict[str, Any], **_: Any) -> None:
        """Just what tells the period of its kind."""
        wanted = {
            "annual": {"year"},
            "monthly": {"year", "month"},
            "campaign": {"from_day", "to_day"},
        }.get(data.get("kind", ""), set())
        given = {"year", "month", "from_day", "to_day"} & set(data)
        if given != wanted:
            raise ma.ValidationError(f"Give {' and '.join(sorted(wanted))}.", "kind")


class RevisePlanSchema(ma.Schema):
    """The whole plan as it shall be, and why."""

    content = ma.fields.Nested(PlanContentSchema, required=True)
    reason = Text(required=True, minimum=1, maximum=1000)


class DecidePlanSchema(ma.Schema):
    """Which filing, and what becomes of it; a refusal says why."""

    revision = ma.fields.Integer(required=True, strict=True)
    decision = ma.fields.String(required=True, validate=validate.OneOf(DECISIONS))
    reason = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)


class PlansArgs(ma.Schema):
    """Which plans."""

    year = ma.fields.Integer(required=True, validate=validate.Range(2019, 2100), strict=False)
    kind = ma.fields.String(validate=validate.OneOf(KINDS))


class PlanChangeSchema(ma.Schema):
    """One difference to what held before."""

    path = ma.fields.String(required=True)
    before = ma.fields.Raw(required=True, allow_none=True)
    after = ma.fields.Raw(required=True, allow_none=True)


class PlanRevisionSchema(ma.Schema):
    """One filing."""

    revision = ma.fields.Integer(required=True)
    content = ma.fields.Nested(PlanContentSchema, required=True)
    changes = ma.fields.List(ma.fields.Nested(PlanChangeSchema), required=True)
    reason = ma.fields.String(required=True)
    feasibility = ma.fields.List(ma.fields.Dict(), required=True)
    filed_at = UtcTime(required=True)
    filed_by = ma.fields.String(required=True)
    decision = ma.fields.String(required=True, allow_none=True, validate=validate.OneOf(DECISIONS))
    decided_at = UtcTime(required=True, allow_none=True)
    decided_by = ma.fields.String(required=True, allow_none=True)
    decision_reason = ma.fields.String(required=True, allow_none=True)


class PlanSchema(ma.Schema):
    """A plan in short."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(KINDS))
    code = ma.fields.String(required=True)
    year = ma.fields.Integer(required=True)
    from_day = ma.fields.Date(required=True)
    to_day = ma.fields.Date(required=True)
    annual_plan_id = Id(required=True, allow_none=True)
    revision = ma.fields.Integer(required=True)
    approved_revision = ma.fields.Integer(required=True, allow_none=True)
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})


class PlanListSchema(ma.Schema):
    """The plans of a year."""

    items = ma.fields.List(ma.fields.Nested(PlanSchema), required=True)


class PlanWithRevisionsSchema(PlanSchema):
    """A plan with all its filings, newest first."""

    revisions = ma.fields.List(ma.fields.Nested(PlanRevisionSchema), required=True)


class AlertSchema(ma.Schema):
    """Something of the monthly cycle that is late (N24)."""

    code = ma.fields.String(
        required=True, validate=validate.OneOf(("approval_waits", "plan_missing", "draw_missing"))
    )
    organisation_id = Id(required=True)
    month = ma.fields.String(required=True)
    plan_id = Id(required=True, allow_none=True)


class AlertsSchema(ma.Schema):
    """What is late."""

    items = ma.fields.List(ma.fields.Nested(AlertSchema), required=True)


class AnomaliesArgs(ma.Schema):
    """Of which year."""

    year = ma.fields.Integer(required=True, validate=validate.Range(2019, 2100), strict=False)


class AnomalySchema(ma.Schema):
    """Something that is allowed and must be seen (N48)."""

    code = ma.fields.String(
        required=True,
        validate=validate.OneOf(
            ("override", "other_origin", "over_cap", "abandoned_draw", "objects_only")
        ),
    )
    organisation_id = Id(required=True)
    what = ma.fields.String(
        required=True, validate=validate.OneOf(("task", "object", "draw", "plan"))
    )
    id = Id(required=True)
    day = ma.fields.Date(required=True)
    reason = ma.fields.String(required=True, allow_none=True)
    by = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "who approved or decided it"}
    )


class AnomaliesSchema(ma.Schema):
    """The anomalies of a year, by day."""

    items = ma.fields.List(ma.fields.Nested(AnomalySchema), required=True)
