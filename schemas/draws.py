"""Draws (抽取) on the wire. What is published of one is the bundle of docs/draw.md."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, Text, UtcTime

STATES = ("frozen", "committed", "drawn", "abandoned")
WITNESS_KINDS = ("integrity_supervisor", "enterprise", "deputy", "cppcc", "media")
EVENTS = ("object_replaced", "officer_recused", "officer_unavailable")
MAX_DICE = 1000
MAX_OBJECTS = 10_000


class FreezeSchema(ma.Schema):
    """For an annual plan, the month that is drawn."""

    month = ma.fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"^20\d\d-(0[1-9]|1[0-2])\Z")
    )


class WitnessSchema(ma.Schema):
    """Someone who watches; the name is for the record and never public."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(WITNESS_KINDS))
    name = Text(required=True, minimum=1, maximum=100)
    body = Text(required=True, minimum=1, maximum=200)


class SignedInSchema(ma.Schema):
    """Their code, the token that is shown this once, and the page for their phone, with it."""

    code = ma.fields.String(required=True)
    token = ma.fields.String(required=True)
    page = ma.fields.String(required=True)


class AbandonSchema(ma.Schema):
    """Why a draw is given up; everyone reads it, for ever: no person's name belongs in it."""

    reason = Text(required=True, minimum=1, maximum=1000)


class DiceSchema(ma.Schema):
    """The digits in the order in which they fell."""

    dice = ma.fields.String(required=True, validate=validate.Length(max=MAX_DICE))


class ShareSchema(ma.Schema):
    """A witness's commitment: 64 hexadecimal digits."""

    commitment = ma.fields.String(required=True, validate=validate.Length(max=200))


class RevealSchema(ma.Schema):
    """A witness's 32 bytes as 64 hexadecimal digits."""

    reveal = ma.fields.String(required=True, validate=validate.Length(max=200))


class EventSchema(ma.Schema):
    """A late event: `object`, or `officer` with `object` or with `objects`, as its kind has it."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(EVENTS))
    object = Id()
    objects = ma.fields.List(Id(), validate=validate.Length(min=1, max=MAX_OBJECTS))
    officer = Id()
    reason = Text(
        required=True, minimum=1, maximum=1000,
        metadata={"description": "public for ever, in the ledger: no person's name or illness"},
    )  # fmt: skip


class WitnessViewSchema(ma.Schema):
    """A witness as the supervisor sees them."""

    code = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(WITNESS_KINDS))
    name = ma.fields.String(required=True)
    body = ma.fields.String(required=True)
    signed_in_at = UtcTime(required=True)
    committed_at = UtcTime(required=True, allow_none=True)
    revealed_at = UtcTime(required=True, allow_none=True)
    signed_at = UtcTime(required=True, allow_none=True)


class DrawLineSchema(ma.Schema):
    """A draw in short."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    plan_id = Id(required=True)
    slot = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    from_day = ma.fields.Date(required=True)
    to_day = ma.fields.Date(required=True)
    sealed_until = ma.fields.Date(required=True, allow_none=True)
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})
    frozen_at = UtcTime(required=True)
    drawn_at = UtcTime(required=True, allow_none=True)


class LeftOutSchema(ma.Schema):
    """An officer who is not in the drum, and why."""

    officer_id = Id(required=True)
    reason = ma.fields.String(required=True)


class WaitingSchema(ma.Schema):
    """A task whose drawn officers could not be sent yet; the audit says why."""

    task_id = Id(required=True)
    object_id = Id(required=True)


class DrawSchema(DrawLineSchema):
    """A draw as the supervisor sees it at each step."""

    rules = ma.fields.Dict(required=True)
    officers = ma.fields.List(ma.fields.Dict(), required=True)
    left_out = ma.fields.List(ma.fields.Nested(LeftOutSchema), required=True)
    pool_root = ma.fields.String(required=True)
    pool_counts = ma.fields.Dict(required=True)
    shares = ma.fields.List(ma.fields.Dict(), required=True)
    witnesses = ma.fields.List(ma.fields.Nested(WitnessViewSchema), required=True)
    commitment = ma.fields.String(required=True, allow_none=True)
    committed_at = UtcTime(required=True, allow_none=True)
    reveal_until = UtcTime(required=True, allow_none=True)
    dice = ma.fields.String(required=True, allow_none=True)
    seed = ma.fields.String(required=True, allow_none=True)
    objects = ma.fields.List(ma.fields.Dict(), required=True, allow_none=True)
    reserve = ma.fields.List(ma.fields.Dict(), required=True, allow_none=True)
    assignments = ma.fields.List(ma.fields.Dict(), required=True, allow_none=True)
    events = ma.fields.List(ma.fields.Dict(), required=True)
    after = ma.fields.List(ma.fields.Dict(), required=True)
    entries = ma.fields.Dict(
        required=True, metadata={"description": "what stands in the ledger, and at which position"}
    )
    opened_at = UtcTime(
        required=True, allow_none=True, metadata={"description": "when its tasks were given out"}
    )
    waiting = ma.fields.List(ma.fields.Nested(WaitingSchema), required=True)
    abandoned_at = UtcTime(required=True, allow_none=True)
    abandon_reason = ma.fields.String(required=True, allow_none=True)


class DrawListSchema(ma.Schema):
    """Draws, newest first."""

    items = ma.fields.List(ma.fields.Nested(DrawLineSchema), required=True)


class WatchSchema(ma.Schema):
    """What a witness sees, live; what the clerk typed stands here."""

    code = ma.fields.String(required=True)
    draw_id = Id(required=True)
    slot = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    shares = ma.fields.List(ma.fields.Dict(), required=True)
    pool_root = ma.fields.String(required=True)
    commitment = ma.fields.String(required=True, allow_none=True)
    reveal_until = UtcTime(required=True, allow_none=True)
    dice = ma.fields.String(required=True, allow_none=True)
    signed_at = UtcTime(required=True, allow_none=True)
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})


def event_from(asked: dict[str, Any]) -> dict[str, Any]:
    """The event as the bundle has it: `kind`, what it is about, `reason`."""
    names = ("kind", "object", "officer", "objects", "reason")
    return {name: asked[name] for name in names if name in asked}


class CheckOfObjectSchema(ma.Schema):
    """A check of an object, held or planned."""

    task_id = Id(required=True)
    origin = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)


class ReasonOfWeightSchema(ma.Schema):
    """A factor that applied."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    points = ma.fields.Integer(required=True)


class ObjectInDrawSchema(ma.Schema):
    """An object in one draw. Its `key` is above `last_key_drawn` where it was not drawn."""

    draw_id = Id(required=True)
    slot = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    stratum = ma.fields.String(required=True)
    eligible = ma.fields.Boolean(required=True)
    reason = ma.fields.String(required=True, allow_none=True)
    weight = ma.fields.Integer(required=True)
    why = ma.fields.List(ma.fields.Nested(ReasonOfWeightSchema), required=True)
    outcome = ma.fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(("drawn", "substitute", "not_drawn", "replaced", "moved_up")),
    )
    rank = ma.fields.Integer(required=True, allow_none=True)
    key = ma.fields.String(required=True, allow_none=True)
    last_key_drawn = ma.fields.String(required=True, allow_none=True)


class ObjectExplainedSchema(ma.Schema):
    """Why an object was drawn or not, and when it may be drawn again."""

    object_id = Id(required=True)
    active = ma.fields.Boolean(required=True)
    checks = ma.fields.List(ma.fields.Nested(CheckOfObjectSchema), required=True)
    free_from = ma.fields.Date(required=True, allow_none=True)
    draws = ma.fields.List(ma.fields.Nested(ObjectInDrawSchema), required=True)


class PickSchema(ma.Schema):
    """A pick; `own_balls / admissible_balls` was its exact chance."""

    object = Id(required=True)
    role = ma.fields.String(required=True)
    own_balls = ma.fields.Integer(required=True)
    admissible_balls = ma.fields.Integer(required=True)


class OfficerInDrawSchema(ma.Schema):
    """An officer in one draw."""

    draw_id = Id(required=True)
    slot = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(STATES))
    left_out = ma.fields.String(required=True, allow_none=True)
    balls = ma.fields.Integer(required=True)
    picks = ma.fields.List(ma.fields.Nested(PickSchema), required=True)
    passed_over = ma.fields.Dict(
        required=True, metadata={"description": "how often for which reason"}
    )


class OfficerExplainedSchema(ma.Schema):
    """Why an officer was drawn or not."""

    officer_id = Id(required=True)
    draws = ma.fields.List(ma.fields.Nested(OfficerInDrawSchema), required=True)
