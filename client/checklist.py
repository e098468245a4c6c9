"""What a task still lacks by its checklist (检查表). Pure; a help for the inspector, not a gate.

The server decides at submission and approval. Here the person is told while still on site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Lack:
    """One thing missing: `what` is `answer`, `photo` or `note`."""

    item_code: str
    what: str


def lacks(checklist: Json, answers: Mapping[str, Json]) -> list[Lack]:
    """Required answers, photos and notes that are not there; `answers` by item code."""
    found: list[Lack] = []
    for item in checklist.get("items", []):
        found += _lacks_of_item(item, answers.get(item["code"], {}))
    return found


def _lacks_of_item(item: Json, answer: Json) -> list[Lack]:
    code, value = item["code"], answer.get("value")
    if value is None and answer.get("measured") is None:
        return [Lack(code, "answer")] if item.get("required") else []
    found = []
    if value in (item.get("requires_photo_when") or []) and not answer.get("photos"):
        found.append(Lack(code, "photo"))
    if value in (item.get("requires_note_when") or []) and not answer.get("notes"):
        found.append(Lack(code, "note"))
    return found
