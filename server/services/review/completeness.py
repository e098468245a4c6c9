"""Complete evidence (证据齐全): what a submitted inspection still lacks before it can be approved.

Pure rules: plain dicts as on the wire go in, a list of gaps comes out.

- Every declared photo is `verified`, or was declared `lost`; what an entity names is declared.
- Every required item of the checklist that applies (`relevant`) is answered.
- Where the checklist asks for a photo or a note with this answer, there is one. What a hazard of
  the same item shows and says counts for the item. A photo that was declared lost counts too: its
  reason stands in the record, and the supervisor who reads it may still send the task back.
- No conflict is open.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from server.checklist_forms.relevance import is_relevant

Data = Mapping[str, Any]
#: type → id → data, of what is not deleted
Documents = Mapping[str, Mapping[str, Data]]

SETTLED_PHOTOS = frozenset({"verified", "lost", "deleted"})
LOST_ASKED = ("photo_lost_asked", "照片 {id} 已申报遗失，请由申报人以外的负责人批准或不予批准。")
PHOTO_GAPS = {
    "declared": ("photo_not_received", "照片 {id} 的文件尚未上传，请等待终端上传或申报遗失。"),
    "received": ("photo_not_verified", "照片 {id} 已收到，尚未完成校验，请稍后刷新。"),
    "quarantined": (
        "photo_quarantined",
        "照片 {id} 与申报内容不符，已隔离，请重新上传或申报遗失。",
    ),
}


class Gap(NamedTuple):
    """One thing that is missing: a stable code, what to do about it, and the entity concerned."""

    code: str
    message: str
    type: str
    id: str


def find_gaps(*, task_id: str, items: Sequence[Data], documents: Documents) -> list[Gap]:
    """What is missing, items first in the checklist's order; empty when all is there."""
    return [
        *_gaps_of_items(task_id, items, documents),
        *_gaps_of_photos(documents),
        *_open_conflicts(documents),
    ]


def photos_of(type_: str, id_: str, documents: Documents) -> set[str]:
    """The photo ids of an entity: those it names itself and those that name it."""
    own = documents.get(type_, {}).get(id_, {}).get("photos") or ()
    naming = (
        photo_id
        for photo_id, data in documents.get("photo", {}).items()
        if data.get("of_type") == type_ and data.get("of_id") == id_
    )
    return {*own, *naming}


def _gaps_of_items(task_id: str, items: Sequence[Data], documents: Documents) -> Iterator[Gap]:
    answers = documents.get("answer", {})
    values = {
        item["code"]: answers.get(f"{task_id}.{item['code']}", {}).get("value") for item in items
    }
    for item in items:
        if not is_relevant(item, values):
            continue
        answer_id = f"{task_id}.{item['code']}"
        answer = answers.get(answer_id, {})
        name = f"检查项 {item['code']}“{item['text']}”"
        if not is_answered(item, answer):
            if item.get("required"):
                yield Gap("answer_missing", f"{name}尚未填写，请退回补充。", "answer", answer_id)
            continue
        value = answer.get("value")
        if _asked_for(value, item, "requires_photo_when") and not _has_photo(
            item["code"], answer_id, documents
        ):
            yield Gap("photo_required", f"{name}须附照片，请退回补拍。", "answer", answer_id)
        if _asked_for(value, item, "requires_note_when") and not _has_note(
            item["code"], answer, documents
        ):
            yield Gap("note_required", f"{name}须附文字说明，请退回补充。", "answer", answer_id)


def is_answered(item: Data, answer: Data) -> bool:
    """Whether an answer says something; for a number the measured value says it."""
    value = answer.get("value")
    if isinstance(value, str):
        value = value.strip()
    if value not in (None, ""):
        return True
    return item.get("answer_kind") == "number" and answer.get("measured") is not None


def _asked_for(value: Any, item: Data, rule: str) -> bool:
    return value is not None and value in (item.get(rule) or ())


def _has_photo(item_code: str, answer_id: str, documents: Documents) -> bool:
    photos = photos_of("answer", answer_id, documents)
    for finding_id, _ in _findings_of(item_code, documents):
        photos |= photos_of("finding", finding_id, documents)
    known = documents.get("photo", {})
    return any(known[photo].get("state") != "quarantined" for photo in photos if photo in known)


def _has_note(item_code: str, answer: Data, documents: Documents) -> bool:
    said = [note.get("text") for note in answer.get("notes") or ()]
    for _, finding in _findings_of(item_code, documents):
        said += [finding.get("description")]
        said += [note.get("text") for note in finding.get("notes") or ()]
    return any(text and text.strip() for text in said)


def _findings_of(item_code: str, documents: Documents) -> Iterator[tuple[str, Data]]:
    for finding_id, finding in documents.get("finding", {}).items():
        if finding.get("item_code") == item_code and finding.get("kind") == "hazard":
            yield finding_id, finding


def _gaps_of_photos(documents: Documents) -> Iterator[Gap]:
    known = documents.get("photo", {})
    for photo_id, data in sorted(known.items()):
        state = data.get("state") or "declared"
        if state not in SETTLED_PHOTOS:
            asked = (data.get("lost_request") or {}).get("state") == "open"
            code, message = LOST_ASKED if asked else PHOTO_GAPS[state]
            yield Gap(code, message.format(id=photo_id), "photo", photo_id)
    for photo_id in sorted(_named_photos(documents) - set(known)):
        message = f"照片 {photo_id} 已被引用但尚未申报，请等待终端同步。"
        yield Gap("photo_not_declared", message, "photo", photo_id)


def _named_photos(documents: Documents) -> set[str]:
    return {
        photo_id
        for type_ in ("record", "answer", "finding")
        for data in documents.get(type_, {}).values()
        for photo_id in data.get("photos") or ()
    }


def _open_conflicts(documents: Documents) -> Iterator[Gap]:
    for conflict_id, data in sorted(documents.get("conflict", {}).items()):
        if data.get("state") != "resolved":
            message = f"字段 {data.get('field')} 存在未处理的冲突，请先选定取值。"
            yield Gap("conflict_open", message, "conflict", conflict_id)
