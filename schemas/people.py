"""Interests, certificates and experts on the wire."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime
from schemas.registers import OfficerSchema, search, words

MAX_WARNING_DAYS = 366


class NewInterestSchema(ma.Schema):
    """An interest: exactly one of object, credit code (GB 32100) and organisation is named."""

    object_id = Id()
    credit_code = Text(minimum=18, maximum=18)
    organisation_id = Id()
    ground = Text(
        required=True, minimum=1, maximum=1000, load_only=True,
        metadata={"description": "private: shown to supervisors only"},
    )  # fmt: skip


class InterestSchema(ma.Schema):
    """An interest, without its ground."""

    id = Id(required=True)
    officer_id = Id(required=True)
    object_id = Id(required=True, allow_none=True)
    credit_code = ma.fields.String(required=True, allow_none=True)
    organisation_id = Id(required=True, allow_none=True)
    declared_by = Id(required=True)
    declared_at = UtcTime(required=True)
    withdrawn_by = Id(required=True, allow_none=True)
    withdrawn_at = UtcTime(required=True, allow_none=True)


class InterestWithGroundSchema(InterestSchema):
    """An interest as a supervisor sees it."""

    ground = ma.fields.String(required=True)
    withdraw_reason = ma.fields.String(required=True, allow_none=True)


class InterestListArgs(PageArgs):
    """Which interests to list."""

    officer_id = Id()
    withdrawn = ma.fields.Boolean()


class OwnInterestsSchema(ma.Schema):
    """One's own interests."""

    items = ma.fields.List(ma.fields.Nested(InterestSchema), required=True)


class CertificateArgs(ma.Schema):
    """How far ahead to warn."""

    within_days = ma.fields.Integer(
        load_default=60, strict=False, validate=validate.Range(0, MAX_WARNING_DAYS)
    )


class CertificateSchema(ma.Schema):
    """An officer whose certificate is missing, has expired, or expires soon."""

    officer = ma.fields.Nested(OfficerSchema, required=True)
    state = ma.fields.String(
        required=True, validate=validate.OneOf(("missing", "expired", "expiring"))
    )
    days_left = ma.fields.Integer(required=True, allow_none=True)


class CertificatesSchema(ma.Schema):
    """The most urgent first."""

    items = ma.fields.List(ma.fields.Nested(CertificateSchema), required=True)


class ExpertPatchSchema(ma.Schema):
    """Changes to an expert; absent is unchanged."""

    organisation_id = Id()
    name = Text(minimum=1, maximum=100)
    employer = Text(maximum=200)
    title = Text(maximum=100)
    specialties = words(40, 20)
    active = ma.fields.Boolean()


class NewExpertSchema(ExpertPatchSchema):
    """A new expert (专家)."""

    organisation_id = Id(required=True)
    name = Text(required=True, minimum=1, maximum=100)


class ExpertSchema(ma.Schema):
    """An expert: gives an opinion, is no officer."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    name = ma.fields.String(required=True)
    employer = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    specialties = ma.fields.List(ma.fields.String(), required=True)
    active = ma.fields.Boolean(required=True)


class ExpertListArgs(PageArgs):
    """Which experts to list."""

    q = search()
    active = ma.fields.Boolean()
