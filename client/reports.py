"""What a sync did, in a form that can be shown to a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from client.errors import ApiError
from client.outbox import Op
from client.photo_queue import QueuedPhoto


@dataclass
class SyncReport:
    """One run: what went up, what came down, and what needs a person."""

    receipts: Counter[str] = field(default_factory=Counter)
    """Settled ops by status: applied, merged, conflict, deferred, rejected, salvaged."""
    conflict_ids: list[str] = field(default_factory=list)
    """Conflicts that our ops opened; `Device.conflicts` shows them once they were pulled."""
    pulled: int = 0
    """Entries of the feed that were applied."""
    photos_sent: int = 0
    resynced: bool = False
    """The server asked for a fresh start (410): the mirror was rebuilt, the outbox kept."""
    healed: int = 0
    """Entities that differed from the server's for no known reason, and were fetched anew."""
    draining: bool = False
    """The office is stopping this device: what is here is taken, nothing new comes."""
    troubles: list[ApiError] = field(default_factory=list)
    """Errors that stopped a part of the run, not the run."""

    @property
    def clean(self) -> bool:
        """Whether nothing is left for a person to look at."""
        refused = self.receipts["rejected"] + self.receipts["salvaged"]
        return not (refused or self.conflict_ids or self.troubles)


@dataclass(frozen=True)
class Pending:
    """What is still on the device (待发)."""

    ops: tuple[Op, ...]
    """Waiting or deferred, in the order they were written."""
    refused: tuple[Op, ...]
    """Rejected or salvaged, with their reason: to be mended or dismissed."""
    photos: tuple[QueuedPhoto, ...]
    """Waiting, sent but not yet verified, or refused."""
    of_others: int
    """Live ops of other people, who must sign in here to send them."""

    def __bool__(self) -> bool:
        return bool(self.ops or self.refused or self.photos)
