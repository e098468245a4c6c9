"""The people of one run: two officers with three devices, one who may replace, a supervisor.

All runs share a database; each has officers, accounts and tasks of its own, so none sees another.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from client import Device, Patience, accounts
from client.clock import Clock
from client.doctor import Doctor
from client.errors import Offline
from client.reports import SyncReport
from client.wire import Tokens
from tests.simulator.network import Network
from tests.world import Caller, World

Body = dict[str, Any]

IN_MEMORY = ":memory:"  # SQLite's name for a store that nobody needs to keep
TASKS = 2
LEAD, ASSISTANT, RESERVE = "lead", "assistant", "reserve"
#: who carries which device, and by how much its clock is wrong
DEVICES = {
    "phone": (LEAD, timedelta(0)),
    "tablet": (LEAD, timedelta(minutes=-3)),
    "handheld": (ASSISTANT, timedelta(minutes=2)),
    "spare": (RESERVE, timedelta(seconds=-20)),
}
SETTLING_ROUNDS = 6
TYPES = (
    "task", "object", "checklist", "history", "record", "answer", "finding", "conflict",
)  # fmt: skip

_runs = itertools.count(1)


@dataclass
class Pocket:
    """A device in somebody's hand."""

    name: str
    officer: str
    device: Device
    network: Network

    def sync(self, *mishaps: str, **asked: bool) -> SyncReport | None:
        """One sync, as far as the network lets it; None when it broke off. What it holds never
        differs from the server's for no reason."""
        self.network.expect(mishaps)
        try:
            report = self.device.sync(**asked)
        except Offline:
            return None
        assert not report.troubles, (self.name, report.troubles)
        assert not report.healed, self.name
        return report

    def agrees(self) -> bool:
        """Whether the digests say that it holds what the server holds."""
        doctor = Doctor(self.device.store, self.device._api(), self.device.account)
        return doctor.heal(self.device.sync) == 0

    def mirror(self) -> dict[tuple[str, str], tuple[int, Body]]:
        """What the device holds of the server's, and shows as such."""
        every = [entity for type_ in TYPES for entity in self.device.all(type_)]
        told = [entity for entity in every if entity.rev is not None and not entity.pending]
        return {(entity.type, entity.id): (entity.rev or 0, entity.data) for entity in told}

    def receipts(self) -> dict[str, Body]:
        """What the server says became of each op that ever reached it, by op id."""
        op_ids = list(dict.fromkeys(op["op_id"] for op, _ in self.network.pushed))
        found = []
        for start in range(0, len(op_ids), 100):
            query = [("op_id", op_id) for op_id in op_ids[start : start + 100]]
            answer = self.network.http.get(
                "/api/v1/sync/receipts", query_string=query,
                headers={"Authorization": self.network.authorization},
            )  # fmt: skip
            found += answer.get_json()["results"]
        return {receipt["op_id"]: receipt for receipt in found}


class Crew:
    """Everybody, and the tasks they work on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.run = next(_runs)
        self.readers = {
            role: world.officer(f"{role}-{self.run}") for role in (LEAD, ASSISTANT, RESERVE)
        }
        self.pockets = {name: self._pocket(name, *facts) for name, facts in DEVICES.items()}
        self.tasks = [
            world.task(lead=self.readers[LEAD], assistant=self.readers[ASSISTANT])
            for _ in range(TASKS)
        ]
        self.assistants = dict.fromkeys(self.tasks, ASSISTANT)

    @property
    def supervisor(self) -> Caller:
        return self.world.supervisor

    def replace_assistant(self, task: str) -> None:
        """Send the other one instead."""
        self.assistants[task] = RESERVE if self.assistants[task] == ASSISTANT else ASSISTANT
        team = {LEAD: "lead", self.assistants[task]: "assistant"}
        posts = [
            {"officer_id": self.readers[who].officer_id, "role": role} for who, role in team.items()
        ]
        body = {"assignments": posts, "reason": "换人"}
        answer = self.supervisor.call("PUT", f"/tasks/{task}/assignments", json=body)
        assert answer.status_code == 200, answer.text

    def everybody_syncs(self) -> None:
        """Until nobody has anything to say, and nobody hears anything new."""
        for _ in range(SETTLING_ROUNDS):
            reports = [pocket.sync() for pocket in self.pockets.values()]
            if not any(report is None or _has_news(report) for report in reports):
                return
        raise AssertionError("the devices never come to rest")

    def held_by(self, role: str) -> dict[tuple[str, str], tuple[int, Body]]:
        """All that an officer holds, read from nothing."""
        found, cursor, more = {}, None, True
        while more:
            page = self.readers[role].pull(cursor)
            found.update(
                {
                    (change["type"], change["id"]): (change["rev"], change["data"])
                    for change in page["changes"]
                    if change["op"] == "upsert"
                }
            )
            cursor, more = page["cursor"], page["has_more"]
        return found

    def review(self, task: str) -> Body:
        """What the supervisor sees of a task."""
        answer = self.supervisor.get(f"/tasks/{task}/review")
        assert answer.status_code == 200, answer.text
        seen: Body = answer.get_json()
        return seen

    def close(self) -> None:
        for pocket in self.pockets.values():
            pocket.device.close()

    def _pocket(self, name: str, role: str, error: timedelta) -> Pocket:
        network = Network(self.world.app.test_client())
        device = Device(
            IN_MEMORY, server="http://localhost", clock=_clock_off_by(error), transport=network,
            patience=Patience(attempts=1),
        )  # fmt: skip
        reader = self.readers[role]
        caller = self.world.device(
            reader.user_id, officer_id=reader.officer_id, name=f"{name}-{self.run}"
        )
        _sign_in(device, caller)
        return Pocket(name, role, device, network)


def _has_news(report: SyncReport) -> bool:
    return bool(report.pulled or report.receipts.keys() - {"deferred"})


def _sign_in(device: Device, caller: Caller) -> None:
    """Put the session of this morning's login into the device: a real one takes argon2's time."""
    profile = {"id": caller.user_id, "officer_id": caller.officer_id, "name": caller.user_id}
    with device.store.transaction() as db:
        accounts.sign_in(
            db, username=caller.user_id, profile=profile, device_id=caller.device_id,
            tokens=Tokens(access=caller.token, refresh="none"),
        )  # fmt: skip


def _clock_off_by(error: timedelta) -> Clock:
    def present() -> datetime:
        return datetime.now(UTC) + error

    return present
