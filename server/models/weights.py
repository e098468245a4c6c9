"""Weight table (权重表): how often whom, in whole numbers with their reasons (N18, N27–N29)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class WeightTable(Base):
    """One immutable version of an organisation's table; `content` as on the wire. Those below
    without a table of their own go by it."""

    __tablename__ = "weight_tables"
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the content's JSON, hexadecimal
    effective_from: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
