"""Flags of photos (照片疑点): what a supervisor should look at, and how alike pictures are.

Nothing here reaches devices or the public.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base

STANDING = text("cleared_at IS NULL")


class PictureHash(Base):
    """The perceptual hash (感知哈希) of an original, as `media.likeness` makes it; all empty for a
    picture that shows too little to be compared. The bands are what an index searches by; the hash
    beside each saves a look at the row."""

    __tablename__ = "picture_hashes"
    __table_args__ = tuple(Index(None, f"band_{place}", "hash") for place in range(4))

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    hash: Mapped[int | None] = mapped_column(BigInteger, index=True)  # as a signed number
    band_0: Mapped[int | None]
    band_1: Mapped[int | None]
    band_2: Mapped[int | None]
    band_3: Mapped[int | None]


class PhotoFlag(Base):
    """Something about a photo that does not fit (疑点): a question to the supervisor, never a
    refusal. Found again it is the same flag, with what was said to it; what no longer holds is
    cleared and stays."""

    __tablename__ = "photo_flags"
    __table_args__ = (
        UniqueConstraint("photo_id", "code", "subject"),
        Index(
            "ix_photo_flags_standing", "flagged_at", "id",
            postgresql_where=STANDING, sqlite_where=STANDING,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    photo_id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[str] = mapped_column(String(64), index=True)
    code: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))  # the other photo, or which of the times
    details: Mapped[dict[str, Any]]  # numbers, with their units in their names
    flagged_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(Text)
