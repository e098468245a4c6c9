"""Keeping and deleting (保管与销毁): terms, holds, and the acts by which bytes are deleted."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class RetentionTerm(Base):
    """How long an organisation keeps what is of a kind (保管期限); none set: for ever."""

    __tablename__ = "retention_terms"

    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    years: Mapped[int | None]  # None: for ever (永久)
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[datetime]


class LegalHold(Base):
    """What must be kept until somebody lets go of it (留置), whatever terms say."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        Index(
            "ix_legal_holds_standing", "target_type", "target_id",
            postgresql_where=text("released_at IS NULL"), sqlite_where=text("released_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    target_type: Mapped[str] = mapped_column(String(20))  # task | object | photo
    target_id: Mapped[str] = mapped_column(String(64))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))  # of who placed it
    reason: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[datetime]
    until_on: Mapped[date | None]  # its last day; None: until it is released
    released_by: Mapped[str | None] = mapped_column(String(64))
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str | None] = mapped_column(Text)


class DeletionAct(Base):
    """A decision to delete what is due (销毁): one person asks, another approves."""

    __tablename__ = "deletion_acts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)  # requested|approved|refused|done
    reason: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]


class DeletionItem(Base):
    """One photo, or one upload that is no photo, within an act; it stays for ever, with the digest
    and the size of what is gone.

    `due → deleting → deleted`, or `kept`, with why. From `deleting` on nobody is shown the bytes;
    a run that broke off is taken up there.
    """

    __tablename__ = "deletion_items"
    __table_args__ = (
        Index(
            "ix_deletion_items_unfinished", "act_id", "sha256",
            postgresql_where=text("state IN ('due', 'deleting')"),
            sqlite_where=text("state IN ('due', 'deleting')"),
        ),
        Index("ix_deletion_items_subject", "subject_id"),
    )  # fmt: skip

    act_id: Mapped[str] = mapped_column(ForeignKey("deletion_acts.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(64), primary_key=True)  # a photo's or upload's
    photo_id: Mapped[str | None] = mapped_column(String(64))
    task_id: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    kept_because: Mapped[str | None] = mapped_column(String(40))
    deleted_at: Mapped[datetime | None]
