"""Photos that will never come (照片遗失): who asked to call one lost, and who decided."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class PhotoLoss(Base):
    """One request to declare a photo lost (申报遗失). It stays, whatever becomes of it.

    `key` names the write that asked, so that a request is noted once: of a device's op its device
    and number, of an act at a console `office` and the version that it made.
    """

    __tablename__ = "photo_losses"
    __table_args__ = (
        Index(
            "ix_photo_losses_open", "photo_id", unique=True,
            postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: open | approved | refused | withdrawn (by its writers) | found (its bytes came)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_on: Mapped[str | None] = mapped_column(String(64))  # the device; none at a console
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(Text)  # what was said about it
