"""Item list (随机抽查事项清单): what may be drawn for, versioned and public (N9–N11)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class ItemList(Base):
    """One immutable version of an organisation's list: the corps' (总队) is the base, a
    detachment's (支队) adds to it. `items` as on the wire: code and the eight columns."""

    __tablename__ = "item_lists"
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    version: Mapped[int]
    items: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the items' JSON, hexadecimal
    effective_from: Mapped[date]  # N1
    reason: Mapped[str] = mapped_column(Text)  # why it was made; the public reads it
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
