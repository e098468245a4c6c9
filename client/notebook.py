"""The offline half of the device: reading and writing, with no network anywhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from client import accounts, evidence, journal, mirror, outbox, photo_queue
from client.accounts import Account
from client.checklist import Lack, lacks
from client.clock import Clock, wire_time
from client.errors import NotOnDevice, SignInNeeded
from client.evidence import Bytes, PhotoFacts
from client.journal import Pen
from client.mirror import Entity
from client.missing import MissingPhoto, missing_photos
from client.outbox import Op
from client.reports import Pending
from client.store import Store
from client.views import TaskView


def settling(candidate: str | None, value: Any, note: str | None) -> dict[str, Any]:
    """How a conflict is settled, as it goes on the wire."""
    choice = {"value": value} if candidate is None else {"candidate": candidate}
    return choice if note is None else choice | {"note": note}


class Notebook:
    """What the person who signed in last can read and write on this device."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    @property
    def account(self) -> Account:
        """The person who is active here; their token may have run out, their work goes on."""
        account = accounts.current(self.store.db)
        if account is None:
            raise SignInNeeded(401, "signed_out", "请先登录。")
        return account

    # -- reading --------------------------------------------------------------------------------

    def tasks(self) -> list[Entity]:
        """The tasks (检查任务) on this device."""
        return mirror.of_type(self.store.db, self.account.user_id, "task")

    def task(self, task_id: str) -> TaskView:
        """A task with all that hangs on it."""
        return TaskView.read(self.store.db, self.account.user_id, task_id)

    def get(self, type_: str, id_: str) -> Entity:
        """One entity as it should be shown: the server's data with our own edits on top."""
        return mirror.get(self.store.db, self.account.user_id, type_, id_)

    def find(self, type_: str, id_: str) -> Entity | None:
        """The same, or None."""
        return mirror.find(self.store.db, self.account.user_id, type_, id_)

    def all(self, type_: str, task_id: str | None = None) -> list[Entity]:
        """All entities of a type, or those of one task."""
        return mirror.of_type(self.store.db, self.account.user_id, type_, task_id)

    def conflicts(self) -> list[Entity]:
        """Conflicts that wait for a decision."""
        return [each for each in self.all("conflict") if each.data.get("state") == "open"]

    def pending(self) -> Pending:
        """All that is still on this device, by whom it waits for."""
        db, user_id = self.store.db, self.account.user_id
        ops = outbox.of_user(db, user_id)
        return Pending(
            ops=tuple(op for op in ops if op.live),
            refused=tuple(op for op in ops if op.refused),
            photos=tuple(photo_queue.of_user(db, user_id)),
            of_others=outbox.count_of_others(db, user_id),
        )

    def missing(self, task_id: str) -> list[Lack]:
        """What the task's checklist still asks for, to be told while on site."""
        view = self.task(task_id)
        return lacks(view.checklist.data if view.checklist else {}, view.answers_by_item())

    def missing_photos(self, task_id: str) -> list[MissingPhoto]:
        """The task's photos that have not reached the server, and where their bytes are."""
        return missing_photos(self.store.db, self.task(task_id))

    # -- writing --------------------------------------------------------------------------------

    def start_task(self, task_id: str) -> Op | None:
        """Begin the check."""
        started = {"status": "in_progress", "started_at": self._now()}
        return self.edit("task", task_id, **started)

    def submit(self, task_id: str) -> Op | None:
        """Hand the task in (the lead only). Its op follows all that was written before."""
        finished = {"status": "submitted", "finished_at": self._now()}
        return self.edit("task", task_id, **finished)

    def answer(
        self,
        task_id: str,
        item_code: str,
        value: str | None = None,
        note: str | None = None,
        *,
        measured: Any = None,
    ) -> Op | None:
        """Answer a checklist item (检查项结果). What is not given stays as it is."""
        said = {"value": value, "measured": measured}
        changes = {field: given for field, given in said.items() if given is not None}
        if changes:
            changes["answered_at"] = self._now()
        if note is not None:
            changes["notes"] = note
        return self._write("answer", f"{task_id}.{item_code}", changes)

    def fill_record(self, task_id: str, **fields: Any) -> Op | None:
        """Write into the head of the record (消防监督检查记录)."""
        return self._write("record", task_id, fields)

    def add_finding(self, task_id: str, **fields: Any) -> str:
        """Write down a problem found (隐患); answers its id."""
        self.get("task", task_id)
        finding_id = uuid.uuid4().hex
        born = {"task_id": task_id, "kind": "hazard", "status": "open", "found_at": self._now()}
        self._write("finding", finding_id, born | fields)
        return finding_id

    def edit(self, type_: str, id_: str, **fields: Any) -> Op | None:
        """Change fields of something that is here. None clears; an absent field is unchanged.

        `notes` takes new entries, a text or a list; `tags` takes the whole list.
        """
        self.get(type_, id_)
        return self._write(type_, id_, fields)

    def delete(self, type_: str, id_: str) -> Op:
        """Take something back."""
        with self._pen() as pen:
            return journal.delete(pen, type_, id_)

    def settle(
        self,
        conflict_id: str,
        *,
        candidate: str | None = None,
        value: Any = None,
        note: str | None = None,
    ) -> Op:
        """Settle a conflict (冲突) by the key of one of its candidates, or by another value; say
        why. The lead may, and who has the care of it. Who wrote meanwhile, unseen, is not
        overwritten: the conflict then opens again."""
        with self._pen() as pen:
            known = self.get("conflict", conflict_id).data.get("candidates", [])
            if candidate not in (None, *(each["key"] for each in known)):
                raise NotOnDevice(f"conflict {conflict_id} has no candidate {candidate}")
            return journal.settle(pen, conflict_id, settling(candidate, value, note))

    def attach_photo(
        self, path: Path | str, *, of: tuple[str, str], facts: PhotoFacts | None = None
    ) -> str:
        """Attach a photo to a finding, an answer or the record; answers its id.

        `of` is `(type, id)`, as in `("finding", finding_id)`. The bytes are copied: the file may
        be moved or deleted afterwards.
        """
        if of[0] not in ("finding", "answer", "record"):
            raise NotOnDevice(f"a photo is of a finding, an answer or the record, not of {of[0]}")
        sha256, size_bytes = self.store.photos.take(Path(path))
        taken = Bytes(sha256, size_bytes, Path(path).name)
        with self._pen() as pen:
            return evidence.attach(pen, of, taken, facts or PhotoFacts(taken_at=pen.now))

    def call_lost(self, photo_id: str, reason: str | None) -> Op | None:
        """Ask to declare that a photo can never come (申报遗失), and why; None takes it back. The
        office decides; should the bytes turn up, they are sent all the same."""
        return self.edit("photo", photo_id, lost=reason)

    # -- what the server refused ----------------------------------------------------------------

    def mend(self, op_id: str, **fields: Any) -> Op:
        """Send a refused op anew, with corrections; without any, just again."""
        with self._pen() as pen:
            return journal.mend(pen, op_id, fields)

    def dismiss(self, op_id: str) -> None:
        """Drop a refused op for good."""
        with self._pen() as pen:
            journal.dismiss(pen, op_id)

    def retry_photo(self, photo_id: str) -> None:
        """Let a refused photo wait again, for a new upload from its first byte."""
        with self.store.transaction() as db:
            photo_queue.set_state(db, [photo_id], photo_queue.WAITING)

    # -- inside ---------------------------------------------------------------------------------

    @contextmanager
    def _pen(self) -> Iterator[Pen]:
        with self.store.transaction() as db:
            yield Pen(db, self.account, self.clock())

    def _write(self, type_: str, id_: str, changes: dict[str, Any]) -> Op | None:
        with self._pen() as pen:
            return journal.write(pen, type_, id_, changes)

    def _now(self) -> str:
        return wire_time(self.clock())
