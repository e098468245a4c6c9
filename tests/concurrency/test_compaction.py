"""Compaction beside pushes and pulls: whoever reads on gets the tombstone, or is told to resync."""

import threading

from server.clock import now
from server.services.sync.compaction import compact
from tests.concurrency.people import PATIENCE_SECONDS
from tests.server.sync.ops import new_finding, op

WRITERS, ROUNDS = 2, 12


class Reader:
    """A slow device: it reads one entry at a time, and begins anew when it is told to."""

    def __init__(self, caller):
        self.caller, self.cursor, self.mirror = caller, None, {}
        self.tombstones = self.resyncs = 0

    def read_on(self):
        """One page; gives whether there is more."""
        query = {"limit": 1, **({"cursor": self.cursor} if self.cursor else {})}
        answer = self.caller.get("/sync/changes", query_string=query)
        if answer.status_code == 410:
            self.cursor, self.mirror = None, {}
            self.resyncs += 1
            return True
        assert answer.status_code == 200, answer.text
        page = answer.get_json()
        for change in page["changes"]:
            self.take(change)
        self.cursor = page["cursor"]
        return page["has_more"]

    def take(self, change):
        key = change["type"], change["id"]
        if change["op"] == "upsert":
            self.mirror[key] = change["rev"], change["data"]
        else:
            self.tombstones += self.mirror.pop(key, None) is not None


def come_and_go(caller, task, name):
    """Findings are made and deleted again, two at a time; one stays."""
    for number in range(ROUNDS):
        ids = [f"{name}-{number}-{i}" for i in range(3)]
        caller.push(*(new_finding(id_, task) for id_ in ids))
        caller.push(*(op("finding", id_, action="delete", base_rev=1) for id_ in ids[1:]))


def test_what_a_reader_holds_in_the_end_is_what_there_is(world):
    """Everything is due at once here, so that each sweep takes away what was deleted just now."""
    tasks = [world.task() for _ in range(WRITERS)]
    writers = [
        threading.Thread(target=come_and_go, args=(world.lead, task, f"w{number}"))
        for number, task in enumerate(tasks)
    ]
    stop, removed = threading.Event(), []

    def sweep():
        while not stop.is_set():
            removed.append(sum(compact(world.parts.database, now=now(), tombstone_days=0)))

    sweeper = threading.Thread(target=sweep)
    readers = [Reader(world.assistant), Reader(world.lead)]
    for thread in (*writers, sweeper):
        thread.start()
    while any(writer.is_alive() for writer in writers):
        for reader in readers:
            reader.read_on()
    stop.set()
    sweeper.join(PATIENCE_SECONDS)
    for reader in readers:
        while reader.read_on():
            pass
        fresh = Reader(reader.caller)
        while fresh.read_on():
            pass
        assert reader.mirror == fresh.mirror
        kept = [key for key in reader.mirror if key[0] == "finding"]
        assert len(kept) == WRITERS * ROUNDS
    assert sum(removed) > 0
