"""The public record (公示内容): what leaves of one inspection, derived from a white list. Pure.

Every field passes `server.services.publishing.disclosure`; this module only says how the parts
are laid out.

**Officers are counted, not named.** The notice asks to publish 抽查情况 and 查处结果, and the
national disclosure system has a field for the inspecting organisation (抽查机关), none for persons.
Officers of a coming check are named ahead of it (N24); a page that stays for years is another
matter. What the law wants to be visible of them, that there were at least two and that they held
certificates, is said as two numbers.

**Photos stay in** until there is a derivative on which a person confirmed that nobody's face or
plate can be seen; originals never leave.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from server.checklist_forms.relevance import is_relevant
from server.services.publishing.disclosure import disclose
from server.services.publishing.masking import mask
from server.services.publishing.results import RESULTS, derive_result
from server.services.review.completeness import Documents, is_answered

Data = Mapping[str, Any]
EMPTY: Data = {}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What an inspection is, as plain dicts with all their fields, internal ones too."""

    task_id: str
    task: Data
    site: Data
    organisation: Data
    checklist: Data
    documents: Documents
    officers_count: int
    certified_count: int
    finished_on: date | None
    names: Collection[str]  # people of the inspection: masked wherever free text names them


def public_record(inspection: Inspection, *, result: str) -> dict[str, Any]:
    """The published content. `result` is a key of `results.RESULTS`."""
    show = partial(disclose, mask=partial(mask, names=inspection.names))
    record = inspection.documents.get("record", {}).get(inspection.task_id, EMPTY)
    day = inspection.finished_on
    return {
        **show("task", inspection.task),
        "unit": show("object", inspection.site),
        "organisation": show("organisation", inspection.organisation),
        "finished_on": day.isoformat() if day else None,
        "officers_count": inspection.officers_count,
        "certified_officers_count": inspection.certified_count,
        "checklist": show("checklist", inspection.checklist),
        "items": [
            {**show("item", item), **show("answer", answer)}
            for item, answer in _answered_items(inspection)
        ],
        "findings": [show("finding", hazard) for hazard in hazards(inspection)],
        **show("record", record),
        "result": result,
        "result_text": RESULTS[result],
    }


def derived_result(inspection: Inspection) -> str:
    """The national result type that follows from what the officers wrote."""
    record = inspection.documents.get("record", {}).get(inspection.task_id, EMPTY)
    return derive_result(
        outcome=record.get("outcome"),
        hazard_actions=[hazard.get("action") for hazard in hazards(inspection)],
        failed_items=sum(
            answer.get("value") == "fail" for _, answer in _answered_items(inspection)
        ),
    )


def hazards(inspection: Inspection) -> list[Data]:
    """The findings about the unit, in the checklist's order; corrections of the register are none
    of the public's business."""
    order = {item["code"]: place for place, item in enumerate(inspection.checklist["items"])}
    found = [
        (order.get(data.get("item_code"), len(order)), finding_id, data)
        for finding_id, data in inspection.documents.get("finding", {}).items()
        if data.get("kind") == "hazard"
    ]
    return [data for _, _, data in sorted(found, key=lambda each: each[:2])]


def _answered_items(inspection: Inspection) -> Sequence[tuple[Data, Data]]:
    """The items that apply and were answered, in the checklist's order."""
    answers = inspection.documents.get("answer", {})
    pairs = [
        (item, answers.get(f"{inspection.task_id}.{item['code']}", EMPTY))
        for item in inspection.checklist["items"]
    ]
    values = {item["code"]: answer.get("value") for item, answer in pairs}
    return [
        (item, answer)
        for item, answer in pairs
        if is_relevant(item, values) and is_answered(item, answer)
    ]
