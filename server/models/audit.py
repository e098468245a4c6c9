"""The audit trail (全程留痕, N5): who did what, when, on which device; chained after commit."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base, BigKey, index_where


class AuditEntry(Base):
    """One act. `before` and `after` are small; an op's values stand in the history at its rev."""

    __tablename__ = "audit"
    __table_args__ = (
        index_where("ix_audit_of_objects", "target_id", where="target_type = 'object'"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    device_id: Mapped[str | None] = mapped_column(String(64))
    organisation_id: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target_type: Mapped[str] = mapped_column(String(40))
    target_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class AuditSeal(Base):
    """The chain over the audit: each seal hashes the one before and its entry."""

    __tablename__ = "audit_seals"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at_ms: Mapped[int] = mapped_column(BigInteger)


class Setting(Base):
    """A fact about this database that outlives a process: its epoch, the tombstone floor."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
