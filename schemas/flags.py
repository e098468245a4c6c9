"""What is known of a photo on the wire, side by side, and the flags of what does not fit."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime

FLAG_CODES = (
    "same_bytes", "near_duplicate", "far_from_object", "camera_far_from_device",
    "time_implausible",
)  # fmt: skip
FLAG_KINDS = (
    "camera", "device", "camera_after_arrival", "device_after_arrival", "camera_before_task",
    "device_before_task", "camera_not_device", "device_clock",
)  # fmt: skip


def _maybe(field: type[ma.fields.Field[Any]], description: str = "", **kwargs: Any) -> Any:
    if description:
        kwargs["metadata"] = {"description": description}
    return field(required=True, allow_none=True, **kwargs)


class PositionSchema(ma.Schema):
    """Degrees, nominally WGS-84."""

    latitude = ma.fields.Float(required=True)
    longitude = ma.fields.Float(required=True)


def _position(description: str) -> Any:
    return _maybe(ma.fields.Nested, description, nested=PositionSchema)


class PhotoFactsSchema(ma.Schema):
    """What camera, device and server say of one photo, side by side; null: nobody said it."""

    photo_id = ma.fields.String(required=True)
    task_id = ma.fields.String(required=True)
    sha256 = _maybe(ma.fields.String)
    media_type = _maybe(ma.fields.String)
    size_bytes = _maybe(ma.fields.Integer)
    width_px = _maybe(ma.fields.Integer)
    height_px = _maybe(ma.fields.Integer)
    make = _maybe(ma.fields.String, "of the camera, by EXIF")
    model = _maybe(ma.fields.String)
    camera_wall_clock = _maybe(ma.fields.String, "ISO 8601 without a zone, by EXIF")
    camera_at = _maybe(UtcTime, "the same, where the camera wrote its offset too")
    device_taken_at = _maybe(UtcTime, "by the device's clock")
    device_clock_offset_ms = _maybe(ma.fields.Integer, "what is added to correct that clock")
    device_taken_corrected_at = _maybe(UtcTime, "`device_taken_at` by the server's clock")
    device_stamped_at = _maybe(UtcTime, "when the op was written, by the device's clock")
    written_at = _maybe(UtcTime, "the same, corrected: the op's effective time")
    pushed_at = _maybe(UtcTime, "when the op came")
    declared_at = UtcTime(required=True)
    stored_at = _maybe(UtcTime, "when these bytes came first")
    received_at = _maybe(UtcTime)
    verified_at = _maybe(UtcTime)
    task_created_at = UtcTime(required=True)
    task_started_at = _maybe(UtcTime)
    camera_position = _position("by EXIF")
    device_position = _position("by the op")
    device_accuracy_m = _maybe(ma.fields.Float)
    object_position = _position("by the register; a point of a map app lies up to 700 m beside it")
    camera_to_object_m = _maybe(ma.fields.Float)
    device_to_object_m = _maybe(ma.fields.Float)
    camera_to_device_m = _maybe(ma.fields.Float)


class OtherPhotoSchema(ma.Schema):
    """The photo of another task that a flag is about; outside one's scope only its day is told."""

    in_scope = ma.fields.Boolean(required=True)
    photo_id = _maybe(ma.fields.String)
    task_id = _maybe(ma.fields.String)
    task_number = _maybe(ma.fields.String)
    organisation = _maybe(ma.fields.String)
    object = _maybe(ma.fields.String)
    verified_on = _maybe(ma.fields.Date)


class PhotoFlagSchema(ma.Schema):
    """Something about a photo that does not fit: a question, never a refusal."""

    id = ma.fields.String(required=True)
    photo_id = ma.fields.String(required=True)
    task_id = ma.fields.String(required=True)
    task_number = ma.fields.String(required=True)
    code = ma.fields.String(required=True, validate=validate.OneOf(FLAG_CODES))
    kind = _maybe(
        ma.fields.String, "whose position, or which of the times",
        validate=validate.OneOf(FLAG_KINDS),
    )  # fmt: skip
    details = ma.fields.Dict(
        required=True,
        metadata={
            "description": "`distance_bits` of 64, or `distance_m` and `tolerance_m`, or "
            "`seconds` and `limit_seconds`"
        },
    )
    other = _maybe(ma.fields.Nested, nested=OtherPhotoSchema)
    message = ma.fields.String(required=True, metadata={"description": "Chinese, for people"})
    flagged_at = UtcTime(required=True)
    explained_at = _maybe(UtcTime)
    explained_by = _maybe(ma.fields.String)
    note = _maybe(ma.fields.String)


class ComparedPhotoSchema(ma.Schema):
    """A photo's facts, and what of them does not fit."""

    facts = ma.fields.Nested(PhotoFactsSchema, required=True)
    flags = ma.fields.List(ma.fields.Nested(PhotoFlagSchema), required=True)
    compared_at = _maybe(UtcTime, "null: its flags are not all there yet")


class FlagListArgs(PageArgs):
    """Which flags to list."""

    code = ma.fields.String(validate=validate.OneOf(FLAG_CODES))
    task_id = Id()
    explained = ma.fields.Boolean()


class FlagPageSchema(ma.Schema):
    """A page of flags, and how many there are of each code."""

    items = ma.fields.List(ma.fields.Nested(PhotoFlagSchema), required=True)
    next = _maybe(ma.fields.String)
    counts = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), required=True,
        metadata={"description": "of all codes, whatever `code` asks for"},
    )  # fmt: skip


class FlagNoteSchema(ma.Schema):
    """What the supervisor says to a flag (说明)."""

    note = Text(required=True, minimum=1, maximum=1000)
