"""Merges writes into documents and saves all that came of them at once.

One `Merge` lives for one transaction. The caller holds the locks of the tasks concerned; what it
reads is what stands. `save` writes documents, history, conflicts and audit in bulk and announces
the changes, last.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.failpoints import reach
from server.services.audit.acts import entries
from server.services.bulk import WORD, Insert, Rows, Target, as_json, insert_rows
from server.services.conflicts.care import (
    CARE_COLUMNS,
    RENEW_CARE,
    SETTLEMENT_COLUMNS,
    care_row,
    leads_of,
    settlement_row,
    with_care,
)
from server.services.sync.documents import StoredDocument, read_documents
from server.services.sync.feed import FeedItem, Seqs, announce, holders
from sync.clock import wire_time
from sync.conflicts import Candidate, conflict_field, conflict_id, verdict
from sync.merge import Action, Entity, Outcome, Write, apply
from sync.policies import Saw, Stamp

Key = tuple[str, str]

NEW_DOCUMENTS = Target(
    "documents",
    {
        "type": WORD, "id": WORD, "task_id": WORD, "rev": "bigint", "deleted": "boolean",
        "data": "jsonb", "state": WORD, "updated_ms": "bigint",
    },
    alike=("task_id", "deleted", "updated_ms"),
)  # fmt: skip
DOCUMENTS = Target(
    "documents",
    NEW_DOCUMENTS.columns,
    "ON CONFLICT (type, id) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted, "
    "data = excluded.data, state = excluded.state, updated_ms = excluded.updated_ms",
    NEW_DOCUMENTS.alike,
)
HISTORY = Target(
    "history",
    {
        "type": WORD, "entity_id": WORD, "rev": "bigint", "task_id": WORD, "action": WORD,
        "officer_id": WORD, "user_id": WORD, "device_id": WORD, "device_n": "bigint",
        "op_id": WORD, "base_rev": "bigint", "patch": WORD, "before": WORD,
        "device_ms": "bigint", "offset_ms": "bigint", "effective_ms": "bigint",
        "received_ms": "bigint",
    },
    alike=("task_id", "officer_id", "user_id", "device_id", "offset_ms", "received_ms"),
)  # fmt: skip


class Author(NamedTuple):
    """Who a write is from, for the history: person, device and the three times of rule 6."""

    officer_id: str | None
    user_id: str | None
    device_id: str
    n: int
    op_id: str | None
    base_rev: int | None
    device_ms: int | None
    offset_ms: int | None
    effective_ms: int
    received_ms: int


@dataclass(slots=True)
class Held:
    """An entity in hand, with its document's bookkeeping."""

    entity: Entity
    task_id: str | None
    rev: int
    changed: bool = False
    new: bool = False  # no document of it is stored, and nobody was told of it


class Merge:
    """The entities of one transaction: read once, merged in memory, saved once."""

    def __init__(self, session: Session, *, now_ms: int) -> None:
        self.session = session
        self.now_ms = now_ms
        self.held: dict[Key, Held] = {}
        self._history: list[tuple[Any, ...]] = []
        self._audit: list[dict[str, Any]] = []
        self._care: list[dict[str, Any]] = []
        self._settlements: list[dict[str, Any]] = []
        self._touched: dict[Key, str | None] = {}
        self._holders: dict[str, list[str]] = {}

    def read(self, keys: Iterable[Key]) -> None:
        """Take the documents of these keys in hand, as far as they exist."""
        wanted = [key for key in keys if key not in self.held]
        for key, document in read_documents(self.session, wanted).items():
            self.held[key] = _in_hand(document)

    def get(self, key: Key) -> Held | None:
        """An entity in hand, if it exists."""
        return self.held.get(key)

    def write(
        self, key: Key, task_id: str | None, *, author: Author, saw: Saw, action: Action,
        patch: Mapping[str, Any],
    ) -> Outcome:  # fmt: skip
        """Merge one write. Raises sync.policies.Refused, and then nothing has changed."""
        held = self.held.get(key) or Held(Entity(key[0]), task_id, 0, new=True)
        stood = held.entity.data
        before = {name: stood[name] for name in patch if name in stood}
        rev = held.rev + 1
        stamp = Stamp(author.effective_ms, author.device_id, author.n, author.officer_id, rev)
        outcome = apply(held.entity, Write(stamp, saw, action, patch))
        held.rev, held.changed = rev, True
        self.held[key] = held
        self._touched[key] = held.task_id
        self._history.append(self._version(key, held, author, action, patch=patch, before=before))
        return outcome

    def note(self, **facts: Any) -> None:
        """Add an audit entry to those that `save` writes."""
        self._audit.append({"at_ms": self.now_ms, **facts})

    def note_settling(self, conflict_id: str, of: Key, choice: Mapping[str, Any]) -> None:
        """Keep how and why a conflict was settled, by the write that was just merged into `of`."""
        self._settlements.append(settlement_row(conflict_id, self.held[of].rev, choice))

    def know_holders(self, held_by: Mapping[str, list[str]]) -> None:
        """Remember who holds tasks, whose rows the caller has locked, so that it is not asked
        again."""
        self._holders.update(held_by)

    def touch(self, key: Key, task_id: str) -> None:
        """Have a document announced that was written elsewhere in this transaction."""
        self._touched[key] = task_id

    def save(self, also: Callable[[Seqs], Iterable[Rows]] = lambda _: ()) -> None:
        """Write everything and announce it, and `also` what is to be written once the `seq` of
        each change is known."""
        self._settle_conflicts()
        changed = [(key, held) for key, held in self.held.items() if held.changed]
        insert_rows(
            self.session,
            Rows(NEW_DOCUMENTS, [self._row(*each) for each in changed if each[1].new]),
            Rows(DOCUMENTS, [self._row(*each) for each in changed if not each[1].new]),
            Rows(HISTORY, self._history),
            entries(self._audit),
            Insert("conflict_care", CARE_COLUMNS, self._care, on_conflict=RENEW_CARE),
            Insert("conflict_settlements", SETTLEMENT_COLUMNS, self._settlements),
        )
        reach("push.documents_written")
        self._announce(also)

    def _announce(self, also: Callable[[Seqs], Iterable[Rows]]) -> None:
        tasks = {task for task in self._touched.values() if task}
        held_by = self._holders
        if unknown := tasks - held_by.keys():
            held_by = {**held_by, **holders(self.session, unknown)}
        items, new = [], set()
        for key, task_id in self._touched.items():
            held = self.held.get(key)
            op = "delete" if held and held.changed and held.entity.deleted else "upsert"
            items += [FeedItem(officer, *key, op) for officer in held_by.get(task_id or "", ())]
            if held and held.new:
                new.add(key)
        announce(self.session, items, new=new, also=also)

    def _row(self, key: Key, held: Held) -> tuple[Any, ...]:
        entity = held.entity
        state = as_json(entity.to_plain()) if entity.writes else ""
        return (
            *key, held.task_id, held.rev, entity.deleted, as_json(entity.data), state, self.now_ms,
        )  # fmt: skip

    def _version(
        self, key: Key, held: Held, author: Author, action: Action, *,
        patch: Mapping[str, Any], before: Mapping[str, Any],
    ) -> tuple[Any, ...]:  # fmt: skip
        return (
            *key, held.rev, held.task_id, action, author.officer_id, author.user_id,
            author.device_id, author.n, author.op_id, author.base_rev, as_json(patch),
            as_json(before), author.device_ms, author.offset_ms, author.effective_ms,
            author.received_ms,
        )  # fmt: skip

    def _settle_conflicts(self) -> None:
        """Open, renew or close the conflict of each field that is or was in dispute."""
        concerned = {
            ("conflict", conflict_id(*key, name)): (key, held, name)
            for key, held in self.held.items()
            if held.changed
            for name in held.entity.contested()
        }
        if not concerned:
            return
        self.read(concerned)
        stood = {each: self.held[each].entity.data for each in concerned if each in self.held}
        begun = {
            held.task_id or ""
            for conflict_key, (_, held, _) in concerned.items()
            if "assigned_to" not in stood.get(conflict_key, ())
        }
        leads = leads_of(self.session, begun)
        for conflict_key, (key, held, name) in concerned.items():
            known = stood.get(conflict_key, {})
            data = with_care(self._conflict(key, held, name, known), known, leads)
            if data == known:
                continue
            if data["state"] != known.get("state"):
                self._care.append(care_row(conflict_key[1], data, now_ms=self.now_ms))
            # A conflict carries the rev of its entity: what someone settling it had seen of the
            # entity is then said by the conflict's own rev.
            self.held[conflict_key] = Held(
                Entity("conflict", data), held.task_id, held.rev, changed=True,
                new=conflict_key not in stood,
            )  # fmt: skip
            self._touched[conflict_key] = held.task_id

    def _conflict(
        self, key: Key, held: Held, name: str, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A conflict as it stands now. All but its times is told by the writes alone (rule 5)."""
        said = verdict(held.entity, name)
        by = said.settled_by
        facts = {
            "of_type": key[0], "of_id": key[1], "task_id": held.task_id,
            "field": conflict_field(name), "candidates": _on_the_wire(said.candidates),
            "standing": said.standing, "state": "open" if said.open else "resolved",
            "resolved_value": said.standing if by else None,
            "resolved_by": by.officer if by else None,
        }  # fmt: skip
        if facts.items() <= known.items():
            return dict(known)
        at = wire_time(self.now_ms)
        opens = said.open and known.get("state") != "open"
        opened_at = at if opens else known.get("opened_at", at)
        return facts | {"opened_at": opened_at, "resolved_at": None if said.open else at}


def _in_hand(document: StoredDocument) -> Held:
    if document.state:
        plain = orjson.loads(document.state)
        entity = Entity.from_plain(document.type, document.data, plain)
    else:
        entity = Entity(document.type, document.data)
    return Held(entity, document.task_id, document.rev)


def _on_the_wire(candidates: Iterable[Candidate]) -> list[dict[str, Any]]:
    return [{**each._asdict(), "at": wire_time(each.at)} for each in candidates]
