"""Photos as evidence (照片证据): uploads on their way, and the files they became."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base

PARTIAL = "partial"
"""`Upload-Concat` of a part; that of a final upload names its parts."""


class Upload(Base):
    """A tus upload. While it is open, its bytes lie under its `id` and tell the offset; done, they
    are an original named by `received_sha256`; quarantined, they are kept aside under that digest,
    and `fault` says why (an error's code, message and details).

    A part is no photo by itself. Used, it belongs to the final upload `final_id` as number `place`
    of it, and its bytes lie there until they have been copied."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_state_expires_at", "state", "expires_at"),
        Index(  # how many a user has unfinished is asked at each creation
            "ix_uploads_open", "user_id",
            postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    device_id: Mapped[str | None] = mapped_column(String(64))
    length_bytes: Mapped[int | None] = mapped_column(BigInteger)  # None: not told yet
    tus_metadata: Mapped[str | None] = mapped_column(Text)  # Upload-Metadata as it came
    photo_id: Mapped[str | None] = mapped_column(String(64), index=True)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)  # as stated with it
    received_sha256: Mapped[str | None] = mapped_column(String(64))
    filename: Mapped[str | None] = mapped_column(String(255))
    #: open | done | quarantined | used | deleted
    state: Mapped[str] = mapped_column(String(20), default="open")
    concat: Mapped[str | None] = mapped_column(Text)  # Upload-Concat as it came
    final_id: Mapped[str | None] = mapped_column(String(64), index=True)
    place: Mapped[int | None]  # from 0
    fault: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    terminated_at: Mapped[datetime | None]  # its address is gone; what it brought is not

    @property
    def is_partial(self) -> bool:
        """Whether it is a part of something larger (分段)."""
        return self.concat == PARTIAL

    @property
    def is_final(self) -> bool:
        """Whether it is made of parts, and nobody writes it (合成)."""
        return self.concat is not None and not self.is_partial


class EvidenceFile(Base):
    """The immutable original, stored once under its own digest.

    From `deleting_at` on it is no evidence any more: its bytes are being removed, and at
    `deleted_at` they were. The row stays; bytes that come anew take it up again."""

    __tablename__ = "evidence_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the file itself says (EXIF)
    stored_at: Mapped[datetime]
    # Of the version before, which may still run beside this one; the next migration removes them.
    thumbnail_at: Mapped[datetime | None]
    thumbnail_attempts: Mapped[int] = mapped_column(default=0)
    thumbnail_error: Mapped[str | None] = mapped_column(Text)
    deleting_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Derivative(Base):
    """A small picture of an original (衍生图): made, due, or given up after too many attempts.

    An attempt is counted before it is made, so that a picture that kills whoever tries it is not
    tried for ever; `due_at` is when the next one may be."""

    __tablename__ = "derivatives"
    __table_args__ = (
        Index(
            "ix_derivatives_due", "due_at",
            postgresql_where=text("made_at IS NULL"), sqlite_where=text("made_at IS NULL"),
        ),
    )  # fmt: skip

    sha256: Mapped[str] = mapped_column(ForeignKey("evidence_files.sha256"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)  # thumbnail | screen
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    error: Mapped[str | None] = mapped_column(Text)  # of the last failed attempt
    made_at: Mapped[datetime | None]
    made_sha256: Mapped[str | None] = mapped_column(String(64))  # None: by an old version
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)


UNCOMPARED = text("state = 'verified' AND compared_at IS NULL")


class Photo(Base):
    """A photo that a device declared. Verified: bytes with the declared digest are stored. Bytes
    that came before their declaration wait as uploads that are done."""

    __tablename__ = "photos"
    __table_args__ = (
        Index(
            "ix_photos_waiting", "user_id",
            postgresql_where=text("state = 'declared'"), sqlite_where=text("state = 'declared'"),
        ),
        Index(
            "ix_photos_uncompared", "verified_at", "id",
            postgresql_where=UNCOMPARED, sqlite_where=UNCOMPARED,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(64), index=True)
    user_id: Mapped[str] = mapped_column(String(64))  # who declared it
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)  # as declared
    received_sha256: Mapped[str | None] = mapped_column(
        ForeignKey("evidence_files.sha256"), index=True
    )
    #: as in the photo document; `deleting` between the mark and the removal of its bytes
    state: Mapped[str] = mapped_column(String(20))
    lost_reason: Mapped[str | None] = mapped_column(Text)
    declared_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]  # its facts, with each other; none: to be done (again)


class CustodyEvent(Base):
    """What happened to a photo (保管记录): only ever added."""

    __tablename__ = "custody_events"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    photo_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    device_id: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CustodySeal(Base):
    """A link of a photo's chain (保管链): it hashes the link before and its event. `position`
    counts within the photo, from 1; `number` counts all seals as they are made, so that an anchor
    can say how far it goes."""

    __tablename__ = "custody_seals"
    __table_args__ = (UniqueConstraint("photo_id", "position"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    photo_id: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(ForeignKey("custody_events.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at_ms: Mapped[int] = mapped_column(BigInteger)


class CustodyAnchor(Base):
    """That the heads of a day were written outside the database (锚定): the file says which. Here
    stands how far it went (0: found, not made here) and its digest, as a second witness."""

    __tablename__ = "custody_anchors"

    day: Mapped[date] = mapped_column(primary_key=True)
    seals: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class QuarantineSettlement(Base):
    """What a person found of a file that was kept aside (隔离文件处理). The file stays."""

    __tablename__ = "quarantine_settlements"

    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20))  # explained | kept
    reason: Mapped[str] = mapped_column(Text)
    settled_by: Mapped[str] = mapped_column(String(64))
    settled_at: Mapped[datetime]
