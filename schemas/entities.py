"""The fields that devices may write, type by type: their wire form. Enums come from `sync`."""

from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import MAX_TEXT, Id, Text, WholeMatch
from sync import entities as sync

MAX_LIST = 200
MAX_SHORT = 300
#: at the edges of the calendar no local day can be told
YEARS = range(1900, 2201)


def utc_text(text: str) -> str:
    """An ISO 8601 time with an offset, in UTC with milliseconds and `Z`. Raises ValueError or
    OverflowError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    if moment.year not in YEARS:
        raise ValueError("a year in which nobody inspects")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_text(text: str) -> str:
    """A day as `YYYY-MM-DD`. Raises ValueError."""
    return date.fromisoformat(text).isoformat()


class WireTime(ma.fields.String):
    """ISO 8601 with an offset; kept as text in UTC with milliseconds and `Z`."""

    default_error_messages = {"not_time": "Not an ISO 8601 time with an offset."}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return utc_text(text)
        except (ValueError, OverflowError):
            raise self.make_error("not_time") from None


class WireDate(ma.fields.String):
    """A day, `YYYY-MM-DD`."""

    default_error_messages = {"not_date": "Not a day written YYYY-MM-DD."}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return day_text(text)
        except ValueError:
            raise self.make_error("not_date") from None


class Notes(ma.fields.Field[Any]):
    """New notes: a text, or a list of texts. Notes are only ever added."""

    default_error_messages = {"not_notes": "Not a text or a list of texts."}
    text = Text(minimum=1)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_LIST:
            raise self.make_error("not_notes")
        return [self.text.deserialize(text) for text in texts]


class AnswerValue(ma.fields.Field[Any]):
    """What was found for an item: a code, a text or a number, as the item asks."""

    default_error_messages = {"not_value": "Not a text or a number."}

    def __init__(self, *, maximum: int = 2000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._text = Text(maximum=maximum)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return self._text.deserialize(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("not_value")
        if not abs(value) <= 1e15:  # nor is it NaN
            raise self.make_error("not_value")
        return value


def short(**kwargs: Any) -> Text:
    """A short text that may be cleared."""
    return Text(maximum=MAX_SHORT, allow_none=True, **kwargs)


def long_text() -> Text:
    """A long text that may be cleared."""
    return Text(allow_none=True)


def one_of(values: Any, *, clearable: bool = True) -> ma.fields.String:
    """One of the codes."""
    return ma.fields.String(validate=validate.OneOf(list(values)), allow_none=clearable)


def number(lowest: float, highest: float) -> ma.fields.Float:
    """A number within bounds, never NaN."""
    return ma.fields.Float(
        validate=validate.Range(lowest, highest), allow_none=True, allow_nan=False
    )


def tags() -> ma.fields.List[str]:
    """A set of short texts."""
    return ma.fields.List(
        Text(minimum=1, maximum=64), validate=validate.Length(max=MAX_LIST), allow_none=True
    )


def photo_ids() -> ma.fields.List[str]:
    """The ids of the photos that are declared to belong here."""
    return ma.fields.List(Id(), validate=validate.Length(max=MAX_LIST), allow_none=True)


class TaskPatch(ma.Schema):
    """What a device may say of a task."""

    status = one_of(("in_progress", "submitted"), clearable=False)
    started_at = WireTime(allow_none=True)
    finished_at = WireTime(allow_none=True)


class RecordPatch(ma.Schema):
    """The head of a 消防监督检查记录."""

    task_id = Id()
    unit_name = short()
    address = short()
    legal_representative = short()
    legal_representative_phone = short()
    safety_responsible = short()
    safety_responsible_phone = short()
    safety_manager = short()
    safety_manager_phone = short()
    started_at = WireTime(allow_none=True)
    finished_at = WireTime(allow_none=True)
    accompanied_by = short()
    accompany_refusal = long_text()
    storeys = short()
    area_m2 = number(0, 1e9)
    height_m = number(0, 1e4)
    structure = short()
    section_legality = long_text()
    section_management = long_text()
    section_construction = long_text()
    section_evacuation = long_text()
    section_control_room = long_text()
    section_facilities = long_text()
    section_hazardous = long_text()
    outcome = one_of(sync.ACTIONS)
    notes = Notes()
    tags = tags()
    photos = photo_ids()


class AnswerPatch(ma.Schema):
    """The answer to one checklist item of one task."""

    task_id = Id()
    item_code = Id()
    value = AnswerValue(allow_none=True)
    measured = short()
    notes = Notes()
    photos = photo_ids()
    answered_at = WireTime(allow_none=True)


class FindingPatch(ma.Schema):
    """A hazard (隐患), or a correction proposed to the register."""

    task_id = Id()
    kind = one_of(sync.FINDING_KINDS, clearable=False)
    item_code = Id(allow_none=True)
    title = short()
    description = long_text()
    location = short()
    quantity = number(0, 1e9)
    severity = one_of(sync.SEVERITIES)
    action = one_of(sync.ACTIONS)
    term_until = WireDate(allow_none=True)
    legal_basis = long_text()
    found_at = WireTime(allow_none=True)
    status = one_of(sync.FINDING_STATUSES, clearable=False)
    tags = tags()
    photos = photo_ids()
    notes = Notes()
    register_field = short()
    register_value = long_text()


class PhotoPatch(ma.Schema):
    """What a device declares of a photo, once; later only that it is lost."""

    task_id = Id()
    of_type = one_of(sync.PHOTO_PARENTS, clearable=False)
    of_id = Id()
    kind = one_of(sync.PHOTO_KINDS, clearable=False)
    sha256 = ma.fields.String(validate=WholeMatch(r"^[0-9a-f]{64}$"))
    size_bytes = ma.fields.Integer(strict=True, validate=validate.Range(1, 2**40))
    filename = Text(maximum=255)
    media_type = Text(maximum=100)
    taken_at = WireTime(allow_none=True)
    latitude = number(-90, 90)
    longitude = number(-180, 180)
    accuracy_m = number(0, 1e7)
    lost = Text(
        minimum=1,
        maximum=1000,
        allow_none=True,
        metadata={"description": "why it can never come; null takes that back"},
    )


class ConflictPatch(ma.Schema):
    """How a conflict is settled: by a candidate's key, or by a value written anew; and why."""

    candidate = Text(maximum=200)
    value = AnswerValue(maximum=MAX_TEXT, allow_none=True)
    note = Text(maximum=1000, allow_none=True, metadata={"description": "the reason; it stays"})

    @ma.validates_schema
    def one_way(self, data: dict[str, Any], **_: Any) -> None:
        """Either choose or write, not both."""
        if ("candidate" in data) == ("value" in data):
            raise ma.ValidationError("Give either candidate or value.")


PATCHES: dict[str, ma.Schema] = {
    "task": TaskPatch(),
    "record": RecordPatch(),
    "answer": AnswerPatch(),
    "finding": FindingPatch(),
    "photo": PhotoPatch(),
    "conflict": ConflictPatch(),
}
#: what a create must carry
REQUIRED = {
    "finding": ("task_id",),
    "photo": ("task_id", "of_type", "of_id", "kind", "sha256", "size_bytes"),
}
