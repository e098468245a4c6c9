"""Conflicts for people: listed, told in full, assigned and counted."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs
from schemas.sync import ConflictSchema


def _text(**kwargs: Any) -> ma.fields.String:
    return ma.fields.String(required=True, **kwargs)


def _maybe(field: type[ma.fields.Field[Any]] = ma.fields.String, **kwargs: Any) -> Any:
    return field(required=True, allow_none=True, **kwargs)


def _what(description: str) -> dict[str, str]:
    return {"description": description}


class ConflictListArgs(PageArgs):
    """Which conflicts to list."""

    state = ma.fields.String(
        load_default="open", validate=validate.OneOf(["open", "resolved", "all"])
    )
    assigned_to = Id(metadata=_what("the id of an officer or of a supervisor's account"))
    overdue = ma.fields.Boolean(metadata=_what("has waited longer than the term"))
    escalated = ma.fields.Boolean()
    task_id = Id()
    organisation_id = Id()


class AssignConflictSchema(ma.Schema):
    """Who shall have the care: an officer who is on the task, or a supervisor's account."""

    officer_id = Id()
    user_id = Id()

    @ma.validates_schema
    def one_person(self, data: dict[str, Any], **_: Any) -> None:
        """One or the other."""
        if len(data) != 1:
            raise ma.ValidationError("Give either officer_id or user_id.")


class NamedSchema(ma.Schema):
    """Something with a name."""

    id = _text()
    name = _text()


class AssigneeSchema(NamedSchema):
    """Who has the care of a conflict."""

    kind = _text(validate=validate.OneOf(["officer", "supervisor"]))


class CareSchema(ma.Schema):
    """In whose care a conflict is, and how long it waits."""

    assigned_to = _maybe(ma.fields.Nested, nested=AssigneeSchema)
    assigned_by = _maybe(metadata=_what("the account that assigned it; null: the lead by default"))
    assigned_at = _maybe()
    opened_at = _text()
    settled_at = _maybe()
    due_at = _maybe(metadata=_what("when it is escalated first; null: it waits for nobody"))
    overdue = ma.fields.Boolean(required=True)
    escalated_at = _maybe()
    escalated_to = _maybe(ma.fields.Nested, nested=NamedSchema)


class ConflictTaskSchema(ma.Schema):
    """The task of a conflict."""

    id = _text()
    number = _text()
    status = _text()


class LabelSchema(ma.Schema):
    """What is in dispute, in Chinese."""

    type = _text()
    field = _text()
    subject = _text(metadata=_what("the item, the finding's title or the unit; may be empty"))


class ListedConflictSchema(ConflictSchema):
    """A conflict with its care."""

    task = ma.fields.Nested(ConflictTaskSchema, required=True)
    organisation = ma.fields.Nested(NamedSchema, required=True)
    label = ma.fields.Nested(LabelSchema, required=True)
    care = ma.fields.Nested(CareSchema, required=True)


class WriterSchema(ma.Schema):
    """Who wrote."""

    officer_id = _maybe()
    user_id = _maybe()
    name = _maybe()


class WritersDeviceSchema(ma.Schema):
    """On which device."""

    id = _text()
    name = _maybe()
    platform = _maybe()


class SeenSchema(ma.Schema):
    """What the writer had before their eyes."""

    rev = _maybe(ma.fields.Integer, metadata=_what("the version; null: none yet"))
    value = _maybe(ma.fields.Raw, metadata=_what("what the field said"))
    own = ma.fields.Boolean(
        required=True, metadata=_what("whether that was their own writing, not yet in a version")
    )


class WrittenSchema(ma.Schema):
    """One write of the field in dispute."""

    key = _text()
    value = _maybe(ma.fields.Raw)
    rev = ma.fields.Integer(required=True)
    action = _text()
    op_id = _maybe()
    by = ma.fields.Nested(WriterSchema, required=True)
    device = _maybe(
        ma.fields.Nested, nested=WritersDeviceSchema, metadata=_what("null: written in the office")
    )
    at = _text(metadata=_what("by corrected time"))
    device_at = _maybe(metadata=_what("what the device's own clock said"))
    clock_offset_ms = _maybe(
        ma.fields.Integer, metadata=_what("what was added to the device's clock to correct it")
    )
    received_at = _text()
    saw = ma.fields.Nested(SeenSchema, required=True)


class SettlingSchema(ma.Schema):
    """How and why a conflict was settled."""

    candidate = _maybe(metadata=_what("the key chosen; null: a value written anew"))
    note = _maybe()


class FieldVersionSchema(WrittenSchema):
    """A version of the field."""

    stood = _maybe(ma.fields.Raw, metadata=_what("what stood after it"))
    settling = _maybe(ma.fields.Nested, nested=SettlingSchema)


class WholeConflictSchema(ListedConflictSchema):
    """A conflict told in full."""

    candidates = ma.fields.List(ma.fields.Nested(WrittenSchema), required=True)
    history = ma.fields.List(ma.fields.Nested(FieldVersionSchema), required=True)


class CountsSchema(ma.Schema):
    """How many conflicts wait, and how long."""

    open = ma.fields.Integer(required=True)
    overdue = ma.fields.Integer(required=True)
    escalated = ma.fields.Integer(required=True)
    median_age_seconds = _maybe(ma.fields.Integer)


class CountedSchema(CountsSchema):
    """The same of one organisation, person or task."""

    id = _text()
    name = _text()


class SummarySchema(ma.Schema):
    """Open conflicts counted; of each kind the 200 fullest."""

    total = ma.fields.Nested(CountsSchema, required=True)
    organisations = ma.fields.List(ma.fields.Nested(CountedSchema), required=True)
    people = ma.fields.List(ma.fields.Nested(CountedSchema), required=True)
    tasks = ma.fields.List(ma.fields.Nested(CountedSchema), required=True)
