"""The verdict: what must be true at the end, whatever happened before. Each check gives the
sentences that say what is wrong; none is good."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from media.store import Store
from server.clock import now
from server.services.audit.chain import seal_batch, verify
from server.services.custody import sealing
from server.services.custody.chains import verify_chains
from server.services.custody.faults import Selection

Body = dict[str, Any]
Key = tuple[str, str]
Name = tuple[str, str]

TAKEN = frozenset({"applied", "merged", "conflict"})
FLAGS_ONLY = frozenset({"clock_flags", "task_id"})
#: types whose every version is somebody's write, so that history and document can be compared
WRITTEN = ("record", "answer", "finding")


@dataclass(frozen=True)
class Typed:
    """An op as it was written on a device."""

    device_id: str
    op_id: str
    type: str
    id: str
    action: str
    patch: Body

    @property
    def name(self) -> Name:
        """Ops are unique within their device."""
        return self.device_id, self.op_id


@dataclass(frozen=True)
class Witness:
    """What one device wrote, heard and holds at the end."""

    name: str
    device_id: str
    officer_id: str
    typed: list[Typed]
    heard: Mapping[str, list[Body]]
    pages: list[tuple[str | None, list[int], str]]
    mirror: Mapping[Key, tuple[int, Body]]
    still_waiting: list[str]


def wrong_receipts(session: Session, devices: Iterable[Witness]) -> Iterator[str]:
    """Every op has exactly one receipt, with the result that its device heard."""
    receipts = _receipts(session)
    for device in devices:
        for op in device.typed:
            own = receipts.get(op.name, [])
            if len(own) != 1:
                yield f"{device.name}: op {op.op_id} has {len(own)} receipts"
                continue
            stored = json.loads(own[0].result)
            heard = device.heard.get(op.op_id, [])
            final = [result for result in heard if result["status"] != "deferred"]
            if not heard:
                yield f"{device.name}: never heard what became of op {op.op_id}"
            if any(result != stored for result in final):
                yield f"{device.name}: heard {final}, but the receipt says {stored}"
            if stored["status"] not in TAKEN and not (stored.get("error") or {}).get("code"):
                yield f"{device.name}: op {op.op_id} is {stored['status']} without a reason"


def lost_words(session: Session, devices: Iterable[Witness]) -> Iterator[str]:
    """Whatever was typed stands in the history once, or whole beside its receipt."""
    receipts, history = _receipts(session), _history(session)
    for device in devices:
        for op in device.typed:
            if len(receipts.get(op.name, [])) != 1:
                continue  # said by `wrong_receipts`
            receipt = receipts[op.name][0]
            versions = [patch for patch in history[op.name] if not _flags_a_clock(patch)]
            if receipt.status not in TAKEN:
                kept = json.loads(receipt.body or "{}")
                if versions or kept.get("patch") != op.patch:
                    yield f"{device.name}: {receipt.status} op {op.op_id} kept as {kept}"
            elif len(versions) != 1:
                yield f"{device.name}: op {op.op_id} made {len(versions)} versions"
            elif op.type != "conflict" and not _holds(versions[0], op.patch):
                yield f"{device.name}: op {op.op_id} typed {op.patch}, history has {versions[0]}"


def wrong_history(session: Session) -> Iterator[str]:
    """No version is missing or there twice, and the newest is the document's."""
    rows = session.execute(
        text(
            "SELECT h.type, h.entity_id, count(*) AS versions, min(h.rev) AS first, "
            "max(h.rev) AS last, max(d.rev) AS rev FROM history h "
            "LEFT JOIN documents d ON d.type = h.type AND d.id = h.entity_id "
            "GROUP BY h.type, h.entity_id"
        )
    )
    for row in rows:
        if row.type not in WRITTEN:
            continue
        if row.first != 1 or row.versions != row.last or row.last != row.rev:
            yield f"{row.type} {row.entity_id}: versions {row._asdict()}"


def wrong_mirrors(
    devices: Iterable[Witness], held: Mapping[str, Mapping[Key, tuple[int, Body]]]
) -> Iterator[str]:
    """Every device holds what the server holds for its officer (`held`): none too few, none too
    many, nothing else; and has nothing left to say."""
    for device in devices:
        if device.still_waiting:
            yield f"{device.name}: still waiting: {device.still_waiting[:3]}"
        expected = held[device.officer_id]
        for key in sorted(expected.keys() | device.mirror.keys()):
            there, here = expected.get(key), device.mirror.get(key)
            if there != here:
                yield f"{device.name}: {key}: the server has {there}, the device {here}"


def wrong_feeds(session: Session, devices: Iterable[Witness]) -> Iterator[str]:
    """Each page goes on, strictly rising, where its cursor was; no number is given twice."""
    for device in devices:
        reached: dict[str | None, int] = {None: 0}
        for cursor, seqs, after in device.pages:
            whole = [reached.get(cursor, -1), *seqs]
            if whole != sorted(set(whole)) or whole[0] < 0:
                yield f"{device.name}: a page goes {whole}"
            reached[after] = whole[-1]
    rows = session.execute(
        text(
            "SELECT e.officer_id, count(*) AS n, count(DISTINCT e.seq) AS numbers, "
            "max(e.seq) AS last, max(h.seq) AS head FROM feed_entries e "
            "LEFT JOIN feed_heads h ON h.officer_id = e.officer_id GROUP BY e.officer_id"
        )
    )
    for row in rows:
        if row.n != row.numbers or row.head is None or row.last > row.head:
            yield f"the feed of {row.officer_id}: {row._asdict()}"


def wrong_photos(session: Session, devices: Iterable[Witness], originals: Store) -> Iterator[str]:
    """Every photo that was declared is verified, and its stored bytes are the declared ones."""
    states = {
        row.id: _plain(row.data)
        for row in session.execute(text("SELECT id, data FROM documents WHERE type = 'photo'"))
    }
    taken = {name for name, rows in _receipts(session).items() if rows[0].status in TAKEN}
    for device in devices:
        for op in device.typed:
            if op.type != "photo" or op.action != "create":
                continue
            sha256 = op.patch["sha256"]
            if not originals.exists(sha256):
                yield f"{device.name}: photo {op.id} is not among the originals"
            elif _sha256_of(originals, sha256) != sha256:
                yield f"{device.name}: the bytes of photo {op.id} are others"
            if op.name in taken and states.get(op.id, {}).get("state") != "verified":
                yield f"{device.name}: photo {op.id} is {states.get(op.id)}"


def wrong_deletions(session: Session, originals: Store) -> Iterator[str]:
    """What was approved to be deleted is gone or kept, whole; a verified photo has its bytes."""
    unfinished = session.execute(
        text(
            "SELECT i.subject_id, i.state FROM deletion_items i JOIN deletion_acts a "
            "ON a.id = i.act_id WHERE a.state IN ('approved', 'done') "
            "AND i.state IN ('due', 'deleting')"
        )
    )
    for row in unfinished:
        yield f"photo {row.subject_id} of an approved act is still {row.state}"
    photos = session.execute(
        text("SELECT id, state, received_sha256 FROM photos WHERE received_sha256 IS NOT NULL")
    ).all()
    wanted = {row.received_sha256 for row in photos if row.state == "verified"}
    for row in photos:
        there = originals.exists(row.received_sha256)
        if row.state == "deleting" or (row.state == "verified" and not there):
            yield f"photo {row.id} is {row.state}, its bytes are {'there' if there else 'gone'}"
        if row.state == "deleted" and there and row.received_sha256 not in wanted:
            yield f"photo {row.id} is deleted, but its bytes still lie there"


def broken_chain(session: Session) -> Iterator[str]:
    """The audit's chain holds, over all of its entries, and so does each photo's. Seals what is not
    sealed yet."""
    while seal_batch(session, now=now(), everywhere=True):
        pass
    found = verify(session)
    if found.fault or found.unsealed:
        yield f"the audit's chain: {found}"
    while sealing.seal_batch(session, now=now(), everywhere=True):
        pass
    chains = verify_chains(session, selection=Selection(), anchors=[], advance=lambda _photos: None)
    for fault in chains:
        yield f"a photo's chain: {fault.name}, {fault.subject}"


def unknown_files(session: Session, originals: Iterable[str]) -> Iterator[str]:
    """No original lies there of which no row knows."""
    known = set(session.execute(text("SELECT sha256 FROM evidence_files")).scalars())
    for sha256 in set(originals) - known:
        yield f"original {sha256} has no row"


def _receipts(session: Session) -> dict[Name, list[Any]]:
    found = defaultdict(list)
    rows = session.execute(text("SELECT device_id, op_id, status, result, body FROM receipts"))
    for row in rows:
        found[row.device_id, row.op_id].append(row)
    return found


def _history(session: Session) -> dict[Name, list[Body]]:
    found: dict[Name, list[Body]] = defaultdict(list)
    rows = session.execute(text("SELECT device_id, op_id, patch FROM history ORDER BY rev"))
    for row in rows:
        found[row.device_id, row.op_id].append(json.loads(row.patch))
    return found


def _flags_a_clock(patch: Body) -> bool:
    """A version that the server wrote under an op's stamp, beside the op's own."""
    return "clock_flags" in patch and patch.keys() <= FLAGS_ONLY


def _holds(version: Body, typed: Body) -> bool:
    return all(name in version and _same(version[name], typed[name]) for name in typed)


def _same(stored: Any, typed: Any) -> bool:
    if stored == typed:
        return True
    if isinstance(typed, str) and isinstance(stored, list):
        return stored == [typed]  # one note is a list of one
    return False


def _sha256_of(originals: Store, sha256: str) -> str:
    with originals.open(sha256) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(data: Any) -> Body:
    plain: Body = json.loads(data) if isinstance(data, str) else data
    return plain


def count_rows(session: Session) -> Counter[str]:
    """How much there is, to be printed."""
    tables = ("receipts", "history", "audit", "documents", "feed_entries", "evidence_files")
    counts = {
        table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in tables
    }
    return Counter(counts)
