"""What is synced: documents, their history, the receipts of ops, and one feed per officer.

These are the tables of the hot path. They are written in bulk by `server.services.sync.push`;
times in them are milliseconds since 1970, because they travel through one JSON parameter.
"""

from typing import Any

from sqlalchemy import BigInteger, Index, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base

#: SQL: ops that were not merged and wait for something or somebody
KEPT = "status IN ('rejected', 'deferred', 'salvaged')"


class Document(Base):
    """The wire state of one synced entity: `data` is what devices see, `state` what the merge
    core needs to settle the next write (empty for what only the server writes)."""

    __tablename__ = "documents"
    __table_args__ = (
        PrimaryKeyConstraint("type", "id"),
        Index("ix_documents_task_id_type", "task_id", "type"),
    )

    type: Mapped[str] = mapped_column(String(20))
    id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[str | None] = mapped_column(String(64))
    rev: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Text, default="")
    updated_ms: Mapped[int] = mapped_column(BigInteger)


class History(Base):
    """One version of an entity: who wrote what when, on which device, and what stood after.

    Losing values stay here for good. Rows are only ever added (a trigger sees to it).
    """

    __tablename__ = "history"
    __table_args__ = (PrimaryKeyConstraint("type", "entity_id", "rev"),)

    type: Mapped[str] = mapped_column(String(20))
    entity_id: Mapped[str] = mapped_column(String(64))
    rev: Mapped[int] = mapped_column(BigInteger)
    task_id: Mapped[str | None] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(20))
    officer_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(64))
    device_id: Mapped[str] = mapped_column(String(64))
    device_n: Mapped[int] = mapped_column(BigInteger)
    op_id: Mapped[str | None] = mapped_column(String(64))
    base_rev: Mapped[int | None] = mapped_column(BigInteger)
    patch: Mapped[str] = mapped_column(Text)  # what was written
    before: Mapped[str] = mapped_column(Text)  # what stood before, of the same fields
    device_ms: Mapped[int | None] = mapped_column(BigInteger)
    offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    effective_ms: Mapped[int] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)


class Receipt(Base):
    """What a device did and what became of it (操作、回执). A refused or held op keeps its whole
    body here, so that it can be mended."""

    __tablename__ = "receipts"
    __table_args__ = (
        PrimaryKeyConstraint("device_id", "op_id"),
        Index(
            "ix_receipts_held",
            "type",
            "entity_id",
            postgresql_where=text("status = 'deferred'"),
            sqlite_where=text("status = 'deferred'"),
        ),
        Index(
            "ix_receipts_held_of_device",
            "device_id",
            postgresql_where=text("status = 'deferred'"),
            sqlite_where=text("status = 'deferred'"),
        ),
        Index(
            "ix_receipts_salvaged",
            "task_id",
            postgresql_where=text("status = 'salvaged'"),
            sqlite_where=text("status = 'salvaged'"),
        ),
        Index(
            "ix_receipts_kept_of_task",
            "task_id",
            postgresql_where=text(KEPT),
            sqlite_where=text(KEPT),
        ),
        Index(
            "ix_receipts_kept_of_user",
            "user_id",
            postgresql_where=text(KEPT),
            sqlite_where=text(KEPT),
        ),
    )

    device_id: Mapped[str] = mapped_column(String(64))
    op_id: Mapped[str] = mapped_column(String(64))
    n: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(20))
    entity_id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    result: Mapped[str] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)  # kept where the history does not hold it
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    effective_ms: Mapped[int] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    mended_by: Mapped[str | None] = mapped_column(String(64))  # the op of the device that mends it


class FeedHead(Base):
    """The last `seq` of an officer's feed. Raised late in the write transaction and locked until
    commit: so the order of seq is the order of commit."""

    __tablename__ = "feed_heads"

    officer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    #: no tombstone at or below this `seq` is left: who has not read so far must begin anew
    floor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class FeedMark(Base):
    """Where a feed stood at a moment: whatever it holds up to `seq` is older than that. So the age
    of a tombstone is known without a time beside each entry."""

    __tablename__ = "feed_marks"
    __table_args__ = (PrimaryKeyConstraint("officer_id", "seq"),)

    officer_id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)


TOMBSTONES = text("op IN ('delete', 'purge')")


class FeedEntry(Base):
    """The newest change of one entity for one officer (变更流)."""

    __tablename__ = "feed_entries"
    __table_args__ = (
        PrimaryKeyConstraint("officer_id", "type", "id"),
        Index("ix_feed_entries_officer_id_seq", "officer_id", "seq", unique=True),
        Index(
            "ix_feed_entries_tombstones",
            "officer_id",
            "seq",
            postgresql_where=TOMBSTONES,
            sqlite_where=TOMBSTONES,
        ),
    )

    officer_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(20))
    id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInteger)
    op: Mapped[str] = mapped_column(String(10))  # upsert | delete | revoke | purge
