"""Checklist (检查表): versioned templates; a task pins one version for good."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class Checklist(Base):
    """One immutable version. `items` as on the wire: code, section, text, legal_basis, …"""

    __tablename__ = "checklists"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))  # which object kind it is made for
    items: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))  # the same content is no version
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
