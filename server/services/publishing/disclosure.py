"""Disclosure classes (公开级别): for each field whether the public may read it. One table, here.

`public` is published as it is, `masked` after `server.services.publishing.masking`, `internal`
stays in the service, `secret` concerns a private person or an identity and stays in too. **What
has no class stays in**, so a field that someone adds tomorrow is not published by accident.

Basis: notice 内消〔2019〕49号, part 二(六): check and result are published (N39), state secrets,
trade secrets and privacy are kept out by the way and the scope of publication (N40).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum, auto
from typing import Any, Final


class Level(StrEnum):
    """公开级别."""

    PUBLIC = auto()
    MASKED = auto()
    INTERNAL = auto()
    SECRET = auto()


PUBLIC, MASKED, INTERNAL, SECRET = Level.PUBLIC, Level.MASKED, Level.INTERNAL, Level.SECRET


def _all(level: Level, *names: str) -> dict[str, Level]:
    return dict.fromkeys(names, level)


DISCLOSURE: Final[dict[str, dict[str, Level]]] = {
    "task": {
        **_all(PUBLIC, "number"),
        **_all(INTERNAL, "origin", "source_document", "object_id", "checklist_id"),
        **_all(INTERNAL, "checklist_code", "checklist_version", "organisation_id", "status"),
        **_all(INTERNAL, "round", "due_on", "planned_on", "started_at", "finished_at"),
        **_all(INTERNAL, "send_back_reason", "cancel_reason", "override_reason", "salvaged"),
        **_all(INTERNAL, "not_awaited"),
        **_all(SECRET, "assignments"),
    },
    "object": {
        **_all(PUBLIC, "name", "kind", "small_kind", "credit_code"),
        **_all(INTERNAL, "address", "division_code", "latitude", "longitude", "tags", "details"),
        **_all(SECRET, "contact_name", "contact_phone"),
    },
    "organisation": {
        **_all(PUBLIC, "id", "name", "division_code"),
        **_all(INTERNAL, "path", "parent_id", "kind", "responsible_person"),
    },
    "checklist": {**_all(PUBLIC, "title", "version"), **_all(INTERNAL, "code", "kind", "items")},
    "item": {
        **_all(PUBLIC, "code", "section", "text", "legal_basis"),
        **_all(INTERNAL, "answer_kind", "options", "guidance", "required"),
        **_all(INTERNAL, "requires_photo_when", "requires_note_when", "relevant"),
    },
    "record": {
        **_all(PUBLIC, "outcome"),
        **_all(INTERNAL, "task_id", "unit_name", "address", "started_at", "finished_at"),
        **_all(INTERNAL, "storeys", "area_m2", "height_m", "structure", "section_legality"),
        **_all(INTERNAL, "section_management", "section_construction", "section_evacuation"),
        **_all(INTERNAL, "section_control_room", "section_facilities", "section_hazardous"),
        **_all(INTERNAL, "notes", "tags", "photos", "clock_flags"),
        **_all(SECRET, "legal_representative", "legal_representative_phone"),
        **_all(SECRET, "safety_responsible", "safety_responsible_phone"),
        **_all(SECRET, "safety_manager", "safety_manager_phone"),
        **_all(SECRET, "accompanied_by", "accompany_refusal"),
    },
    "answer": {
        **_all(MASKED, "value"),
        **_all(INTERNAL, "task_id", "item_code", "measured", "notes", "photos", "answered_at"),
    },
    "finding": {
        **_all(MASKED, "item_code", "title", "description"),  # all three are typed on a device
        **_all(PUBLIC, "severity", "action", "term_until"),
        **_all(INTERNAL, "task_id", "kind", "location", "quantity", "legal_basis", "found_at"),
        **_all(INTERNAL, "status", "tags", "photos", "notes", "register_field"),
        **_all(INTERNAL, "register_value", "office_term"),
    },
    "photo": {
        **_all(INTERNAL, "task_id", "of_type", "of_id", "kind", "sha256", "size_bytes"),
        **_all(INTERNAL, "filename", "media_type", "taken_at", "state", "lost_reason"),
        **_all(INTERNAL, "lost"),
        **_all(SECRET, "latitude", "longitude", "accuracy_m"),
        **_all(SECRET, "by", "device", "lost_request", "deletion"),
    },
}


def disclose(type_: str, data: Mapping[str, Any], *, mask: Callable[[str], str]) -> dict[str, Any]:
    """The part of an entity that the public may read, in the order of the table.

    Only single values leave: a list or an object would carry fields that nobody has classed.
    """
    shown = {}
    for name, level in DISCLOSURE[type_].items():
        value = data.get(name)
        if level not in (PUBLIC, MASKED) or isinstance(value, Mapping | list | tuple | set):
            continue
        shown[name] = _masked(value, mask) if level is MASKED else value
    return shown


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Text masked; a number too, where its digits are somebody's (a telephone in a number box)."""
    if value is None or isinstance(value, bool):
        return value
    shown = mask(str(value))
    return value if shown == str(value) else shown
