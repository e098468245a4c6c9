"""From a document as a foreign client holds it to ops (文档转操作).

Such a client sends whole documents and knows no op ids. An op's id is made from what it says, so
that a repetition is known as one. Two equal writes with another one between them are two: the id
ends in the version of the device's own last write, and only where that write said the same is it
the same op.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from server.services.sync.compat.seen import Key, OwnWrite
from server.services.sync.documents import StoredDocument
from server.services.sync.receipts import digest_of
from sync.entities import FIELDS

#: the version of a document as its reader got it: a field of its own on the way down, and what the
#: writer had seen on the way up
REV = "rev"
#: fields that the clients' own databases keep in a document, and its key
BOOKKEEPING = frozenset({"id", REV, "_deleted", "_rev", "_meta", "_attachments"})
#: which fields devices may write, by type
Writable = Mapping[str, frozenset[str]]
Body = dict[str, Any]


class Statement(NamedTuple):
    """What a client says of one document: `whole` as it holds it, `changed` what it changed of
    what it had seen, which was version `base_rev`. `context` tells equal writes apart."""

    type: str
    id: str
    whole: Mapping[str, Any]
    changed: Mapping[str, Any]
    base_rev: int | None = None
    deleted: bool = False
    context: Any = None

    @property
    def key(self) -> Key:
        """The entity it is about."""
        return (self.type, self.id)


class Translation(NamedTuple):
    """The ops that a statement becomes. `essential` ones carry what devices may write; the others
    only what they may not, to be refused and kept without holding back the rest."""

    essential: list[Body]
    others: list[Body]


def translate(
    said: Statement,
    *,
    seen: StoredDocument | None,
    last: OwnWrite | None,
    writable: Writable,
) -> Translation:
    """The ops that a statement becomes; none where it says nothing new."""
    may = writable.get(said.type)
    fields = said.changed if seen else {n: v for n, v in said.whole.items() if v is not None}
    fields = {name: value for name, value in fields.items() if name not in BOOKKEEPING}
    if may is None:  # no type of ours: kept as it came
        return Translation([_op(said, "create", fields, last)], [])
    ours = {name: value for name, value in fields.items() if name in may}
    if "notes" in ours:
        ours["notes"] = fresh_notes(ours["notes"], None)
    held = (seen.data if seen else {}).keys() | FIELDS.get(said.type, {}).keys()
    foreign = {name: value for name, value in fields.items() if name in held - may}
    essential, others = [], []
    if seen is None and not said.deleted:
        essential.append(_op(said, "create", ours, last))
    elif ours and not (said.deleted and seen is None):
        essential.append(_op(said, "patch", ours, last))
    if said.deleted and seen is not None and not seen.deleted:
        essential.append(_op(said, "delete", {}, last))
    if seen is not None and foreign:
        others.append(_op(said, "patch", foreign, last))
    return Translation(essential, others)


def changed_fields(
    new: Mapping[str, Any], old: Mapping[str, Any], *, device_id: str
) -> dict[str, Any]:
    """What differs between two states of a document; a field that is gone is cleared. Of notes,
    which are only ever added, the new ones."""
    changed: dict[str, Any] = {}
    for name in new.keys() | old.keys():
        if name == "notes":
            if fresh := fresh_notes(new.get(name), old.get(name), device_id=device_id):
                changed[name] = fresh
        elif not same_value(new.get(name), old.get(name)):
            changed[name] = new.get(name)
    return changed


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of a field say the same; nothing, absent and an empty list are alike."""
    return bool(one == other) or (one in (None, []) and other in (None, []))


def fresh_notes(new: Any, old: Any, *, device_id: str = "") -> list[Any]:
    """The texts among a client's notes that the server does not have. One whose text this device
    brought before, and which the client still holds in its own form, is not new."""
    listed = new if isinstance(new, list) else [] if new in (None, "") else [new]
    known: Sequence[Any] = old or []
    unlisted = [
        note["text"]
        for note in known
        if isinstance(note, dict) and note.get("device") == device_id and note not in listed
    ]
    fresh = []
    for note in listed:
        text = note.get("text") if isinstance(note, dict) else note
        if note in known:
            continue
        if text in unlisted:
            unlisted.remove(text)
        else:
            fresh.append(text)
    return fresh


def _op(said: Statement, action: str, patch: Mapping[str, Any], last: OwnWrite | None) -> Body:
    base_rev = said.base_rev if action != "create" else None
    content = [said.type, said.id, action, base_rev, patch, said.context]
    digest = digest_of({"content": content})[:32]
    repeated = last is not None and last.op_id.startswith(f"x-{digest}-")
    op_id = last.op_id if last and repeated else f"x-{digest}-{last.rev if last else 0}"
    return {
        "op_id": op_id, "type": said.type, "id": said.id, "action": action,
        "base_rev": base_rev, "patch": dict(patch),
    }  # fmt: skip
