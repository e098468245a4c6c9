"""A row meets an object that is known: what it may change, what it can only propose (N14). Pure.

Each field has one word that stands: a person's before all, then that of the source it came from. A
further source fills what is empty; where it says otherwise, a person is asked.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from server.services.registers.texts import comparable

#: fields that are one fact together; of `kind`, `general` is what a source says that knows nothing
GROUPS = (
    ("name",), ("nature",), ("kind", "small_kind"), ("credit_code",), ("address",),
    ("latitude", "longitude"), ("contact_name",), ("contact_phone",), ("tags",),
)  # fmt: skip
PLACE = (
    "organisation_id", "division_code", "proposed_division_code", "proposal_reason",
    "division_state",
)  # fmt: skip
EMPTY = frozenset({None, "", "general"})
NEVER_EMPTIED = frozenset({"name", "kind"})


class Revision(NamedTuple):
    """What a row does to an object: new values, their source by field, what it says otherwise."""

    values: dict[str, Any]
    field_sources: dict[str, str]
    otherwise: dict[str, Any]


def revise(
    stands: Mapping[str, Any], facts: Mapping[str, Any], place: Mapping[str, Any], *, source: str
) -> Revision:
    """Weigh a row's facts and place against the object as it stands."""
    revision = Revision({}, {}, {})
    for group in GROUPS:
        told = {name: facts[name] for name in group}
        if _differs(stands, told):
            _weigh(revision, stands, told, source=source)
    _weigh_place(revision, stands, place, source=source)
    if stands["source"] == source and facts["details"] != stands["details"]:
        revision.values["details"] = facts["details"]
    return revision


def _differs(stands: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    return any(_plain(stands[name]) != _plain(value) for name, value in told.items())


def _plain(value: Any) -> Any:
    return comparable(value) if isinstance(value, str) else value


def _weigh(
    revision: Revision, stands: Mapping[str, Any], told: Mapping[str, Any], *, source: str
) -> None:
    first = next(iter(told))
    if any(name in stands["edited_fields"] for name in told):
        return
    owner = stands["field_sources"].get(first, stands["source"])
    says_nothing = _is_empty(told[first])
    if owner == source:
        if not (says_nothing and first in NEVER_EMPTIED):
            revision.values.update(told)
    elif says_nothing:
        return
    elif _is_empty(stands[first]):
        revision.values.update(told)
        revision.field_sources.update(dict.fromkeys(told, source))
    elif first != "tags":  # sources sort things differently; that is no contradiction
        revision.otherwise.update(told)


def _is_empty(value: Any) -> bool:
    return value == [] if isinstance(value, list) else value in EMPTY


def _weigh_place(
    revision: Revision, stands: Mapping[str, Any], place: Mapping[str, Any], *, source: str
) -> None:
    """Where it lies: a source's word on the banner settles what nobody had settled."""
    if "division_code" in stands["edited_fields"]:
        return
    owner = stands["field_sources"].get("division_code", stands["source"])
    if owner == source:
        revision.values.update({n: place[n] for n in PLACE if place[n] != stands[n]})
    elif place["division_state"] != "settled":
        return
    elif stands["division_state"] != "settled":
        revision.values.update(place)
        revision.field_sources["division_code"] = source
    elif place["division_code"] != stands["division_code"]:
        revision.otherwise["division_code"] = place["division_code"]
