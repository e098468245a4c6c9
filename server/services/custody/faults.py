"""What may be wrong with evidence (证据核验): each fault has a stable name and a next step."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from server.models import Photo

#: name → what to do next; docs/evidence/custody.md says what each means
FAULTS = {
    "file-missing": "bring the file back from a backup; its sha256 is its name",
    "file-changed": "keep the changed file aside, then bring the original back from a backup",
    "file-truncated": "keep the rest aside, then bring the original back from a backup",
    "file-unreadable": "see to the disk, then bring the original back from a backup",
    "file-unknown": "find out who put it there; no photo shows it, so it may be moved aside",
    "derivative-unreadable": "see to the disk; the original is whole",
    "derivative-missing": "restore the folder of derivatives from a backup; the original is whole",
    "derivative-changed": "restore it from a backup; the original is whole",
    "event-changed": "compare the photo's events with a backup of the database; somebody wrote "
    "to the tables past the server",
    "event-removed": "bring the event back from a backup of the database",
    "event-inserted": "find out who wrote it; it was not there when it says it happened",
    "chain-missing": "compare with a backup of the database; every declared photo has events",
    "chain-short": "bring the missing events back from a backup of the database; after a restored "
    "backup, this is what was lost",
    "chain-rewritten": "trust the anchor: compare the photo's events with a backup of its day",
    "photo-changed": "trust the chain: compare the photo's row with a backup of the database",
    "anchor-missing": "bring the anchor back from where copies of anchors are kept",
    "anchor-changed": "compare with a copy of the anchor that is kept elsewhere",
    "anchor-unknown": "find out who put it there, or which backup of the database forgot it",
    "audit-rewritten": "run `flask audit verify`, and compare the trail with a backup of that day",
}


class Fault(NamedTuple):
    """Something that does not hold; `subject` names the photo, event, file or anchor."""

    name: str
    subject: str

    @property
    def next_step(self) -> str:
        """What a person does about it."""
        return FAULTS[self.name]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which photos to verify; nothing named, all that there is."""

    photo_id: str | None = None
    task_id: str | None = None
    since: datetime | None = None  # declared at or after

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Selection()

    def photos(self, *columns: Any) -> Select[Any]:
        """A query for columns of the chosen photos."""
        query = select(*columns or (Photo.id,))
        if self.photo_id is not None:
            query = query.where(Photo.id == self.photo_id)
        if self.task_id is not None:
            query = query.where(Photo.task_id == self.task_id)
        if self.since is not None:
            query = query.where(Photo.declared_at >= self.since)
        return query


@dataclass(kw_only=True)
class Checked:
    """How much was looked at so far: what was not looked at, nobody can call whole."""

    anchors: int = 0
    chains: int = 0
    originals: int = 0
    derivatives: int = 0
    quarantined: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in asdict(self).items())
