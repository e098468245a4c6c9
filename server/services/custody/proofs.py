"""Where a photo's chain is anchored, and the proof of it (锚定证明), out of the anchors' files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from custody.tree import Path, Tree
from custody.verify import head_line
from media.anchors import AnchorFolder
from server.errors import DomainError
from server.models import CustodyAnchor, CustodySeal


@dataclass(frozen=True)
class Proof:
    """That the head at `position` of a chain is a leaf of the tree of a day's anchor."""

    day: date
    position: int
    path: Path

    def as_json(self) -> dict[str, Any]:
        """As it stands in a package."""
        return {
            "day": self.day.isoformat(),
            "position": self.position,
            "index": self.path.index,
            "path": [digest.hex() for digest in self.path.digests],
        }


def anchored_heads(
    session: Session, *, photo_ids: Sequence[str]
) -> dict[date, dict[str, tuple[int, str]]]:
    """day → photo → (position, digest) of the newest anchored head of each photo."""
    newest = select(func.max(CustodyAnchor.seals)).scalar_subquery()
    last = (
        select(CustodySeal.photo_id, func.max(CustodySeal.position).label("position"))
        .where(CustodySeal.photo_id.in_(photo_ids), CustodySeal.number <= newest)
        .group_by(CustodySeal.photo_id)
        .subquery()
    )
    day = (
        select(func.min(CustodyAnchor.day))
        .where(CustodyAnchor.seals >= CustodySeal.number)
        .scalar_subquery()
    )
    rows = session.execute(
        select(CustodySeal, day.label("day")).join(
            last,
            (CustodySeal.photo_id == last.c.photo_id) & (CustodySeal.position == last.c.position),
        )
    )
    found: dict[date, dict[str, tuple[int, str]]] = {}
    for seal, on in rows:
        found.setdefault(on, {})[seal.photo_id] = (seal.position, seal.digest)
    return found


def prove_heads(
    session: Session, *, folder: AnchorFolder, photo_ids: Sequence[str]
) -> dict[str, Proof]:
    """The proof of each photo that is anchored; its day's heads are read through once. One whose
    day has lost its files has none, and `flask evidence verify` names the day.

    Raises `custody_contradicts` when the files are there and say otherwise.
    """
    proofs: dict[str, Proof] = {}
    for day, heads in sorted(anchored_heads(session, photo_ids=photo_ids).items()):
        wanted = {head_line(photo_id, *head): photo_id for photo_id, head in heads.items()}
        try:
            paths = _paths(folder, day, wanted)
        except FileNotFoundError:
            continue
        for photo_id, (position, _) in heads.items():
            if photo_id not in paths:
                details = {"photo_id": photo_id, "anchor": day.isoformat()}
                raise DomainError("custody_contradicts", details=details)
            proofs[photo_id] = Proof(day, position, paths[photo_id])
    return proofs


def _paths(folder: AnchorFolder, day: date, wanted: dict[bytes, str]) -> dict[str, Path]:
    """Raises FileNotFoundError."""
    tree, paths = Tree(), {}
    for line in _lines(folder, day):
        path = tree.add(line, followed=line in wanted)
        if path is not None:
            paths[wanted[line]] = path
    tree.close()
    return paths


def _lines(folder: AnchorFolder, day: date) -> Iterable[bytes]:
    if folder.read(day) is None:
        raise FileNotFoundError(folder.path(day))
    return folder.heads(day)
