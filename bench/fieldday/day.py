"""What the acts share: the house, the people, their devices and lines, the task."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.fieldday.desk import Desk, Json, Unexpected
from bench.fieldday.house import House
from bench.fieldday.line import Line
from bench.fieldday.story import Story
from client import Device, Offline, Patience
from client.reports import SyncReport

CHECKLIST = "small-places"
CONTESTED, FORGOTTEN = "s03", "s10"
#: what the lead answers on the first visit; one required item is forgotten
ANSWERS = {
    "s01": "shop", "s02": "pass", "s04": "pass", "s05": "pass", "s06": "pass", "s07": "pass",
    "s08": "no", "s11": "pass",
}  # fmt: skip


@dataclass
class Inspector:
    """An officer with an account, a device, and a line that can fail."""

    officer_id: str
    name: str
    username: str
    password: str
    device: Device
    line: Line

    def sync(self) -> SyncReport:
        """One sync with a network. Raises Unexpected when a part of it was refused."""
        self.line.up()
        report = self.device.sync()
        if report.troubles:
            raise Unexpected(f"the sync of {self.name}: {report.troubles}")
        return report

    def breaks_off(self) -> bool:
        """Whether a sync finds no answer."""
        try:
            self.device.sync()
        except Offline:
            return True
        return False


class Canaries:
    """Texts that must never reach the public: each is unlike anything else."""

    def __init__(self) -> None:
        self.sung: dict[str, str] = {}

    def sing(self, where: str, text: str = "内部") -> str:
        """A text for a place that the public does not see."""
        self.sung[where] = f"{text}{secrets.token_hex(4)}"
        return self.sung[where]

    def watch(self, where: str, text: str) -> str:
        """The same for a text that is given."""
        self.sung[where] = text
        return text

    def found_in(self, public: str) -> list[str]:
        """The places whose text got out."""
        return [where for where, text in self.sung.items() if text in public]


@dataclass
class Day:
    """One day."""

    story: Story
    house: House
    folder: Path
    register: Path
    canaries: Canaries = field(default_factory=Canaries)
    counts: dict[str, Any] = field(default_factory=dict)
    admin: Desk = field(init=False)
    supervisor: Desk = field(init=False)
    site: Json = field(init=False)
    brigade: Json = field(init=False)
    lead: Inspector = field(init=False)
    assistant: Inspector = field(init=False)
    reserve: Inspector = field(init=False)
    task_id: str = field(init=False)
    finding_id: str = field(init=False)
    photo_id: str = field(init=False)
    photo: Path = field(init=False)
    notice_id: str = field(init=False)

    @property
    def inspectors(self) -> list[Inspector]:
        """All who have been hired so far."""
        roles = ("lead", "assistant", "reserve")
        return [vars(self)[role] for role in roles if role in vars(self)]

    @property
    def contested(self) -> str:
        """The id of the answer that two officers give differently."""
        return f"{self.task_id}.{CONTESTED}"

    def review(self) -> Json:
        """The task as the supervisor sees it."""
        return self.supervisor.must("GET", f"/tasks/{self.task_id}/review")

    def public_address(self) -> str:
        """Where citizens read the result."""
        return f"{self.house.server.url}/public/results/{self.notice_id}"

    def hire(self, name: str, username: str, *, lead_qualified: bool) -> Inspector:
        """An officer with a certificate, an account and a tablet whose line is down."""
        number = f"持证{secrets.token_hex(4)}"
        officer = self.admin.must("POST", "/officers", {
            "organisation_id": self.brigade["id"], "name": name, "post": "专职消防监督员",
            "certificate_number": self.canaries.watch(f"certificate of {username}", number),
            "certificate_expires_on": "2099-12-31", "lead_qualified": lead_qualified,
        })  # fmt: skip
        password = self.open_account(name, username, "officer", officer_id=officer["id"])
        line = Line(self.house.server.port)
        device = Device(
            self.folder / f"{username}.sqlite3", server=line.address,
            name=self.canaries.sing(f"device of {username}", "终端"), platform="fieldday",
            patience=Patience(attempts=1),
        )  # fmt: skip
        self.canaries.watch(f"name of {username}", name)
        return Inspector(officer["id"], name, username, password, device, line)

    def open_account(self, name: str, username: str, role: str, **facts: Any) -> str:
        """An account in the brigade; gives its password."""
        password = secrets.token_urlsafe(12)
        self.admin.must("POST", "/users", {
            "username": username, "password": password, "name": name, "role": role,
            "organisation_id": self.brigade["id"], **facts,
        })  # fmt: skip
        return password

    def close(self) -> None:
        """Put the devices away."""
        for inspector in self.inspectors:
            inspector.line.close()
            inspector.device.close()


def team(lead: Inspector, *assistants: Inspector) -> list[Json]:
    """Who goes, as the API wants it."""
    roles = [(lead, "lead"), *((assistant, "assistant") for assistant in assistants)]
    return [{"officer_id": who.officer_id, "role": role} for who, role in roles]


def read_public(url: str) -> requests.Response:
    """What anybody can read: no token, no cookie."""
    return requests.get(url, timeout=30)
