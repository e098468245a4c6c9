"""Push (上行): what a device did while nobody could see it becomes the common state.

One transaction for all ops of a push; a bad op is answered as such and never stops the others.
The order is fixed: the device's row first (its pushes follow one another, so looking up a receipt
and adding it are one step; the key `(device, op_id)` guards it besides), then the tasks' rows,
then everything is read, merged in memory and written in bulk, the feeds last.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import DomainError, op_error
from server.failpoints import reach
from server.services.accounts.draining import end_drain, ends_drain
from server.services.audit.acts import record_act
from server.services.bulk import as_json, insert_rows, json_parameter
from server.services.late.opening import close_gone_on, open_late_ops
from server.services.scope import Actor
from server.services.sql import as_stored, run
from server.services.sync.deeds import Deeds, Result
from server.services.sync.held import MAX_HELD_BYTES, MAX_HELD_OPS, writer_on
from server.services.sync.merging import Key
from server.services.sync.receipts import (
    Incoming,
    Met,
    Settled,
    body_text,
    digest_of,
    held_ops,
    mark_mended,
    met_by,
    receipts_of,
    renew_receipts,
    statuses_of,
    tasks_of_earlier_ops,
)
from sync.clock import effective_ms, is_implausible
from sync.entities import CREATABLE, task_of
from sync.ops import CheckOp, Op
from sync.waiting import begins

#: holds the device's row until the transaction ends, keeps what its clock was off by, and gives it
#: numbers for as many ops
HOLD = (
    "UPDATE devices SET ops_count = ops_count + :count, clock_offset_ms = "
    "COALESCE(CAST(:offset_ms AS bigint), clock_offset_ms, 0), last_push_at = :now{told} "
    "WHERE id = :id RETURNING ops_count, clock_offset_ms"
)
#: and keeps what the device says still waits on it (rule 10)
TOLD = ", pending = {json}, pending_told_at = :now"


def push_ops(
    session: Session,
    *,
    actor: Actor,
    device_time_ms: int | None,
    ops: Sequence[Op],
    check_op: CheckOp,
    pending: Sequence[Mapping[str, Any]] | None = None,
    now: datetime,
) -> list[Result]:
    """Take a device's ops; gives a result for each, in their order.

    `check_op` has turned each op as it came into an `Op`, with a fault where its form is wrong, and
    does so with what was held. `pending` is what the device says still waits on it, `{task_id, ops,
    photos}` each. Raises `forbidden` for someone who is no officer with a device.
    """
    if actor.officer_id is None or actor.device_id is None:
        raise DomainError("forbidden", details={"needs": ["officer", "device"]})
    digests = [digest_of(op.body) for op in ops]
    device = _Device(
        session, actor, device_time_ms=device_time_ms, ops_count=len(ops), pending=pending, now=now
    )
    reach("push.device_held")
    met = met_by(session, actor.device_id, ops)
    known = met.receipts
    arrived = device.stamp(
        (op, digest) for op, digest in zip(ops, digests, strict=True) if op.op_id not in known
    )
    deeds = Deeds(session, actor=actor, now=now, check_op=check_op)
    deeds.open(arrived, _tasks_of(session, actor.device_id, arrived, met), _begun(arrived, met))
    reach("push.tasks_locked")
    waiting = _held_for(session, actor.device_id, deeds, arrived)
    deeds.know(statuses_of(session, _dependencies([*arrived, *waiting])))
    stuck = [it for it in arrived if deeds.take(it)["status"] == "deferred"]
    went_on = _retry(deeds, [*waiting, *stuck])
    held = [it for it in went_on if it not in stuck]
    _bound_held(deeds, actor.device_id, waiting=waiting, stuck=stuck)
    for it in [*arrived, *held]:
        if _is_implausible(it):
            deeds.flag_clock(it)
    reach("push.merged")
    _save(session, deeds, arrived, held)
    reach("push.receipts_written")
    mark_mended(session, arrived)
    if ends_drain(actor, ops=ops, pending=pending):
        end_drain(session, actor=actor, now=now)
    answers = {op_id: (receipt.digest, receipt.result) for op_id, receipt in known.items()}
    own = [it for it in [*arrived, *held] if it.device_id == actor.device_id]
    answers |= {it.op.op_id: (it.digest, deeds.result(it)) for it in own}
    results = []
    for op, digest in zip(ops, digests, strict=True):
        first, result = answers[op.op_id]
        results.append(result if digest == first else _keep_reused(session, actor, op, now))
    return results


class _Device:
    """The pushing device: its row is held, its clock compared, its ops numbered."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        *,
        device_time_ms: int | None,
        ops_count: int,
        pending: Sequence[Mapping[str, Any]] | None,
        now: datetime,
    ) -> None:
        self.actor, self.now_ms = actor, to_ms(now)
        offset_ms = None if device_time_ms is None else self.now_ms - device_time_ms
        told = "" if pending is None else TOLD.format(json=json_parameter(session, "pending"))
        [row] = run(
            session,
            HOLD.format(told=told),
            {
                "id": actor.device_id, "count": ops_count, "offset_ms": offset_ms,
                "now": as_stored(session, now), "pending": as_json(pending),
            },
        )  # fmt: skip
        self.ops_before: int = row.ops_count - ops_count
        self.offset_ms: int = row.clock_offset_ms

    def stamp(self, ops: Iterable[tuple[Op, str]]) -> list[Incoming]:
        """Number the ops, which come with their digests, in this device's order and fix when each
        was written. An op that comes twice in one push is one op."""
        once: dict[str, tuple[Op, str]] = {}
        for op, digest in ops:
            once.setdefault(op.op_id, (op, digest))
        return [
            Incoming(
                op=op,
                key=(op.type, op.id),
                digest=digest,
                device_id=self.actor.device_id or "",
                n=self.ops_before + place,
                user_id=self.actor.user_id,
                officer_id=self.actor.officer_id,
                offset_ms=self.offset_ms,
                effective_ms=effective_ms(
                    stamped_ms=op.hlc_ms, offset_ms=self.offset_ms, arrival_ms=self.now_ms
                ),
                received_ms=self.now_ms,
            )
            for place, (op, digest) in enumerate(once.values(), start=1)
        ]


def _is_implausible(it: Incoming) -> bool:
    """Whether this op's clock must be flagged on the record."""
    return is_implausible(
        stamped_ms=it.op.hlc_ms, offset_ms=it.offset_ms, arrival_ms=it.received_ms
    )


def _keep_reused(session: Session, actor: Actor, op: Op, now: datetime) -> Result:
    """Refuse and keep an op whose id was used before for something else: its receipt is taken."""
    record_act(
        session, actor=actor, action="op.id_reused", target_type=op.type, target_id=op.id,
        after={"op_id": op.op_id, "body": body_text(op.body)}, now=now,
    )  # fmt: skip
    return {"op_id": op.op_id, "status": "rejected", "error": op_error("op_id_reuse", {})}


def _tasks_of(
    session: Session, device_id: str, arrived: Sequence[Incoming], met: Met
) -> dict[Any, str]:
    """The task of each entity that the ops are about, as far as it can be told yet."""
    tasks: dict[Any, str] = {("held", task_id): task_id for task_id in met.held_on}
    missing = set()
    for it in arrived:
        key, stated = it.key, it.op.patch.get("task_id")
        if named := task_of(*key) or met.tasks.get(key) or tasks.get(key):
            tasks[key] = named
        elif isinstance(stated, str) and not it.op.fault:
            tasks[key] = stated
        else:
            missing.add(key)
    return tasks_of_earlier_ops(session, device_id, missing - tasks.keys()) | tasks


def _begun(arrived: Iterable[Incoming], met: Met) -> set[Key]:
    """The entities that begin with these ops, as none of the name stood a moment ago. They are not
    looked for again: should somebody begin one meanwhile, ours can't be inserted, and the whole
    push is done anew (`written` in `server/api/glue.py`)."""
    return {
        it.key
        for it in arrived
        if begins(it.op.type, it.op.action) and it.op.type in CREATABLE and it.key not in met.tasks
    }


def _held_for(
    session: Session, device_id: str, deeds: Deeds, arrived: Sequence[Incoming]
) -> list[Incoming]:
    """The ops held earlier that may go on now: this device's, and those on what is concerned."""
    held = _held_around(session, device_id, {it.key for it in arrived}, deeds.locked_tasks)
    waiting = [
        Incoming(
            op=(op := deeds.check_op(body)),
            key=(op.type, op.id),
            digest=receipt["digest"],
            device_id=receipt["device_id"],
            n=receipt["n"],
            user_id=receipt["user_id"],
            officer_id=receipt["officer_id"],
            offset_ms=receipt["offset_ms"],
            effective_ms=receipt["effective_ms"],
            received_ms=receipt["received_ms"],
        )
        for body, receipt in held
    ]
    deeds.admit(
        waiting, {it.key: row["task_id"] for it, (_, row) in zip(waiting, held, strict=True)}
    )
    deeds.expect(waiting)
    return waiting


def _held_around(
    session: Session, device_id: str, keys: set[tuple[str, str]], task_ids: Iterable[str]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The held ops that may go on, and those that wait for what these would bring."""
    devices = {device_id}
    while True:
        held = held_ops(session, devices, keys, task_ids)
        around = keys | {(body["type"], body["id"]) for body, _ in held}
        theirs = devices | {receipt["device_id"] for _, receipt in held}
        if (around, theirs) == (keys, devices):
            return held
        keys, devices = around, theirs


def _dependencies(ops: Iterable[Incoming]) -> list[tuple[str, str]]:
    """What the ops depend on, by (device, op id); it may have come in any earlier push."""
    return [(it.device_id, op_id) for it in ops for op_id in it.op.depends_on]


def _retry(deeds: Deeds, waiting: list[Incoming]) -> list[Incoming]:
    """Do what waited for what has now arrived, as long as one more can be done."""
    done: list[Incoming] = []
    while True:
        moved = [it for it in waiting if deeds.take(it)["status"] != "deferred"]
        if not moved:
            return done
        done += moved
        waiting = [it for it in waiting if it not in moved]


def go_on_with_held(session: Session, *, device_id: str, check_op: CheckOp, now: datetime) -> int:
    """Do what a device has waiting and what has become possible meanwhile, as its next push would;
    gives how many ops went on."""
    deeds = Deeds(session, actor=writer_on(session, device_id), now=now, check_op=check_op)
    deeds.open([], _tasks_of(session, device_id, [], met_by(session, device_id, [])))
    waiting = _held_for(session, device_id, deeds, [])
    deeds.know(statuses_of(session, _dependencies(waiting)))
    went_on = _retry(deeds, waiting)
    for it in went_on:
        if _is_implausible(it):
            deeds.flag_clock(it)
    _save(session, deeds, [], went_on)
    return len(went_on)


def _bound_held(
    deeds: Deeds, device_id: str, *, waiting: Sequence[Incoming], stuck: Sequence[Incoming]
) -> None:
    """Keep within bounds what one device leaves waiting: what comes beyond them is rejected."""
    fresh = [it for it in stuck if deeds.is_held(it)]
    if not fresh:
        return
    earlier = [it for it in waiting if it.device_id == device_id and deeds.is_held(it)]
    count, size_bytes = len(earlier), sum(len(body_text(it.op.body)) for it in earlier)
    for it in fresh:
        size = len(body_text(it.op.body))
        if count == MAX_HELD_OPS or size_bytes + size > MAX_HELD_BYTES:
            deeds.refuse(it, "held_too_many", {"ops": MAX_HELD_OPS, "size_bytes": MAX_HELD_BYTES})
        else:
            count, size_bytes = count + 1, size_bytes + size


class _Ended(NamedTuple):
    """What became of ops: the salvaged ones, and the others."""

    salvaged: list[Settled]
    others: list[Settled]

    @classmethod
    def of(cls, deeds: Deeds, ops: Iterable[Incoming]) -> "_Ended":
        """Apart, each with its task and its result."""
        ended = cls([], [])
        for it in ops:
            result = deeds.result(it)
            into = ended.salvaged if result["status"] == "salvaged" else ended.others
            into.append((it, deeds.task_of(it), result))
        return ended


def _save(
    session: Session, deeds: Deeds, arrived: Sequence[Incoming], held: Sequence[Incoming]
) -> None:
    """Receipts of salvaged ops first, because the task's document shows them."""
    fresh, renewed = _Ended.of(deeds, arrived), _Ended.of(deeds, held)
    open_late_ops(session, fresh.salvaged + renewed.salvaged, now=deeds.now)
    insert_rows(session, receipts_of(fresh.salvaged))
    renew_receipts(session, renewed.salvaged)
    close_gone_on(session, held, now=deeds.now)
    deeds.save(lambda: [receipts_of(fresh.others)])
    renew_receipts(session, renewed.others)
