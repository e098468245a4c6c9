"""What must hold whenever everybody has synced."""

import json
from collections import Counter
from typing import Any

from tests.simulator.crew import LEAD, Crew
from tests.simulator.model import EXISTENCE, LISTS, SETS, Entity
from tests.simulator.record import Record

Body = dict[str, Any]
Key = tuple[str, str]

STATUSES = {"applied", "merged", "conflict", "deferred", "rejected", "salvaged"}
KEPT_ASIDE = {"deferred": "unmerged", "rejected": "unmerged", "salvaged": "salvaged"}


def check_mirrors(crew: Crew) -> None:
    """Every device holds what the server holds for its officer: no row skipped, none too many."""
    _check_assistants(crew)
    for pocket in crew.pockets.values():
        held, mirror = crew.held_by(pocket.officer), pocket.mirror()
        waiting = {(op.type, op.id) for op in pocket.device.pending().ops}
        wrong = {
            key: {"device": mirror.get(key), "server": held.get(key)}
            for key in (mirror.keys() | held.keys()) - waiting
            if mirror.get(key) != held.get(key)
        }
        assert not wrong, (pocket.name, wrong)
        assert pocket.agrees(), pocket.name


def _check_assistants(crew: Crew) -> None:
    """Who holds a task now holds of it what the lead holds, who left it holds nothing."""
    whole = crew.held_by(LEAD)
    for role in set(crew.readers) - {LEAD}:
        expected: dict[Key, Any] = {}
        for task in [task for task, holder in crew.assistants.items() if holder == role]:
            of_task = whole["task", task][1]
            shared = [("object", of_task["object_id"]), ("history", of_task["object_id"])]
            shared += [("checklist", of_task["checklist_id"]), ("task", task)]
            own = [key for key, (_, data) in whole.items() if data.get("task_id") == task]
            expected |= {key: whole[key] for key in [*shared, *own]}
        assert crew.held_by(role) == expected, role


def check_feeds(crew: Crew) -> None:
    """Each page begins after the one whose cursor was sent, and goes forward."""
    for pocket in crew.pockets.values():
        reached: dict[str | None, int] = {None: 0}
        for cursor, page in pocket.network.pages:
            seqs = [reached[cursor], *(change["seq"] for change in page["changes"])]
            assert seqs == sorted(set(seqs)), (pocket.name, seqs)
            reached[page["cursor"]] = seqs[-1]


def check_receipts(crew: Crew, record: Record) -> None:
    """Every op has one receipt, and a repeated one heard the same again; what was not taken is
    kept whole where the supervisor sees it, and what was taken stands once in the history."""
    _check_repetitions(crew)
    kept = {
        (each["device_id"], each["op_id"]): (name, json.loads(each["body"]))
        for review in record.reviews
        for name in ("salvaged", "unmerged")
        for each in review[name]
    }
    for done in record.ops:
        status = done.receipt["status"]
        assert status in STATUSES
        if done.taken:
            assert len(done.revs) == 1, done
            settles = done.op["type"] == "conflict"  # its receipt names the conflict's version
            assert settles or done.receipt["rev"] >= done.revs[0], done
            assert done.name not in kept
        else:
            assert not done.revs, done
            assert kept.get(done.name) == (KEPT_ASIDE[status], done.op), done


def _check_repetitions(crew: Crew) -> None:
    for pocket in crew.pockets.values():
        first: dict[str, Body] = {}
        for op, result in pocket.network.pushed:
            known = first.setdefault(op["op_id"], result)
            if known["status"] == "deferred":
                first[op["op_id"]] = result
            else:
                assert result == known


def check_model(crew: Crew, record: Record) -> None:
    """What the lead holds is what the model makes of the writes alone."""
    held = {key: data for key, (_, data) in crew.held_by(LEAD).items()}
    disputed = {
        (data["of_type"], data["of_id"], data["field"]): data
        for (type_, _), data in held.items()
        if type_ == "conflict" and data["state"] == "open"
    }
    entities = record.entities()
    written = {key for key in held if key[0] in ("record", "answer", "finding")}
    assert written == {key for key, entity in entities.items() if not entity.deleted}
    for key, entity in entities.items():
        revs = [write.rev for write in entity.writes]
        assert revs == list(range(1, len(revs) + 1)), f"{key} has only the versions {revs}"
        if key in held:
            _check_fields(key, entity, held[key])
        _check_disputes(key, entity, disputed)
    assert not disputed, "a conflict is open over which nobody disagrees"


def _check_fields(key: Key, entity: Entity, data: Body) -> None:
    for name in entity.fields:
        if name in LISTS:
            assert Counter(note["text"] for note in data[name]) == entity.notes(), (key, name)
        elif name in SETS:
            assert set(data[name]) == entity.tags(), (key, name)
            assert len(data[name]) == len(set(data[name]))
        else:
            assert entity.fits(name, data[name]), (key, name, data[name], entity.standing(name))


def _check_disputes(key: Key, entity: Entity, disputed: dict[tuple[str, str, str], Body]) -> None:
    """The open conflicts are the disputes, each with what was said; takes them off the list."""
    for name, said in entity.disputes().items():
        conflict = disputed.pop((*key, name), None)
        assert conflict is not None, f"nobody is asked about {name} of {key}"
        assert Counter(each["value"] for each in conflict["candidates"]) == said
        assert name == EXISTENCE or entity.fits(name, conflict["standing"])
