"""What clients that nobody here wrote send and get: RxDB's replication, WatermelonDB's sync."""

import json
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.sync import DEFAULT_PAGE, MAX_PAGE

#: the types that sync, which are the clients' collections and tables
TYPES = (
    "task", "object", "checklist", "record", "answer", "finding", "photo", "history", "conflict",
)  # fmt: skip
#: what a query says where the client's code had no value
NOTHING = ("", "null", "undefined", "0")
MAX_SAFE = 2**53 - 1


def _is_named(document: Any) -> None:
    if not isinstance(document.get("id"), str):
        raise ma.ValidationError("Needs an id, a text.")


class JsonText(ma.fields.String):
    """A JSON object as text, as a query carries it; nothing where the client had none."""

    default_error_messages = {"not_object": "Not a JSON object."}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            plain = {} if text in NOTHING else json.loads(text)
        except (ValueError, RecursionError):
            raise self.make_error("not_object") from None
        if not isinstance(plain, dict):
            raise self.make_error("not_object")
        return plain


class _RangeIfAny(validate.Range):
    """A range that nothing fits too."""

    def __call__(self, value: Any) -> Any:
        return None if value is None else super().__call__(value)


class Timestamp(ma.fields.Integer):
    """The number that the pull before gave; nothing at the first sync."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_RangeIfAny(1, MAX_SAFE), allow_none=True, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return None if value in NOTHING else super()._deserialize(value, attr, data, **kwargs)


class RxdbPullArgs(ma.Schema):
    """Where to go on: the checkpoint as it came, as JSON or its `cursor` alone."""

    checkpoint = JsonText(load_default=dict)
    cursor = ma.fields.String(validate=validate.Length(max=400), metadata={"description": "opaque"})
    limit = ma.fields.Integer(validate=validate.Range(1, MAX_PAGE))
    batch_size = ma.fields.Integer(data_key="batchSize", validate=validate.Range(1, MAX_PAGE))

    @ma.post_load
    def settle(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """One cursor and one limit, however they were written."""
        cursor = data.get("cursor") or data["checkpoint"].get("cursor")
        if not isinstance(cursor, str | None) or len(cursor or "") > 400:
            raise ma.ValidationError("Not a cursor.", "checkpoint")
        limit = data.get("limit") or data.get("batch_size") or DEFAULT_PAGE
        return {"cursor": None if cursor in (None, *NOTHING) else cursor, "limit": limit}


class CheckpointSchema(ma.Schema):
    """RxDB keeps checkpoints as objects."""

    cursor = ma.fields.String(required=True, metadata={"description": "opaque"})


class RxdbPageSchema(ma.Schema):
    """Documents; fewer than asked for means that there are no more."""

    documents = ma.fields.List(ma.fields.Dict(), required=True)
    checkpoint = ma.fields.Nested(CheckpointSchema, required=True)


class RxdbRowSchema(ma.Schema):
    """One write of RxDB: the state it assumed here, and the state it wants."""

    assumed_master_state = ma.fields.Dict(
        keys=ma.fields.String(), data_key="assumedMasterState", load_default=None, allow_none=True
    )
    new_document_state = ma.fields.Dict(
        keys=ma.fields.String(), data_key="newDocumentState", required=True, validate=_is_named
    )


class WatermelonPullArgs(ma.Schema):
    """What `pullChanges` is given, in a query."""

    last_pulled_at = Timestamp(load_default=None)
    schema_version = ma.fields.String(metadata={"description": "of the client's own database"})
    migration = JsonText(load_default=dict)


class WatermelonPushArgs(ma.Schema):
    """What `pushChanges` is given besides the changes."""

    last_pulled_at = Timestamp(load_default=None)


class TableChangesSchema(ma.Schema):
    """The changes of one table."""

    created = ma.fields.List(ma.fields.Dict(keys=ma.fields.String()), load_default=list)
    updated = ma.fields.List(ma.fields.Dict(keys=ma.fields.String()), load_default=list)
    deleted = ma.fields.List(ma.fields.String(), load_default=list)

    @ma.validates_schema
    def rows_as_they_are(self, data: dict[str, Any], **_: Any) -> None:
        """Raw rows have an id, and the updated ones say which columns were changed."""
        for row in (*data["created"], *data["updated"]):
            _is_named(row)
        if not all(isinstance(row.get("_changed"), str) for row in data["updated"]):
            raise ma.ValidationError("Needs _changed, as synchronize() gives it.", "updated")


class _AnyTable(ma.Schema):
    """Tables that are none of ours are loaded alike: what is in them is refused row by row."""

    class Meta:
        unknown = ma.INCLUDE

    @ma.post_load
    def load_others(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The changes of every table."""
        return {
            name: changes if name in self.fields else _TABLE.load(changes)
            for name, changes in data.items()
        }


_TABLE = TableChangesSchema()
#: local changes by table, as `synchronize()` gives them to `pushChanges`
WatermelonPushSchema = _AnyTable.from_dict(
    {type_: ma.fields.Nested(TableChangesSchema) for type_ in TYPES}, name="WatermelonPush"
)


class WatermelonPulledSchema(ma.Schema):
    """What `pullChanges` returns."""

    changes = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Nested(TableChangesSchema), required=True
    )
    timestamp = ma.fields.Integer(required=True)


class WatermelonPushedSchema(ma.Schema):
    """What `pushChanges` may return: these rows stay changed on the device."""

    experimental_rejected_ids = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        data_key="experimentalRejectedIds",
        required=True,
    )
