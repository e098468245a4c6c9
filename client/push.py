"""The way up: the outbox in batches, and what the receipts do to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from client import mirror, outbox
from client.accounts import Account
from client.api import Api
from client.clock import Clock, wire_time
from client.errors import ApiError, ProtocolError
from client.outbox import DEFERRED, REJECTED, SALVAGED, WAITING, Op
from client.reports import SyncReport
from client.store import Store
from client.waiting import last_told, note_told, waiting
from client.wire import Json, encoded, json_object

SCHEMA_VERSION = 1
"""The version of the entities that this client writes."""
ENVELOPE_BYTES = 256
"""Room in a request for what stands around the ops."""
PENDING_BYTES = 160
"""Room for what still waits for one task."""
RECEIPTS_BATCH = 50
"""Op ids in one `GET /sync/receipts`: about 2 kB of address."""
REFUSED_WHOLE = frozenset({413, 422})
"""Answers to a push as a whole that one op may have caused."""
NEVER_ARRIVED = "unknown"
SETTLED_WELL = frozenset({"applied", "merged", "conflict"})


@dataclass(frozen=True)
class Limits:
    """What the server says it takes in one push."""

    preferred_batch: int
    max_request_bytes: int


class Pusher:
    """Sends one person's ops, in the order they were written, under that person's token."""

    def __init__(
        self, store: Store, api: Api, account: Account, clock: Clock, report: SyncReport
    ) -> None:
        self._store = store
        self._api = api
        self._account = account
        self._clock = clock
        self._report = report
        self.told = False
        """Whether this run has told the server what waits."""

    def ask_about_kept(self) -> None:
        """Learn what became of the ops that the server holds for their parents, and of those that
        wait for a person's decision."""
        db, user_id = self._store.db, self._account.user_id
        late = [op for op in outbox.in_state(db, user_id, SALVAGED) if _is_undecided(op)]
        held = [*outbox.in_state(db, user_id, DEFERRED), *late]
        for start in range(0, len(held), RECEIPTS_BATCH):
            ops = held[start : start + RECEIPTS_BATCH]
            params = [("op_id", op.op_id) for op in ops]
            answer = json_object(self._api.call("GET", "/sync/receipts", params=params))
            self._take(ops, answer)

    def push_all(self, limits: Limits) -> None:
        """Push until nothing waits. A bad op never stops the others."""
        while batch := self._next_batch(limits):
            self._push(batch)

    def tell_what_waits(self, *, anew: bool = False) -> None:
        """Say what still waits here, if the server last heard otherwise; with `anew` in any case.

        An empty push does it. While the device is being stopped it also says that it is done.
        """
        db, user_id = self._store.db, self._account.user_id
        if anew or waiting(db, user_id) != last_told(db, user_id):
            self._push([])

    def _next_batch(self, limits: Limits) -> list[Op]:
        ready = outbox.in_state(
            self._store.db, self._account.user_id, WAITING, limits.preferred_batch
        )
        batch: list[Op] = []
        tasks = len(waiting(self._store.db, self._account.user_id))
        room = limits.max_request_bytes - ENVELOPE_BYTES - PENDING_BYTES * tasks
        for op in ready:
            room -= len(encoded(op.wire())) + 1
            if room < 0 and batch:
                break
            batch.append(op)  # the first goes in any case: alone, the server can say what is wrong
        return batch

    def _push(self, ops: Sequence[Op]) -> None:
        """One request. If the whole is refused, halve it until the op at fault stands alone."""
        with self._store.transaction() as db:
            outbox.mark_attempt(db, ops)
        still = waiting(self._store.db, self._account.user_id, besides=ops)
        try:
            body = self._envelope(ops, still)
            answer = json_object(self._api.call("POST", "/sync/push", body=body))
        except ApiError as error:
            if error.status not in REFUSED_WHOLE or not ops:
                raise
            self._push_halves(ops, error)
            return
        if not self._take(ops, answer) and ops:
            raise ProtocolError("a push was answered without a result for any of its ops")
        with self._store.transaction() as db:
            note_told(db, self._account.user_id, still)
        self.told = True

    def _push_halves(self, ops: Sequence[Op], error: ApiError) -> None:
        if len(ops) == 1:
            self._refuse(ops[0], error)
            return
        middle = len(ops) // 2
        self._push(ops[:middle])
        self._push(ops[middle:])

    def _envelope(self, ops: Sequence[Op], still: list[Json]) -> Json:
        """`device_time` is the moment of sending: from it the server tells how wrong we are.
        `pending` is what will still wait here once these ops are answered."""
        return {
            "device_time": wire_time(self._clock()),
            "schema_version": SCHEMA_VERSION,
            "ops": [op.wire() for op in ops],
            "pending": still,
        }

    def _take(self, ops: Sequence[Op], answer: Json) -> int:
        """Apply all receipts of an answer in one transaction; how many of `ops` had one."""
        results = {result["op_id"]: result for result in answer.get("results", [])}
        with self._store.transaction() as db:
            answered = [op for op in ops if op.op_id in results]
            for op in answered:
                take_receipt(db, self._account, op, results[op.op_id])
        for op in answered:
            # that nobody has decided yet about a salvaged op is no news
            if op.state != SALVAGED or results[op.op_id]["status"] != SALVAGED:
                self._note(results[op.op_id])
        return len(answered)

    def _note(self, result: Json) -> None:
        self._report.receipts[str(result["status"])] += 1
        self._report.conflict_ids += result.get("conflict_ids") or []

    def _refuse(self, op: Op, error: ApiError) -> None:
        """Take an op out of the way that could not even be delivered; it is kept, with why."""
        result: Json = {"op_id": op.op_id, "status": REJECTED, "error": error.reason()}
        with self._store.transaction() as db:
            take_receipt(db, self._account, op, result)
        self._note(result)


def _is_undecided(op: Op) -> bool:
    details = (op.reason or {}).get("details") or {}
    return bool(details.get("state") == "open")


def take_receipt(db: sqlite3.Connection, account: Account, op: Op, result: Json) -> None:
    """What one receipt does, in the caller's transaction.

    applied, merged, conflict: settled; the next pull brings the version that contains it, and
        under conflict, where the server keeps both values, the conflict itself.
    deferred: the server holds it; it stays here until a receipt says more.
    unknown: the server has never seen it, or was restored from before it did; it is sent again.
    rejected, salvaged, and any word this client does not know: kept here with the reason.
    """
    status = str(result.get("status"))
    reason = result.get("error")
    if status in SETTLED_WELL:
        mirror.settle(db, account.user_id, op, result.get("rev"))
    elif status == NEVER_ARRIVED:
        outbox.set_state(db, op.op_id, WAITING, None)
    elif status in (DEFERRED, SALVAGED, REJECTED):
        outbox.set_state(db, op.op_id, status, reason)
    else:
        outbox.set_state(db, op.op_id, REJECTED, reason or {"code": f"unknown_status_{status}"})
    mirror.refold(db, account, op.type, op.id)
