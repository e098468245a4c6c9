"""Officers with devices (200 of them): they write at random, their clocks jump, they sync."""

import random
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from client import Device, Patience, accounts
from client.accounts import StoredTokens
from client.errors import ApiError, NotOnDevice, Offline, ProtocolError, SignInNeeded
from client.mirror import Entity
from client.reports import SyncReport
from tests.chaos.ear import Ear
from tests.server.tus.speaker import photo

Body = dict[str, Any]
Key = tuple[str, str]

TYPES = (
    "task", "object", "checklist", "history", "record", "answer", "finding", "photo", "conflict",
)  # fmt: skip
SEVERITIES = ("minor", "moderate", "serious", "critical", None)
ACTIONS = ("none", "oral_order", "term_correction", "temporary_seal")
JUMPS = (timedelta(days=365), timedelta(days=-1), timedelta(minutes=-40), timedelta(0))
#: another request for the same upload was faster; the photo keeps waiting
TRY_AGAIN = frozenset({409, 423})
REFRESH_CHANCE = 0.05
PAUSE_SECONDS = 0.1
JUMP_CHANCE, PHOTO_EDGE_PX = 0.03, (24, 200)
TYPED = """
CREATE TEMP TABLE typed (
  op_id TEXT, type TEXT, id TEXT, action TEXT, base_rev INTEGER, patch TEXT, hlc TEXT,
  depends_on TEXT);
CREATE TEMP TRIGGER keep_typed AFTER INSERT ON main.outbox BEGIN
  INSERT INTO typed VALUES (NEW.op_id, NEW.type, NEW.id, NEW.action, NEW.base_rev, NEW.patch,
    NEW.hlc, NEW.depends_on);
END;
"""


@dataclass(frozen=True)
class Person:
    """Whose device it is."""

    username: str
    password: str
    officer_id: str


class Walker:
    """One device in somebody's hand. It belongs to one thread."""

    def __init__(
        self, name: str, person: Person, *, server: str, folder: Path, seed: str, patience: Patience
    ) -> None:
        self.name, self.person = name, person
        self.chance = random.Random(f"{seed}/{name}")
        self.ear = Ear(name)
        self.counts: Counter[str] = Counter()
        self.unforeseen: list[str] = []
        self._error = timedelta(0)
        self._folder = folder
        self._written = 0
        self.device = Device(
            folder / f"{name}.sqlite", server=server, name=name, clock=self._clock,
            transport=self.ear, patience=patience,
        )  # fmt: skip
        self.device.store.db.executescript(TYPED)
        self.device.store.db.execute("PRAGMA synchronous = OFF")  # this side is never killed

    # -- a day ----------------------------------------------------------------------------------

    def visit(self) -> None:
        """Write a few things, then sync; on some days only one of both."""
        if not self.is_signed_in():
            time.sleep(PAUSE_SECONDS)
            return
        for _ in range(self.chance.randrange(5)):
            if self.chance.random() < JUMP_CHANCE:
                self._error = self.chance.choice(JUMPS)
                self.counts["clock jumped"] += 1
            self._do_something()
        if self.sync() is None:
            time.sleep(PAUSE_SECONDS)  # as a person would; the machine is needed elsewhere

    def sync(self) -> SyncReport | None:
        """One sync, as far as it gets; None when it broke off."""
        if not self.is_signed_in():
            return None
        self.counts["syncs"] += 1
        try:
            if self.chance.random() < REFRESH_CHANCE:
                self.device.refresh()
            report = self.device.sync()
        except (Offline, ProtocolError):
            self.counts["syncs broken off"] += 1
            return None
        except SignInNeeded:
            self.counts["signed out"] += 1
            return None
        except ApiError as error:
            self._note(error)
            return None
        for trouble in report.troubles:
            self._note(trouble)
        return None if report.troubles else report

    def is_signed_in(self) -> bool:
        """Whether there is a session, or one could be opened now."""
        account = accounts.current(self.device.store.db)
        if account and StoredTokens(self.device.store, account.user_id).tokens():
            return True
        try:
            self.device.login(self.person.username, self.person.password)
        except (Offline, ProtocolError):
            self.counts["logins broken off"] += 1
            return False
        except ApiError as error:
            self._note(error)
            return False
        self.counts["logins"] += 1
        return True

    def _note(self, error: ApiError) -> None:
        self.counts[f"{error.status} {error.code}"] += 1
        if error.status < 500 and error.status not in TRY_AGAIN:
            self.unforeseen.append(f"{self.name}: {error}")

    # -- writing --------------------------------------------------------------------------------

    def _do_something(self) -> None:
        tasks = self.device.tasks()
        if not tasks:
            return
        task = self.chance.choice(tasks)
        deeds = (
            self._answer, self._answer, self._find, self._edit, self._edit, self._fill, self._photo,
            self._settle, self._take_back, self._start, self._mend, self._err,
        )  # fmt: skip
        try:
            self.chance.choice(deeds)(task)
        except NotOnDevice:  # taken back meanwhile
            self.counts["deed without object"] += 1

    def _text(self) -> str:
        self._written += 1
        return f"{self.name} 第{self._written}条"

    def _answer(self, task: Entity) -> None:
        value = self.chance.choice(("pass", "fail", "not_applicable"))
        self.device.answer(task.id, self.chance.choice(("1.1", "1.2", "1.3")), value, self._text())

    def _find(self, task: Entity) -> None:
        self.device.add_finding(task.id, title=self._text(), notes=self._text(), **self._hazard())

    def _edit(self, task: Entity) -> None:
        if findings := self.device.all("finding", task.id):
            finding = self.chance.choice(findings)
            self.device.edit("finding", finding.id, notes=self._text(), **self._hazard())

    def _hazard(self) -> Body:
        some = {
            "severity": self.chance.choice(SEVERITIES),
            "action": self.chance.choice(ACTIONS),
            "location": self._text(),
            "tags": self.chance.sample("东南西北", self.chance.randrange(3)),
        }
        return {name: some[name] for name in some if self.chance.random() < 0.6}

    def _fill(self, task: Entity) -> None:
        self.device.fill_record(task.id, unit_name=self._text(), notes=self._text())

    def _photo(self, task: Entity) -> None:
        edge_px = self.chance.randint(*PHOTO_EDGE_PX)
        data = photo(self.chance.getrandbits(62), width_px=edge_px, height_px=edge_px)
        picture = self._folder / f"{self.name}.jpg"
        picture.write_bytes(data)
        findings = self.device.all("finding", task.id)
        of = ("finding", self.chance.choice(findings).id) if findings else ("record", task.id)
        self.device.attach_photo(picture, of=of)
        self.counts["photos taken"] += 1

    def _settle(self, _: Entity) -> None:
        if conflicts := self.device.conflicts():
            conflict = self.chance.choice(conflicts)
            candidates = conflict.data["candidates"]
            key = self.chance.choice(candidates)["key"]
            self.device.edit("conflict", conflict.id, candidate=key)

    def _take_back(self, task: Entity) -> None:
        if written := self.device.all("finding", task.id):
            self.device.delete("finding", self.chance.choice(written).id)

    def _start(self, task: Entity) -> None:
        self.device.start_task(task.id)

    def _mend(self, _: Entity) -> None:
        if refused := self.device.pending().refused:
            op = self.chance.choice(refused)
            if self.chance.random() < 0.5:
                self.device.mend(op.op_id)
            else:
                self.device.dismiss(op.op_id)

    def _err(self, task: Entity) -> None:
        """Something that no checklist knows: it is refused, and kept."""
        self.device.answer(task.id, "9.9", "pass", self._text())

    # -- what it knows --------------------------------------------------------------------------

    def mirror(self) -> dict[Key, tuple[int, Body]]:
        """What the device holds of the server's, and shows as such."""
        every = [entity for type_ in TYPES for entity in self.device.all(type_)]
        told = [entity for entity in every if entity.rev is not None and not entity.pending]
        return {(entity.type, entity.id): (entity.rev or 0, entity.data) for entity in told}

    def waiting(self) -> set[tuple[str, str]]:
        """What is not settled for good, and how it stands: a receipt that says the same again is no
        news."""
        pending = self.device.pending()
        ops = {(op.op_id, op.state) for op in (*pending.ops, *pending.refused)}
        return ops | {(photo.photo_id, photo.state) for photo in pending.photos}

    def typed(self) -> list[sqlite3.Row]:
        """Every op that was ever written here, also what was mended or dismissed since."""
        return list(self.device.store.db.execute("SELECT * FROM typed ORDER BY rowid"))

    def close(self) -> None:
        """Put it away."""
        self.device.close()
        self.ear.close()

    def _clock(self) -> datetime:
        return datetime.now(UTC) + self._error
