"""Are the anchors what they were, and do the chains still reach what they say?

The files are one witness, the rows of `custody_anchors` a second, each file's word on the one
before it a third. Heads are read line by line; memory does not grow with their number.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from custody.tree import Tree
from media.anchors import AnchorFolder
from server.models import AuditSeal, CustodyAnchor
from server.services.bulk import as_json, seek_rows
from server.services.custody.chains import Written
from server.services.custody.faults import Fault, Selection
from server.services.sql import run

HEADS_AT_ONCE = 500
HEAD_KEY = {"photo_id": "text", "position": "bigint"}


class Anchor(NamedTuple):
    """An anchor as its file says it; `before` is what it says of the one before."""

    day: date
    sha256: str
    seals: int
    made_at: datetime
    before: tuple[date, str] | None
    heads: Mapping[str, Any]
    audit: tuple[int, str] | None


def read_anchor(folder: AnchorFolder, day: date) -> Anchor | None:
    """The anchor of a day; None if it is not there. Raises ValueError if it is none of ours."""
    content = folder.read(day)
    if content is None:
        return None
    try:
        said = json.loads(content)
        previous, audit = said["previous"], said["audit"]
        return Anchor(
            day=date.fromisoformat(said["day"]),
            sha256=hashlib.sha256(content).hexdigest(),
            seals=int(said["seals"]),
            made_at=datetime.fromisoformat(said["made_at"]),
            before=previous and (date.fromisoformat(previous["day"]), previous["sha256"]),
            heads={name: said["heads"][name] for name in ("count", "root", "sha256")},
            audit=audit and (audit["position"], audit["digest"]),
        )
    except (KeyError, TypeError) as fault:
        raise ValueError(f"no anchor: {fault!r}") from fault


def when_written(folder: AnchorFolder, days: Sequence[date]) -> list[Written]:
    """How far the anchors of these days went and when, in order; those that cannot be read are left
    out, for `verify_anchors` names them."""
    written: list[Written] = []
    for day in days:
        try:
            anchor = read_anchor(folder, day)
        except ValueError:
            continue
        if anchor is not None and (not written or anchor.seals >= written[-1].seals):
            written.append(Written(anchor.seals, anchor.made_at))
    return written


def verify_anchors(
    session: Session, *, folder: AnchorFolder, days: Sequence[date], selection: Selection
) -> Iterator[Fault]:
    """What does not hold of the anchors, day by day; of their heads, those of chosen photos.
    `days` are those that had a file before the session's snapshot was taken: only what they name
    can be expected in it."""
    rows = {row.day: row for row in session.scalars(select(CustodyAnchor))}
    newest = max(rows, default=date.min)
    before: tuple[date, str] | None = None
    for day in sorted({*rows, *days}):
        if day not in rows and day < newest:
            yield _fault("anchor-unknown", day)
            continue  # no other names it
        fault, sha256 = _verify_file(folder, day, rows.get(day), before)
        before = (day, sha256)
        if fault is not None:
            yield fault
        else:
            yield from _verify_heads(session, folder, day, selection)


def _verify_file(
    folder: AnchorFolder, day: date, row: CustodyAnchor | None, before: tuple[date, str] | None
) -> tuple[Fault | None, str]:
    """The fault of a day's file, and what the file of the next day should say of it."""
    stated = row.sha256 if row else ""
    try:
        anchor = read_anchor(folder, day)
    except ValueError:
        return _fault("anchor-changed", day), stated
    if anchor is None:
        return _fault("anchor-missing", day), stated
    if row is not None and row.sha256 != anchor.sha256:
        return _fault("anchor-changed", day), stated
    if (anchor.day, anchor.before) != (day, before):
        return _fault("anchor-changed", day, "what it says of the day before"), anchor.sha256
    return None, anchor.sha256


def _verify_heads(
    session: Session, folder: AnchorFolder, day: date, selection: Selection
) -> Iterator[Fault]:
    anchor = read_anchor(folder, day)
    if anchor is None:
        return
    if anchor.audit is not None and _audit_digest(session, anchor.audit[0]) != anchor.audit[1]:
        yield Fault("audit-rewritten", f"anchor {day}, audit seal {anchor.audit[0]}")
    try:
        if _measure(folder.heads(day)) != anchor.heads:
            yield _fault("anchor-changed", day, "its heads")
            return
        chosen = _chosen(session, selection)
        yield from _compare_heads(session, folder.heads(day), day, chosen)
    except FileNotFoundError:
        yield _fault("anchor-missing", day, "its heads")


def _measure(lines: Iterable[bytes]) -> dict[str, Any]:
    """What an anchor says of its heads."""
    tree, hasher = Tree(), hashlib.sha256()
    for line in lines:
        tree.add(line)
        hasher.update(line + b"\n")
    return {"count": tree.size, "root": tree.close().hex(), "sha256": hasher.hexdigest()}


def _compare_heads(
    session: Session, lines: Iterator[bytes], day: date, chosen: set[str] | None
) -> Iterator[Fault]:
    """Whether each anchored head still stands where it stood."""
    while batch := list(islice(lines, HEADS_AT_ONCE)):
        heads = [json.loads(line) for line in batch]
        heads = [head for head in heads if chosen is None or head["photo_id"] in chosen]
        found = run(
            session,
            "SELECT t.photo_id, t.position, t.digest FROM "
            f"{seek_rows(session, 'custody_seals', HEAD_KEY)}",
            {"rows": as_json(heads)},
        )
        standing = {(row.photo_id, row.position): row.digest for row in found}
        for head in heads:
            digest = standing.get((head["photo_id"], head["position"]))
            if digest != head["digest"]:
                name = "chain-short" if digest is None else "chain-rewritten"
                place = f"photo {head['photo_id']}, event {head['position']}, anchor {day}"
                yield Fault(name, place)


def _chosen(session: Session, selection: Selection) -> set[str] | None:
    if selection.is_everything:
        return None
    named = {selection.photo_id} if selection.photo_id is not None else set()
    return named | set(session.scalars(selection.photos()))


def _audit_digest(session: Session, position: int) -> str | None:
    return session.scalar(select(AuditSeal.digest).where(AuditSeal.position == position))


def _fault(name: str, day: date, what: str = "") -> Fault:
    return Fault(name, f"anchor {day}" + (f": {what}" if what else ""))
