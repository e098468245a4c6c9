"""Organisations and officers on the wire, and fields that the registers share."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text

ORGANISATION_KINDS = ("corps", "detachment", "brigade")


class DivisionCode(ma.fields.String):
    """GB/T 2260: six digits; nine or twelve where township and village are known."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"^[0-9]{6}([0-9]{3}){0,2}$"), **kwargs)


def words(maximum_each: int, maximum: int, **kwargs: Any) -> "ma.fields.List[Any]":
    """A list of at most `maximum` texts."""
    return ma.fields.List(
        Text(minimum=1, maximum=maximum_each), validate=validate.Length(max=maximum), **kwargs
    )


def search() -> Text:
    """The words of a search."""
    return Text(minimum=1, maximum=100, metadata={"description": "words to look for"})


class OrganisationListArgs(PageArgs):
    """Which bodies to list."""

    q = search()
    kind = ma.fields.String(validate=validate.OneOf(ORGANISATION_KINDS))
    division_code = DivisionCode()
    parent_id = Id()


class NewOrganisationSchema(ma.Schema):
    """A body under another."""

    name = Text(required=True, minimum=1, maximum=200)
    kind = ma.fields.String(required=True, validate=validate.OneOf(ORGANISATION_KINDS[1:]))
    division_code = DivisionCode(required=True)
    parent_id = Id(required=True)
    practice = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "for practice (演练), for good, with all below it"},
    )
    responsible_person = Text(load_default=None, allow_none=True, minimum=1, maximum=100)


class OrganisationPatchSchema(ma.Schema):
    """Changes to a body; absent is unchanged."""

    name = Text(minimum=1, maximum=200)
    responsible_person = Text(allow_none=True, minimum=1, maximum=100)


class OrganisationSchema(ma.Schema):
    """A body (机构) and its place in the tree."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(ORGANISATION_KINDS))
    division_code = ma.fields.String(required=True)
    parent_id = Id(required=True, allow_none=True)
    path = ma.fields.String(
        required=True,
        metadata={"description": "ids from the root down; before those of practice: ~practice"},
    )
    practice = ma.fields.Boolean(required=True, metadata={"description": "for practice (演练)"})
    responsible_person = ma.fields.String(required=True, allow_none=True)


class OfficerListArgs(PageArgs):
    """Which officers to list."""

    q = search()
    organisation_id = Id(metadata={"description": "with all below"})
    active = ma.fields.Boolean()
    lead_qualified = ma.fields.Boolean()
    drawable_on = ma.fields.Date(
        metadata={"description": "on duty, with a certificate that holds on that day"}
    )


class OfficerPatchSchema(ma.Schema):
    """Changes to an officer; absent is unchanged."""

    organisation_id = Id()
    name = Text(minimum=1, maximum=100)
    certificate_number = Text(allow_none=True, minimum=1, maximum=64)
    certificate_expires_on = ma.fields.Date(allow_none=True)
    post = Text(minimum=1, maximum=64)
    rank = Text(maximum=64)
    specialties = words(40, 20)
    lead_qualified = ma.fields.Boolean()
    active = ma.fields.Boolean()


class NewOfficerSchema(OfficerPatchSchema):
    """A new officer (执法检查人员)."""

    organisation_id = Id(required=True)
    name = Text(required=True, minimum=1, maximum=100)
    post = Text(required=True, minimum=1, maximum=64)


class OfficerSchema(ma.Schema):
    """An officer; without a valid certificate nobody is sent."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    name = ma.fields.String(required=True)
    certificate_number = ma.fields.String(required=True, allow_none=True)
    certificate_expires_on = ma.fields.Date(required=True, allow_none=True)
    post = ma.fields.String(required=True)
    rank = ma.fields.String(required=True)
    specialties = ma.fields.List(ma.fields.String(), required=True)
    lead_qualified = ma.fields.Boolean(required=True)
    active = ma.fields.Boolean(required=True)
