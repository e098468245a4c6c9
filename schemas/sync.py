"""The sync calls: envelopes of push, pull and receipts; a conflict as devices see it."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import ID_PATTERN, Id, WholeMatch
from schemas.ops import OpSchema
from schemas.quick import compile_schema

MAX_OPS = 500
PREFERRED_BATCH = 50
MAX_PAGE = 1000
MAX_RECEIPTS = 200
MAX_PENDING_TASKS = 1000
MAX_WAITING = 1_000_000
DEFAULT_PAGE = 200
MAX_ENTITIES = 100
TYPES = (
    "task", "object", "checklist", "record", "answer", "finding", "photo", "history", "conflict",
)  # fmt: skip
_ID = WholeMatch(ID_PATTERN)


class DeviceTime(ma.fields.Field[Any]):
    """The device's own clock at the moment of sending: ISO 8601, or milliseconds since 1970.

    Becomes milliseconds. Whatever it says is taken as it is: it only serves to find the offset.
    """

    default_error_messages = {"not_time": "Not an ISO 8601 time with an offset, nor milliseconds."}
    _iso = ma.fields.AwareDateTime(format="iso")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
            return value
        if not isinstance(value, str):
            raise self.make_error("not_time")
        return round(self._iso.deserialize(value).timestamp() * 1000)


class PushedOps(ma.fields.List[Any]):
    """Ops as they came. Only what the envelope needs is checked here: that each is an object with
    a proper `op_id`; the rest is answered op by op."""

    default_error_messages = {"no_op_id": "Each op needs an op_id of 1–64 A-Z a-z 0-9 . _ -"}

    def __init__(self) -> None:
        super().__init__(
            ma.fields.Nested(OpSchema), required=True, validate=validate.Length(max=MAX_OPS)
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        for body in value:
            if not isinstance(body, dict) or not isinstance(body.get("op_id"), str):
                raise self.make_error("no_op_id")
            try:
                _ID(body["op_id"])
            except ma.ValidationError:
                raise self.make_error("no_op_id") from None
        return value


class PendingSchema(ma.Schema):
    """What still waits on the device for one task, besides the ops of this push."""

    task_id = Id(
        required=True,
        allow_none=True,
        metadata={"description": "null for what belongs to no task that the device knows"},
    )
    ops = ma.fields.Integer(strict=True, load_default=0, validate=validate.Range(0, MAX_WAITING))
    photos = ma.fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, MAX_WAITING),
        metadata={"description": "photos whose bytes were not sent"},
    )


class PushSchema(ma.Schema):
    """A batch of ops; it may be empty, to tell what is pending."""

    device_time = DeviceTime(
        load_default=None,
        allow_none=True,
        metadata={"type": ["string", "integer", "null"], "example": "2026-11-23T08:00:00.000Z"},
    )
    schema_version = ma.fields.Integer(strict=True, load_default=1, validate=validate.Range(0))
    ops = PushedOps()
    pending = ma.fields.List(
        ma.fields.Nested(PendingSchema),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MAX_PENDING_TASKS),
        metadata={
            "description": "all that will still wait on the device once this push is answered; "
            "an empty list says that nothing does, leaving it out says nothing"
        },
    )


class OpErrorSchema(ma.Schema):
    """Why an op was not merged."""

    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    details = ma.fields.Dict(required=True)


class OpResultSchema(ma.Schema):
    """What became of an op."""

    op_id = ma.fields.String(required=True)
    status = ma.fields.String(
        required=True,
        validate=validate.OneOf(
            ["applied", "merged", "conflict", "deferred", "rejected", "salvaged"]
        ),
    )
    rev = ma.fields.Integer()
    seq = ma.fields.Integer()
    data = ma.fields.Dict()
    conflict_ids = ma.fields.List(ma.fields.String())
    error = ma.fields.Nested(OpErrorSchema)


class PushResultSchema(ma.Schema):
    """A result for each op, in their order."""

    results = ma.fields.List(ma.fields.Nested(OpResultSchema), required=True)
    server_time = ma.fields.String(required=True)


class ReceiptsArgs(ma.Schema):
    """Which ops' results to give again."""

    op_id = ma.fields.List(Id(), required=True, validate=validate.Length(1, MAX_RECEIPTS))


class ReceiptSchema(OpResultSchema):
    """A stored result, or `unknown` for an op that never arrived."""

    status = ma.fields.String(required=True)


class ReceiptsSchema(ma.Schema):
    """The results of earlier ops."""

    results = ma.fields.List(ma.fields.Nested(ReceiptSchema), required=True)


class ChangesArgs(ma.Schema):
    """Where to go on reading."""

    cursor = ma.fields.String(validate=validate.Length(max=400), metadata={"description": "opaque"})
    limit = ma.fields.Integer(load_default=DEFAULT_PAGE, validate=validate.Range(1, MAX_PAGE))
    digest = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "with the last page, answer the digest of all that is held"},
    )


#: the short way through `ChangesArgs`, for what is asked most
read_changes_args = compile_schema(ChangesArgs())


class ChangeSchema(ma.Schema):
    """One change; `data` is null unless `op` is `upsert`."""

    type = ma.fields.String(required=True)
    id = ma.fields.String(required=True)
    rev = ma.fields.Integer(required=True)
    seq = ma.fields.Integer(required=True)
    op = ma.fields.String(
        required=True, validate=validate.OneOf(["upsert", "delete", "revoke", "purge"])
    )
    data = ma.fields.Dict(required=True, allow_none=True)


class WholeDigestSchema(ma.Schema):
    """How much an officer holds, and its digest; null where it is too much to digest at once."""

    held = ma.fields.Integer(required=True, data_key="count")
    digest = ma.fields.String(required=True, allow_none=True)


class ChangesSchema(ma.Schema):
    """A page of changes; `digest` with the last one, if it was asked for."""

    changes = ma.fields.List(ma.fields.Nested(ChangeSchema), required=True)
    cursor = ma.fields.String(required=True)
    has_more = ma.fields.Boolean(required=True)
    server_time = ma.fields.String(required=True)
    digest = ma.fields.Nested(WholeDigestSchema)


class DigestArgs(ma.Schema):
    """What to digest: all, a type, or a range of its ids (`from` included, `to` not)."""

    cursor = ma.fields.String(
        validate=validate.Length(max=400), metadata={"description": "the last one pulled"}
    )
    type = ma.fields.String(validate=validate.OneOf(TYPES))
    start = Id(data_key="from")
    end = Id(data_key="to")

    @ma.validates_schema
    def _range_of_a_type(self, data: dict[str, Any], **_: Any) -> None:
        if "type" not in data and ("start" in data or "end" in data):
            raise ma.ValidationError("Only ids of one type have an order.", "type")


class DigestPartSchema(WholeDigestSchema):
    """A piece of what was asked about."""

    type = ma.fields.String(required=True)
    start = ma.fields.String(required=True, allow_none=True, data_key="from")
    end = ma.fields.String(required=True, allow_none=True, data_key="to")


class DigestEntitySchema(ma.Schema):
    """One entity's digest."""

    id = ma.fields.String(required=True)
    rev = ma.fields.Integer(required=True)
    digest = ma.fields.String(required=True)


class DigestSchema(WholeDigestSchema):
    """The digest, and either parts or entities; `current` says whether nothing came since the
    cursor, and is null without one."""

    current = ma.fields.Boolean(required=True, allow_none=True)
    parts = ma.fields.List(ma.fields.Nested(DigestPartSchema), required=True, allow_none=True)
    entities = ma.fields.List(ma.fields.Nested(DigestEntitySchema), required=True, allow_none=True)


class EntitiesArgs(ma.Schema):
    """Which entities to give as they stand."""

    type = ma.fields.String(required=True, validate=validate.OneOf(TYPES))
    id = ma.fields.List(Id(), required=True, validate=validate.Length(1, MAX_ENTITIES))


class EntitySchema(ma.Schema):
    """An entity as it stands."""

    type = ma.fields.String(required=True)
    id = ma.fields.String(required=True)
    rev = ma.fields.Integer(required=True)
    data = ma.fields.Dict(required=True)


class EntitiesSchema(ma.Schema):
    """Those of the entities asked for that the caller holds."""

    entities = ma.fields.List(ma.fields.Nested(EntitySchema), required=True)


class CapabilitiesSchema(ma.Schema):
    """What this server speaks and allows."""

    protocol = ma.fields.String(required=True)
    epoch = ma.fields.String(required=True)
    schema_version = ma.fields.Integer(required=True)
    min_schema_version = ma.fields.Integer(required=True)
    max_request_bytes = ma.fields.Integer(required=True)
    max_photo_bytes = ma.fields.Integer(required=True)
    preferred_batch = ma.fields.Integer(required=True)
    tombstone_days = ma.fields.Integer(required=True)
    conflict_term_hours = ma.fields.Integer(
        required=True, metadata={"description": "how long a conflict waits before it is escalated"}
    )
    keep_sent_days = ma.fields.Integer(required=True)
    digest = ma.fields.String(required=True)
    server_time = ma.fields.String(required=True)


class ConflictSchema(ma.Schema):
    """A conflict as its devices see it."""

    id = ma.fields.String(required=True)
    rev = ma.fields.Integer(required=True)
    data = ma.fields.Dict(required=True)
