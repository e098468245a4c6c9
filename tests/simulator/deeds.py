"""What a person does on a device, with no network anywhere; and the supervisor's desk."""

import itertools
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st

from client import Device
from tests.simulator.crew import LEAD, TASKS, Crew
from tests.simulator.record import Record

Patch = dict[str, Any]
Deed = tuple[Any, ...]  # what, then its details

SIDES = st.lists(st.sampled_from("东南西北"), max_size=3, unique=True)
FINDING = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["甲", "乙", "丙", None]),
        "location": st.sampled_from(["一层", "二层"]),
        "severity": st.sampled_from(["minor", "moderate", "serious", "critical", None]),
        "action": st.sampled_from(["none", "oral_order", "term_correction", "temporary_seal"]),
        "legal_basis": st.sampled_from(["第十六条", "第二十八条"]),
        "status": st.sampled_from(["open", "rectified", "verified"]),
        "tags": SIDES,
        "notes": st.just("记"),
    },
)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "unit_name": st.sampled_from(["一店", "二店", None]),
        "section_evacuation": st.sampled_from(["畅通", "堵塞"]),
        "outcome": st.sampled_from(["none", "oral_order", "term_correction"]),
        "tags": SIDES,
        "notes": st.just("记"),
    },
)
TASK = st.sampled_from([0] * 3 + list(range(1, TASKS)))  # mostly on one, so that people meet
WHICH = st.integers(0, 3)
ITEM = st.sampled_from(["1.1", "1.2"])
VERDICT = st.sampled_from(["pass", "fail", "not_applicable"])
#: what comes first is what Hypothesis tries when it simplifies
DEEDS = st.one_of(
    st.tuples(st.just("answer"), TASK, ITEM, VERDICT, st.booleans()),
    st.tuples(st.just("edit"), WHICH, FINDING),
    st.tuples(st.just("edit"), WHICH, FINDING),
    st.tuples(st.just("fill"), TASK, RECORD),
    st.tuples(st.just("find"), TASK, FINDING),
    st.tuples(st.just("take back"), WHICH),
    st.tuples(st.just("settle"), WHICH, WHICH),
    st.tuples(st.just("start"), TASK),
    st.tuples(st.just("mend")),
)


class Desk:
    """Who does what; notes are numbered, so that each is known again."""

    def __init__(self, crew: Crew, record: Record) -> None:
        self.crew, self.record = crew, record
        self._notes = itertools.count(1)

    def note(self) -> str:
        return f"第{next(self._notes)}条记录"

    def numbered(self, patch: Patch) -> Patch:
        return {**patch, "notes": self.note()} if "notes" in patch else dict(patch)

    def task_on(self, device: Device, place: int) -> str | None:
        """The task's id, if the device holds it."""
        task_id = self.crew.tasks[place]
        return task_id if device.find("task", task_id) else None

    def settle_as_supervisor(self, which: int, choice: int) -> None:
        """Settle one of the open conflicts of this run, if there is one."""
        every = self.crew.supervisor.get("/conflicts").get_json()["items"]
        mine = [each for each in every if each["data"]["task_id"] in self.crew.tasks]
        if not mine:
            return
        conflict = mine[which % len(mine)]
        candidates = conflict["data"]["candidates"]
        chosen = candidates[choice % len(candidates)]
        answer = self.crew.supervisor.post(
            f"/conflicts/{conflict['id']}/resolve", {"candidate": chosen["key"]},
            headers={"If-Match": f'"{conflict["rev"]}"'},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        self.record.settled_by_office(conflict, answer.get_json()["rev"], chosen["value"])


def do(desk: Desk, who: str, deed: Deed) -> None:
    """Do it, if the device holds what it is about."""
    kind, *details = deed
    _ACTS[kind](desk, who, *details)


def _answer(desk: Desk, who: str, task: int, item: str, value: str, says: bool) -> None:
    device = desk.crew.pockets[who].device
    if task_id := desk.task_on(device, task):
        device.answer(task_id, item, value, desk.note() if says else None)


def _find(desk: Desk, who: str, task: int, patch: Patch) -> None:
    device = desk.crew.pockets[who].device
    if task_id := desk.task_on(device, task):
        device.add_finding(task_id, **desk.numbered(patch))


def _fill(desk: Desk, who: str, task: int, patch: Patch) -> None:
    device = desk.crew.pockets[who].device
    if patch and (task_id := desk.task_on(device, task)):
        device.fill_record(task_id, **desk.numbered(patch))


def _edit(desk: Desk, who: str, which: int, patch: Patch) -> None:
    device = desk.crew.pockets[who].device
    if findings := device.all("finding"):
        device.edit("finding", findings[which % len(findings)].id, **desk.numbered(patch))


def _take_back(desk: Desk, who: str, which: int) -> None:
    device = desk.crew.pockets[who].device
    if written := [*device.all("finding"), *device.all("answer")]:
        entity = written[which % len(written)]
        device.delete(entity.type, entity.id)


def _settle(desk: Desk, who: str, which: int, choice: int) -> None:
    """Settle a conflict offline: the lead's right."""
    pocket = desk.crew.pockets[who]
    conflicts = pocket.device.conflicts()
    if pocket.officer != LEAD or not conflicts:
        return
    conflict = conflicts[which % len(conflicts)]
    candidates = conflict.data["candidates"]
    chosen = candidates[choice % len(candidates)]
    if op := pocket.device.edit("conflict", conflict.id, candidate=chosen["key"]):
        desk.record.settled_by_op(op.op_id, conflict.data, chosen["value"])


def _start(desk: Desk, who: str, task: int) -> None:
    device = desk.crew.pockets[who].device
    if task_id := desk.task_on(device, task):
        device.start_task(task_id)


def _mend(desk: Desk, who: str) -> None:
    """Send a refused op anew."""
    device = desk.crew.pockets[who].device
    if refused := device.pending().refused:
        device.mend(refused[0].op_id)


_ACTS: dict[str, Callable[..., None]] = {
    "answer": _answer,
    "find": _find,
    "fill": _fill,
    "edit": _edit,
    "take back": _take_back,
    "settle": _settle,
    "start": _start,
    "mend": _mend,
}
