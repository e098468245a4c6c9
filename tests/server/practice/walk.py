"""Walks the addresses of the application: whatever can be read, by whom, about what there is."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from werkzeug.routing import Rule

from server.models import (
    Checklist,
    ConflictCare,
    Draw,
    InspectionObject,
    LedgerBody,
    LedgerEntry,
    LedgerTile,
    Officer,
    Organisation,
    Photo,
    Plan,
    Publication,
    Task,
    User,
)
from tests.world import World

#: what stands in an address → the rows whose ids may stand there
IDS = {
    "object_id": InspectionObject.id, "task_id": Task.id, "draw_id": Draw.id, "plan_id": Plan.id,
    "organisation_id": Organisation.id, "officer_id": Officer.id, "user_id": User.id,
    "photo_id": Photo.id, "notice_id": Publication.notice_id, "checklist_id": Checklist.id,
    "conflict_id": ConflictCare.conflict_id, "position": LedgerEntry.position,
    "digest": LedgerBody.digest, "path": func.substr(LedgerTile.path, len("tile/") + 1),
}  # fmt: skip
#: what else stands there
WORDS = {"form": ["csv"], "register": ["objects", "officers"]}
PUBLIC = frozenset({"public", "public_pages", "ledger_files", "home", "health"})
#: read as well, and not asked here: why
LEFT_OUT = {
    "audit_trail": "acts stay in the trail, whoever did them",
    "printed": "writes that it was printed",
    "evidence_package": "writes that it went out",
    "template": "an empty file, written anew each time",
    "original": "the bytes of a photo: found as its facts are",
    "static": "files of ours",
    "no_page": "no address",
    "key": "the ledger's key",
    "late_op": "no id of one is known here",
    "quarantined_file": "no id of one is known here",
    "quarantined_bytes": "no id of one is known here",
    "one_act": "no id of one is known here",
    "act_items": "no id of one is known here",
}  # fmt: skip
SUPERVISOR = frozenset({"supervisor", "device"})
#: of the devices' part, what supervisors read; the rest is about the device that asks
READ_BY_SUPERVISORS = frozenset(
    {"list_page", "show", "summary", "missing", "missing_summary", "late_ops", "task_devices"}
)
QUERIES = {
    "Plans": ["year={year}", "year={next_year}"],
    "anomalies": ["year={year}", "year={next_year}"],
    "Members": ["organisation_id=brig-a"],
    "list_page": ["state=all"],
}


def ids_now(world: World) -> dict[str, list[Any]]:
    """The ids of all that there is, by what they are called in addresses."""
    with world.parts.database.read() as session:
        return {name: sorted(set(session.scalars(select(column)))) for name, column in IDS.items()}


def addresses(
    world: World, blueprints: frozenset[str], ids: Mapping[str, list[Any]], years: Mapping[str, int]
) -> Iterator[str]:
    """Every address of these blueprints that can be read, with each id that fits."""
    for rule in world.app.url_map.iter_rules():
        part, _, name = rule.endpoint.rpartition(".")
        if part == "device" and name not in READ_BY_SUPERVISORS:
            continue
        if part in blueprints and "GET" in rule.methods and name not in LEFT_OUT:
            for path in _filled(rule, ids):
                for query in QUERIES.get(name, [""]):
                    yield f"{path}?{query.format(**years)}".rstrip("?")


def _filled(rule: Rule, ids: Mapping[str, list[Any]]) -> Iterator[str]:
    known = {**ids, **WORDS}
    values: list[dict[str, Any]] = [{}]
    for name in sorted(rule.arguments):
        values = [{**each, name: value} for each in values for value in known[name]]
    for each in values:
        built = rule.build(each)
        assert built is not None, rule
        yield built[1]
