"""WatermelonDB: the two calls of `synchronize()`."""

from functools import partial
from typing import Any

from schemas.compat import (
    TYPES,
    WatermelonPullArgs,
    WatermelonPulledSchema,
    WatermelonPushArgs,
    WatermelonPushedSchema,
    WatermelonPushSchema,
)
from server.api.device.compat import RULES, compat, portions
from server.api.device.cursors import cursor_secret
from server.api.glue import error_responses, reading, written
from server.clock import now
from server.services.sync.compat.watermelon import (
    LocalChange,
    in_order,
    pull_changes,
    push_changes,
)


@compat.route("/watermelon/sync")
@error_responses(400, 401, 403, 410)
@compat.arguments(WatermelonPullArgs(), location="query")
@compat.response(200, WatermelonPulledSchema)
def pull_for_watermelon(args: dict[str, Any]) -> dict[str, Any]:
    """All that changed since the last pull, by table"""
    with reading() as (session, actor):
        pulled = pull_changes(
            session,
            actor=actor,
            last_pulled_at=args["last_pulled_at"],
            whole_tables=_tables_new_in(args["migration"]),
            secret=cursor_secret(),
        )
    return pulled._asdict()


@compat.route("/watermelon/sync", methods=["POST"])
@error_responses(400, 401, 403, 413)
@compat.arguments(WatermelonPushArgs(), location="query")
@compat.arguments(WatermelonPushSchema())
@compat.response(200, WatermelonPushedSchema)
def push_from_watermelon(args: dict[str, Any], tables: dict[str, Any]) -> dict[str, Any]:
    """Take local changes; rows that were rejected are named, and stay changed on the device"""
    rejected: dict[str, list[str]] = {}
    for portion in portions(in_order(_changes_in(tables))):
        named = written(partial(push_changes, **args, changes=portion, rules=RULES, now=now()))
        for table, ids in named.items():
            rejected.setdefault(table, []).extend(ids)
    return {"experimental_rejected_ids": rejected}


def _changes_in(tables: dict[str, Any]) -> list[LocalChange]:
    changes = []
    for table, said in tables.items():
        changes += [LocalChange(table, "created", raw) for raw in said["created"]]
        changes += [LocalChange(table, "updated", raw) for raw in said["updated"]]
        changes += [LocalChange(table, "deleted", {"id": id_}) for id_ in said["deleted"]]
    return changes


def _tables_new_in(migration: dict[str, Any]) -> list[str]:
    """The tables that the client's schema has only now, or has more columns of."""
    columns, tables = migration.get("columns"), migration.get("tables")
    named = [each.get("table") for each in columns or () if isinstance(each, dict)]
    return [type_ for type_ in TYPES if type_ in [*named, *(tables or ())]]
