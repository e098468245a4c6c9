"""What the public reads (公示): a derived record of white-listed fields, one row a version."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class Publication(Base):
    """One published version of a task's result. A correction is a new version; none is changed."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("notice_id", "version"),
        Index("ix_publications_published_at", "published_at", "id"),  # the list, newest first
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(64), index=True)  # the stable public address
    version: Mapped[int]
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    data: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(Text)  # why it supersedes the one before
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
