"""One inspection as one file that verifies offline (证据包).

An export takes three short transactions, so that nobody waits while it gathers: it seals what is
not sealed yet, reads everything in one snapshot, and notes that it went out, with the manifest's
digest. What it notes is therefore not in it. docs/evidence/custody.md gives the format.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from custody import verify as verifier
from custody.verify import (
    FORMAT,
    MANIFEST,
    PROOFS,
    RECORD,
    SUMS,
    VERSION,
    broken_at,
    last_sha256,
    sums_text,
)  # fmt: skip
from media.anchors import AnchorFolder
from media.errors import OriginalDamaged
from media.sniff import EXTENSIONS, MediaType
from media.store import Store
from server.clock import wire_time
from server.errors import DomainError
from server.models import CustodyEvent, CustodySeal, EvidenceFile, Photo, Task
from server.services.audit.acts import record_act
from server.services.custody.archive import Member, stream_zip
from server.services.custody.proofs import Proof, prove_heads
from server.services.custody.record import describe_inspection, name_people
from server.services.custody.sealing import BATCH, as_sealed, seal_batch
from server.services.evidence.custody import Custody, record_custody
from server.services.scope import Actor

BLOCK_BYTES = 1 << 20
PRACTICE_README = "【演练】本包是演练数据，不是执法证据，不得用于执法或公示。\n\n".encode()
README_FILE = Path(__file__).with_name("package-readme.txt")


@dataclass(frozen=True)
class Package:
    """A package before it is written: its members in order, and what its manifest hashes to."""

    task_id: str
    photo_ids: Sequence[str]
    members: Sequence[Member]
    manifest_sha256: str

    def stream(self) -> Iterator[bytes]:
        """The ZIP. Raises `OriginalDamaged`, `OriginalMissing` when a file is not what it was; what
        was read by then is no ZIP."""
        return stream_zip(self.members)

    @property
    def size_bytes(self) -> int:
        """About how many bytes the ZIP will have."""
        return sum(member.size_bytes for member in self.members)


def seal_task(session: Session, *, task: Task, now: datetime) -> None:
    """Seal what happened to the task's photos, however lately. What waits for the sealer goes
    first: its turns begin where the last seal stands, and would pass it over."""
    while seal_batch(session, now=now) == BATCH:
        pass
    photo_ids = list(session.scalars(select(Photo.id).where(Photo.task_id == task.id)))
    while photo_ids and seal_batch(session, now=now, photo_ids=photo_ids):
        pass


def gather_package(
    session: Session, *, task: Task, originals: Store, folder: AnchorFolder, now: datetime
) -> Package:
    """Everything of one task, for one who may see it. Of the photos only the digests are read.

    Raises `OriginalMissing`, `OriginalDamaged` when a file of a verified photo is gone or has
    another size, `custody_contradicts` when a chain does not hold: what would not verify is not
    handed out.
    """
    files = _files(session, task.id)
    for file in files.values():
        if originals.size_bytes(file.sha256) != file.size_bytes:
            raise OriginalDamaged(sha256=file.sha256)
    chains = _chains(session, task.id)
    _require_told(chains, files)
    proofs = prove_heads(session, folder=folder, photo_ids=sorted(chains))
    said = describe_inspection(session, task, now=now)
    said |= name_people(session, (link["event"] for chain in chains.values() for link in chain))
    texts = {
        "README.txt": _readme(practice=task.practice),
        "verify.py": inspect.getsource(verifier).encode(),
        RECORD: _json(said),
        PROOFS: _json({photo_id: proof.as_json() for photo_id, proof in proofs.items()}),
        **{f"anchors/{day}.json": content for day, content in _anchors(folder, proofs.values())},
        **{
            f"custody/{photo_id}.json": _json({"photo_id": photo_id, "links": links})
            for photo_id, links in chains.items()
        },
    }
    members = [_text(name, content) for name, content in texts.items()]
    members += [_original(originals, photo_id, file) for photo_id, file in files.items()]
    return _sealed(task.id, sorted(chains), sorted(members, key=lambda each: each.name), now=now)


def _readme(*, practice: bool) -> bytes:
    return (PRACTICE_README if practice else b"") + README_FILE.read_bytes()


def _sealed(
    task_id: str, photo_ids: Sequence[str], members: Sequence[Member], *, now: datetime
) -> Package:
    """The package with its manifest and the sums of all members, which come first."""
    listed = {
        member.name: {"sha256": member.sha256, "size_bytes": member.size_bytes}
        for member in members
    }
    manifest = _json(
        {
            "format": FORMAT,
            "version": VERSION,
            "task_id": task_id,
            "exported_at": wire_time(now),
            "members": listed,
        }
    )
    sha256 = hashlib.sha256(manifest).hexdigest()
    first = [_text(MANIFEST, manifest), _text(SUMS, sums_text(listed, sha256))]
    return Package(task_id, photo_ids, [*first, *members], sha256)


def note_export(session: Session, *, actor: Actor | None, package: Package, now: datetime) -> None:
    """Let the ledger of each photo and the audit say that the package went out, before it does."""
    details = {"task_id": package.task_id, "manifest_sha256": package.manifest_sha256}
    by = (actor.user_id if actor else None, actor.device_id if actor else None)
    record_custody(
        session,
        [Custody(photo_id, "exported", *by, details) for photo_id in package.photo_ids],
        now=now,
    )
    record_act(
        session, actor=actor, action="evidence.export", target_type="task",
        target_id=package.task_id, after={**details, "photos": len(package.photo_ids)}, now=now,
    )  # fmt: skip


def _files(session: Session, task_id: str) -> dict[str, EvidenceFile]:
    """The stored file of each photo of the task that has one and whose bytes were not deleted."""
    rows = session.execute(
        select(Photo.id, EvidenceFile)
        .join(EvidenceFile, EvidenceFile.sha256 == Photo.received_sha256)
        .where(Photo.task_id == task_id, Photo.state != "deleted")
        .order_by(Photo.id)
    )
    return {row.id: row.EvidenceFile for row in rows}


def _chains(session: Session, task_id: str) -> dict[str, list[dict[str, Any]]]:
    rows = session.execute(
        select(CustodySeal, CustodyEvent)
        .join(CustodyEvent, CustodyEvent.id == CustodySeal.event_id)
        .join(Photo, Photo.id == CustodySeal.photo_id)
        .where(Photo.task_id == task_id)
        .order_by(CustodySeal.photo_id, CustodySeal.position)
    )
    chains: dict[str, list[dict[str, Any]]] = {}
    for seal, event in rows:
        link = {"event": as_sealed(event), "digest": seal.digest}
        chains.setdefault(seal.photo_id, []).append(link)
    for photo_id, links in chains.items():
        position = broken_at(photo_id, ((link["event"], link["digest"]) for link in links))
        if position is not None:
            details = {"photo_id": photo_id, "event": position}
            raise DomainError("custody_contradicts", details=details)
    return chains


def _require_told(
    chains: Mapping[str, Sequence[Mapping[str, Any]]], files: Mapping[str, EvidenceFile]
) -> None:
    """Each file is the one that its photo's chain says was verified."""
    for photo_id, file in files.items():
        links = [(link["event"], link["digest"]) for link in chains.get(photo_id, ())]
        if last_sha256(links, "verified") != file.sha256:
            details = {"photo_id": photo_id, "sha256": file.sha256}
            raise DomainError("custody_contradicts", details=details)


def _anchors(folder: AnchorFolder, proofs: Iterable[Proof]) -> Iterator[tuple[str, bytes]]:
    """The anchors from the oldest that a proof needs to the newest: each names the one before, so
    who knows the newest knows them all."""
    needed = [proof.day for proof in proofs]
    for day in folder.days():
        content = folder.read(day)
        if needed and day >= min(needed) and content is not None:
            yield day.isoformat(), content


def _text(name: str, content: bytes) -> Member:
    digest = hashlib.sha256(content).hexdigest()
    return Member(name, digest, len(content), lambda: iter((content,)))


def _original(originals: Store, photo_id: str, file: EvidenceFile) -> Member:
    name = f"photos/{photo_id}.{EXTENSIONS[MediaType(file.media_type)]}"
    blocks: Callable[[], Iterator[bytes]] = partial(_checked, originals, file.sha256)
    return Member(name, file.sha256, file.size_bytes, blocks)


def _checked(originals: Store, sha256: str) -> Iterator[bytes]:
    """The bytes of an original. Raises `OriginalDamaged` at their end if they are others."""
    hasher = hashlib.sha256()
    with originals.open(sha256) as stream:
        while block := stream.read(BLOCK_BYTES):
            hasher.update(block)
            yield block
    if hasher.hexdigest() != sha256:
        raise OriginalDamaged(sha256=sha256)


def _json(value: Mapping[str, Any]) -> bytes:
    """JSON that a person can read; the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
