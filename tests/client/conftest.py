from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client import Device, Patience
from tests.client.standin import Partner, serving


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


@pytest.fixture
def partner() -> Partner:
    partner = Partner()
    partner.say(
        "task", "t1", number="检2026-1", status="assigned", checklist_id="c1", object_id="o1"
    )
    partner.say("object", "o1", name="明珠商场", address="中山路1号")
    partner.say(
        "checklist",
        "c1",
        items=[
            {"code": "A1", "text": "疏散通道", "required": True, "requires_photo_when": ["fail"]},
            {"code": "A2", "text": "灭火器", "required": True, "requires_note_when": ["fail"]},
        ],
    )
    return partner


@pytest.fixture
def address(partner: Partner) -> Iterator[str]:
    with serving(partner) as address:
        yield address


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pauses() -> list[float]:
    """The waits a device would have made."""
    return []


@pytest.fixture
def make_device(
    tmp_path: Path, address: str, clock: FakeClock, pauses: list[float]
) -> Iterator[Callable[..., Device]]:
    made: list[Device] = []

    def make(name: str = "one", attempts: int = 4) -> Device:
        patience = Patience(attempts=attempts, sleep=pauses.append, spread=lambda: 1.0)
        path = tmp_path / f"{name}.sqlite3"
        made.append(Device(path, server=address, clock=clock, patience=patience))
        return made[-1]

    yield make
    for device in made:
        device.close()


@pytest.fixture
def device(make_device: Callable[..., Device]) -> Device:
    """Signed in, with the task on board."""
    device = make_device()
    device.login("zhang", "pass-zhang")
    device.sync()
    return device


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    """Two and a half chunks of bytes under a photo's name."""
    path = tmp_path / "stairs.jpg"
    path.write_bytes(bytes(index * 7 % 251 for index in range(2_500_000)))
    return path
