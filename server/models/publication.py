"""What the public reads (公示): a derived record of white-listed fields, one row a version."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base
from server.models.registers import BODY


class Publication(Base):
    """One published version of a task's result. A correction is a new version; none is changed.
    Of a practice body (N7) there is none: a trigger refuses the row."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("notice_id", "version"),
        Index("ix_publications_published_at", "published_at", "id"),  # the list, newest first
        ForeignKeyConstraint(["organisation_id", "practice"], BODY),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(64), index=True)  # the stable public address
    version: Mapped[int]
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())  # always
    data: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(Text)  # why it supersedes the one before
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
