"""What was written to the field of a conflict, version by version, from the history (历史).

`stood` says what stood after each version, worked out again by the field's own policy: so it can be
said what somebody saw who wrote having seen a certain version and no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.orm import Session

from server.services.bulk import as_json, rows_from_json
from server.services.sql import run
from sync.conflicts import field_name
from sync.entities import EXISTS
from sync.merge import field_of
from sync.policies import OFFICE, Claim, Stamp, absorb, show

Key = tuple[str, str]


@dataclass(frozen=True)
class Version:
    """One version of an entity with what its write said of one field."""

    row: Any
    value: Any

    @property
    def key(self) -> str:
        """The name of its write wherever a candidate is chosen."""
        return f"{self.row.device_id}:{self.row.device_n}"

    @property
    def stamp(self) -> Stamp:
        """Its stamp, as the merge core knows it."""
        row = self.row
        return Stamp(row.effective_ms, row.device_id, row.device_n, row.officer_id, row.rev)

    def saw(self, stamp: Stamp) -> bool:
        """Whether its writer had seen a write: up to its base, and all of the same device."""
        own = stamp.device == self.row.device_id != OFFICE and stamp.n < self.row.device_n
        return own or stamp.rev <= (self.row.base_rev or 0)


@dataclass(frozen=True)
class Seen:
    """What a writer had before their eyes: the version, what the field said in it, and whether it
    was their own writing, which no version of the server contained yet."""

    rev: int | None
    value: Any
    own: bool = False


@dataclass
class FieldHistory:
    """The versions in which one field was written, oldest first, and what stood after each."""

    type: str
    name: str
    versions: list[Version]
    stood: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        declared, claims = field_of(self.type, self.name), list[Claim]()
        for version in self.versions:
            alive = version.row.action != "delete"
            value = alive if self.name == EXISTS else version.value
            claims = absorb(declared, claims, version.stamp, version.saw, value)
            self.stood[version.row.rev] = _said(self.name, show(declared, claims))

    def by_key(self, key: str) -> Version | None:
        """The version that a candidate's key names."""
        return next((version for version in self.versions if version.key == key), None)

    def seen_by(self, version: Version) -> Seen:
        """What the writer of a version saw of the field."""
        base = version.row.base_rev or 0
        own = [v for v in self.versions if version.saw(v.stamp) and v.row.rev > base]
        if own:
            return Seen(version.row.base_rev, own[-1].value, own=True)
        revs = [rev for rev in self.stood if rev <= base]
        return Seen(version.row.base_rev, self.stood[max(revs)] if revs else None)


def field_histories(
    session: Session, conflicts: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str, str], FieldHistory]:
    """The history of each conflict's field, by (type, id, field on the wire)."""
    listed = list(conflicts)
    rows = _rows_of(session, {(said["of_type"], said["of_id"]) for said in listed})
    found = {}
    for said in listed:
        type_, id_, wire_name = said["of_type"], said["of_id"], said["field"]
        name = field_name(wire_name)
        versions = [*versions_of_field(name, rows.get((type_, id_), ()))]
        found[type_, id_, wire_name] = FieldHistory(type_, name, versions)
    return found


def values_written(session: Session, said: Mapping[str, Any]) -> dict[str, Any]:
    """Every value that was ever written to a conflict's field, by the key of its write."""
    rows = _rows_of(session, {(said["of_type"], said["of_id"])})
    versions = versions_of_field(field_name(said["field"]), *rows.values())
    return {version.key: version.value for version in versions}


def versions_of_field(name: str, rows: Sequence[Any] = ()) -> Iterable[Version]:
    """Those rows of an entity's history in which a field was written."""
    for row in rows:
        if name == EXISTS:
            yield Version(row, _said(name, row.action != "delete"))
            continue
        patch = orjson.loads(row.patch)
        if name in patch:
            yield Version(row, patch[name])


def _rows_of(session: Session, keys: Iterable[Key]) -> dict[Key, list[Any]]:
    """The versions of entities, oldest first, with the names of people and devices."""
    source = rows_from_json(session, {"type": "text", "id": "text"})
    rows = run(
        session,
        "SELECT h.type, h.entity_id, h.rev, h.action, h.officer_id, h.user_id, h.device_id, "
        "h.device_n, h.op_id, h.base_rev, h.patch, h.device_ms, h.offset_ms, h.effective_ms, "
        "h.received_ms, COALESCE(o.name, u.name) AS person, d.name AS device, d.platform "
        f"FROM {source} JOIN history h ON h.type = r.type AND h.entity_id = r.id "
        "LEFT JOIN officers o ON o.id = h.officer_id LEFT JOIN users u ON u.id = h.user_id "
        "LEFT JOIN devices d ON d.id = h.device_id ORDER BY h.type, h.entity_id, h.rev",
        {"rows": as_json([{"type": type_, "id": id_} for type_, id_ in sorted(keys)])},
    )
    found: dict[Key, list[Any]] = {}
    for row in rows:
        found.setdefault((row.type, row.entity_id), []).append(row)
    return found


def _said(name: str, value: Any) -> Any:
    """As on the wire: existence is told in words."""
    if name != EXISTS:
        return value
    return "kept" if value else "deleted"
