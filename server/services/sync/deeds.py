"""One push's ops, taken one by one (操作处理): who may, what must have come before, what it meets.

Everything concerned is locked and read first (`open`), merged in memory (`take`), and saved at
once (`save`). What becomes of an op is its result, as the protocol's `results` show it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import op_error
from server.services.bulk import Rows
from server.services.conflicts.versions import values_written
from server.services.evidence.declared import DeclaredPhoto, captured, declare_photos
from server.services.evidence.lost_requests import follow_lost
from server.services.scope import Actor
from server.services.sync.feed import Seqs
from server.services.sync.fitting import fitting_patch
from server.services.sync.held import deadline_of
from server.services.sync.locks import LockedTask, lock_tasks
from server.services.sync.merging import Author, Held, Key, Merge
from server.services.sync.office import follow_task, show_task, write_as_office
from server.services.sync.receipts import Incoming
from server.services.sync.settling import chosen_value, has_care, settling_write
from server.services.sync.standing import Standing, standings
from server.services.sync.starting import require_public
from sync.conflicts import conflict_id
from sync.entities import EXISTS, FIELDS, task_of
from sync.merge import Action
from sync.ops import CheckOp, Op
from sync.policies import Refused, Saw, Stamp, standing
from sync.waiting import Queues, Waits, begins, require_dependencies

Result = dict[str, Any]

#: a late op on a task in one of these is kept beside it, not merged into it
SETTLED_TASKS = {
    "reviewed": "task_reviewed",
    "closed": "task_reviewed",
    "cancelled": "task_cancelled",
    "draft": "not_assigned",
}


class Salvaged(Exception):
    """An op that came too late to be merged; it is kept where the task's holders see it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Deeds:
    """The ops of one push, and all that they are about."""

    def __init__(self, session: Session, *, actor: Actor, now: datetime, check_op: CheckOp) -> None:
        self.session, self.actor, self.now, self.check_op = session, actor, now, check_op
        self.merge = Merge(session, now_ms=to_ms(now))
        self._tasks: dict[Any, str] = {}
        self._asked: frozenset[str] = frozenset()
        self._locked: dict[str, LockedTask] = {}
        self._standing: dict[tuple[str, str], Standing] = {}
        self._status: dict[tuple[str, str], str] = {}
        self._results: dict[tuple[str, str], Result] = {}
        self._taken: dict[tuple[str, str], Incoming] = {}
        self._queues = Queues()
        self._held_before: set[tuple[str, str]] = set()
        self._photos: list[DeclaredPhoto] = []
        self._lost: set[str] = set()
        self._moved_tasks: set[str] = set()
        self._salvage_tasks: set[str] = set()

    def open(
        self, arrived: Sequence[Incoming], tasks: Mapping[Any, str], begun: Set[Key] = frozenset()
    ) -> None:
        """Lock the tasks, then read everything that the ops are about and that they do not begin
        themselves."""
        self._tasks = dict(tasks)
        self._asked = frozenset(tasks.values())
        self._locked = lock_tasks(self.session, self._asked)
        self._standing = standings(self.session, self._locked)
        self.merge.know_holders(_holders_of(self._locked, self._standing))
        self._read({key for it in arrived for key in _keys_of(it)} - begun)

    @property
    def locked_tasks(self) -> Iterable[str]:
        """The tasks whose rows are held."""
        return self._locked.keys()

    def admit(self, arrived: Iterable[Incoming], tasks: Mapping[Key, str | None]) -> None:
        """Read what further ops are about; their tasks are locked already."""
        for key, task_id in tasks.items():
            if task_id is not None:
                self._tasks.setdefault(key, task_id)
        self._read({key for it in arrived for key in _keys_of(it)})

    def _read(self, keys: Iterable[Key]) -> None:
        self.merge.read(keys)
        disputes = [held for key, held in self.merge.held.items() if key[0] == "conflict"]
        self.merge.read({_disputed(held) for held in disputes})

    def know(self, statuses: Mapping[tuple[str, str], str]) -> None:
        """Remember what became of earlier ops, by (device, op id)."""
        self._status.update(statuses)

    def expect(self, waiting: Iterable[Incoming]) -> None:
        """Remember which ops were held before."""
        for it in waiting:
            self._held_before.add((it.device_id, it.op.op_id))
            self._status[it.device_id, it.op.op_id] = "deferred"
            self._queues.hold(it.device_id, it.n, self._about(it))

    def take(self, it: Incoming) -> Result:
        """Do one op, hold it, keep it aside or refuse it; gives its result."""
        try:
            result = self._do(it)
        except Refused as refusal:
            result = _told(it, "rejected", refusal.code, {"field": refusal.field})
        except Waits as waits:
            self._queues.hold(it.device_id, it.n, self._about(it))
            until = deadline_of(it.received_ms)
            result = _told(it, "deferred", waits.code, {**waits.details, "until": until})
        except Salvaged as salvaged:
            self._salvage_tasks.add(self._tasks[it.key])
            result = _told(it, "salvaged", salvaged.code, {})
        name, status = (it.device_id, it.op.op_id), result["status"]
        if self._queues and status != "deferred":
            self._queues.free(it.device_id, it.n, self._about(it))
        self._status[name], self._taken[name], self._results[name] = status, it, result
        return result

    def adopt(self, it: Incoming) -> Result:
        """Do an op for a person who takes it over: they have seen all that stands, and judge what
        its writer waited for. Raises Refused or Waits, and then nothing has changed."""
        held, task_id = self.merge.get(it.key), self._tasks[it.key]
        if held and held.task_id != task_id:  # the only task whose row is held
            raise Refused("id_mismatch", "task_id")
        seen = it._replace(op=it.op._replace(base_rev=held.rev if held else None, depends_on=()))
        result = self._write(seen, it.key, task_id, seen.op.action, self._fitting(seen, task_id))
        self._salvage_tasks.add(task_id)
        return result

    def refuse(self, it: Incoming, code: str, details: Mapping[str, Any]) -> None:
        """Reject an op that was about to be held."""
        self._queues.free(it.device_id, it.n, self._about(it))
        self._status[it.device_id, it.op.op_id] = "rejected"
        self._results[it.device_id, it.op.op_id] = _told(it, "rejected", code, details)

    def result(self, it: Incoming) -> Result:
        """What became of an op; after `save` with the `seq` and the merged data."""
        return self._results[it.device_id, it.op.op_id]

    def is_held(self, it: Incoming) -> bool:
        """Whether an op still waits, as far as it was tried."""
        return str(self.result(it)["status"]) == "deferred"

    def task_of(self, it: Incoming) -> str | None:
        """The task that an op is about, as far as it is known."""
        return self._tasks.get(it.key)

    def flag_clock(self, it: Incoming) -> None:
        """Say on the task's record that a device's clock could not be trusted (rule 6)."""
        task_id = self._tasks.get(it.key)
        if task_id is None or "rev" not in self.result(it):
            return
        key = ("record", task_id)
        self.merge.read([key])
        held = self.merge.get(key)
        flags = held.entity.data.get("clock_flags", []) if held else []
        if it.device_id in flags:
            return
        patch: dict[str, Any] = {"clock_flags": [*flags, it.device_id]}
        if held is None:
            patch["task_id"] = task_id
        # Under the op's own stamp, so that the flags stand alike in whatever order ops came.
        self.merge.write(
            key, task_id, author=_author(it), saw=lambda _: True, action="patch", patch=patch
        )

    def save(self, also: Callable[[], Iterable[Rows]] = tuple) -> None:
        """Write everything that changed and announce it; complete the results, and write `also`
        what is then to be said of them."""
        self._declare_photos()
        follow_lost(self.merge, self._lost, actor=self.actor, now=self.now)
        for task_id in self._moved_tasks:
            follow_task(self.merge, self.session, task_id)
        for task_id in self._salvage_tasks - self._moved_tasks:
            show_task(self.merge, self.session, task_id)
        self._note_acts()

        def complete(seqs: Seqs) -> Iterable[Rows]:
            for name, result in self._results.items():
                self._complete(self._taken[name], result, seqs)
            return also()

        self.merge.save(complete)

    # -- one op ---------------------------------------------------------------------------

    def _do(self, it: Incoming) -> Result:
        if it.op.fault:
            return _told(it, "rejected", it.op.fault.code, it.op.fault.details)
        self._refuse_strangers(it)
        self._require_arrived(it)
        task_id = self._task_id(it)
        role = self._require_standing(it, task_id)
        if it.op.type == "conflict":
            return self._settle_conflict(it, task_id, role)
        if it.op.type == "task":
            return self._move_task(it, task_id, role)
        return self._write(it, it.key, task_id, it.op.action, self._fitting(it, task_id))

    def _refuse_strangers(self, it: Incoming) -> None:
        """What names a task of others is refused at once, so that it never waits among them."""
        task_id = self._tasks.get(it.key)
        if task_id in self._asked and (task_id, it.officer_id or "") not in self._standing:
            raise Refused("task_unknown", task_id)

    def _require_arrived(self, it: Incoming) -> None:
        """Hold an op while what it depends on, or its device's earlier op there, is not done."""
        if it.op.depends_on:
            require_dependencies(
                it.op.depends_on, lambda op_id: self._status.get((it.device_id, op_id))
            )
        queues = self._queues
        behind = bool(queues) and queues.is_behind(it.device_id, it.n, self._about(it))
        if behind and not self._is_awaited(it):
            raise Waits("earlier_op_held")

    def _about(self, it: Incoming) -> list[Key]:
        """The entity that an op is about; for one that settles a conflict also what is disputed."""
        held = self.merge.get(it.key) if it.op.type == "conflict" else None
        return [it.key] if held is None else [it.key, _disputed(held)]

    def _is_awaited(self, it: Incoming) -> bool:
        """Whether this op brings what earlier ops on its entity wait for: a create that was
        refused, mended and so sent after them."""
        return begins(it.op.type, it.op.action) and self.merge.get(it.key) is None

    def _task_id(self, it: Incoming) -> str:
        held = self.merge.get(it.key)
        if held and held.task_id:
            self._tasks[it.key] = held.task_id
        if it.key not in self._tasks:
            if it.op.type == "conflict":
                raise Refused("conflict_unknown", it.op.id)
            raise Waits("parent_missing", type=it.op.type, id=it.op.id)
        return self._tasks[it.key]

    def _require_standing(self, it: Incoming, task_id: str) -> Standing:
        """The officer's role on the task. What is no longer theirs to change is salvaged."""
        if task_id not in self._asked:  # the entity came after the tasks to lock were named
            raise Waits("parent_missing", type=it.op.type, id=it.op.id)
        role = self._standing.get((task_id, it.officer_id or ""))
        if role is None or task_id not in self._locked:
            raise Refused("task_unknown", task_id if _names(it.op, task_id) else "")
        settled = SETTLED_TASKS.get(self._locked[task_id].status)
        if settled or role == "former":
            raise Salvaged(settled or "not_assigned")
        return role

    def _fitting(self, it: Incoming, task_id: str) -> Mapping[str, Any]:
        return fitting_patch(self.session, self.merge, self._locked[task_id], it.op)

    def _write(
        self, it: Incoming, key: Key, task_id: str, action: Action, patch: Mapping[str, Any]
    ) -> Result:
        held, base_rev = self.merge.get(key), it.op.base_rev
        if base_rev is not None and base_rev > (held.rev if held else 0):
            raise Waits("base_unknown", base_rev=base_rev)
        outcome = self.merge.write(
            key, task_id, author=_author(it), saw=_saw(it), action=action, patch=patch
        )
        if key[0] == "photo" and action == "create":
            self._photos.append(
                DeclaredPhoto(
                    key[1], task_id, patch.get("sha256"), it.user_id, it.device_id, captured(patch)
                )
            )
        if key[0] == "photo" and "lost" in patch:
            self._lost.add(key[1])
        disputed = [name for name in outcome.disputed if name in patch or name == EXISTS]
        status = "conflict" if disputed else "merged" if outcome.concurrent else "applied"
        result: Result = {"op_id": it.op.op_id, "status": status, "rev": self.merge.held[key].rev}
        if disputed:
            result["conflict_ids"] = [conflict_id(*key, name) for name in disputed]
        return result | {"of": key}

    def _move_task(self, it: Incoming, task_id: str, role: Standing) -> Result:
        """Start or submit, not before its plan is public. Only the lead (主办) submits."""
        if it.op.action != "patch":
            raise Refused("action_not_allowed", it.op.action)
        if it.op.patch.get("status") == "submitted" and role != "lead":
            raise Refused("lead_only", "status")
        if "status" in it.op.patch:
            require_public(self.session, task_id, now=self.now)
        result = self._write(it, it.key, task_id, "patch", it.op.patch)
        self._moved_tasks.add(task_id)
        return result

    def _settle_conflict(self, it: Incoming, task_id: str, role: Standing) -> Result:
        """Settle a conflict offline: choose a candidate or write anew. The lead may."""
        held = self.merge.get(it.key)
        if held is None:
            raise Refused("conflict_unknown", it.op.id)
        said, key = held.entity.data, _disputed(held)
        if role != "lead" and not has_care(said, it.officer_id):
            raise Refused("lead_only", "conflict")
        value = chosen_value(said, it.op.patch, earlier=lambda: values_written(self.session, said))
        action, patch = settling_write(
            self.session, self._locked[task_id], said, value, self.check_op
        )
        result = self._write(it, key, task_id, action, patch)
        self.merge.note_settling(it.op.id, key, it.op.patch)
        self._note_act(
            it.user_id, it.device_id, action="conflict.resolve", target_type="conflict",
            target_id=it.op.id, after={"value": value, "note": it.op.patch.get("note")},
        )  # fmt: skip
        return result | {"of": it.key}

    # -- after all ops --------------------------------------------------------------------

    def _declare_photos(self) -> None:
        states = declare_photos(self.session, declared=self._photos, now=self.now)
        for photo_id, state in states.items():
            key = ("photo", photo_id)
            task_id = self.merge.held[key].task_id or ""
            entity = self.merge.held[key].entity
            if entity.data.get("state") != state:
                by = standing(FIELDS["photo"]["sha256"], entity.claims("sha256")).stamp
                patch = {"state": state, "by": by.officer, "device": by.device}
                write_as_office(self.merge, key, task_id, actor=None, patch=patch)

    def _note_acts(self) -> None:
        """Leave the push in the audit: one entry for each person, device and task, with what became
        of each op. What was written stands in the history, the ops in their receipts."""
        acts: dict[tuple[str, str, str], dict[str, str]] = {}
        for name, result in self._results.items():
            if result["status"] != "deferred" or name not in self._held_before:
                it = self._taken[name]
                whose = (it.user_id, it.device_id, self._tasks.get(it.key, "-"))
                acts.setdefault(whose, {})[it.op.op_id] = result["status"]
        for (user_id, device_id, task_id), statuses in acts.items():
            self._note_act(
                user_id, device_id, action="sync.push", target_type="task", target_id=task_id,
                after={"ops": statuses},
            )  # fmt: skip

    def _note_act(self, user_id: str, device_id: str, **facts: Any) -> None:
        """An act in the audit, done by whoever wrote the op and taken with this push."""
        self.merge.note(
            user_id=user_id,
            device_id=device_id,
            organisation_id=self.actor.organisation_id,
            request_id=self.actor.request_id,
            **facts,
        )

    def _complete(self, it: Incoming, result: Result, seqs: Seqs) -> None:
        """Add what is known only now: the place in the writer's own feed, the merged data with the
        version that it is."""
        of = result.pop("of", None)
        if of is None:
            return
        seq = seqs.get((it.officer_id or "", *of))
        if seq is not None:
            result["seq"] = seq
        if of[0] == "conflict":
            # A conflict that was settled so already stays as it is, whatever its entity's rev.
            result["rev"] = self.merge.held[of].rev
        if result["status"] != "applied":
            result |= {"rev": self.merge.held[of].rev, "data": self.merge.held[of].entity.data}


def _holders_of(
    tasks: Iterable[str], standing: Mapping[tuple[str, str], Standing]
) -> dict[str, list[str]]:
    """The officers who hold each task now."""
    held_by: dict[str, list[str]] = {task_id: [] for task_id in tasks}
    for (task_id, officer_id), role in standing.items():
        if role != "former":
            held_by[task_id].append(officer_id)
    return held_by


def _names(op: Op, task_id: str) -> bool:
    """Whether an op says itself which task it is about; the task of somebody else's entity is not
    told to one who only guessed the entity's id."""
    return task_id in (op.patch.get("task_id"), task_of(op.type, op.id))


def _author(it: Incoming) -> Author:
    return Author(
        officer_id=it.officer_id,
        user_id=it.user_id,
        device_id=it.device_id,
        n=it.n,
        op_id=it.op.op_id,
        base_rev=it.op.base_rev,
        device_ms=it.op.hlc_ms,
        offset_ms=it.offset_ms,
        effective_ms=it.effective_ms,
        received_ms=it.received_ms,
    )


def _disputed(conflict: Held) -> Key:
    """What a conflict is about."""
    said = conflict.entity.data
    return (said["of_type"], said["of_id"])


def _saw(it: Incoming) -> Saw:
    """What the writer had seen: all up to the base it names, and what its own device did."""
    base = it.op.base_rev or 0

    def saw(stamp: Stamp) -> bool:
        return stamp.rev <= base or (stamp.device == it.device_id and stamp.n < it.n)

    return saw


def _keys_of(it: Incoming) -> list[Key]:
    """The documents that must be read for an op: its own, and a photo's parent."""
    keys = [it.key]
    parent = it.op.patch.get("of_id")
    if it.op.type == "photo" and isinstance(parent, str):
        keys.append((str(it.op.patch.get("of_type")), parent))
    return keys


def _told(it: Incoming, status: str, code: str, details: Mapping[str, Any]) -> Result:
    """A result that says why an op was not merged."""
    error = op_error(code, {name: value for name, value in details.items() if value != ""})
    return {"op_id": it.op.op_id, "status": status, "error": error}
