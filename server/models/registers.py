"""The two registers (名录库): officers (执法检查人员) and inspection objects (检查对象)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class Officer(Base):
    """Someone with an enforcement certificate (执法资格); without a valid one nobody is sent."""

    __tablename__ = "officers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    certificate_number: Mapped[str | None] = mapped_column(String(64), unique=True)
    certificate_expires_on: Mapped[date | None]
    post: Mapped[str] = mapped_column(String(64))  # 岗位
    rank: Mapped[str] = mapped_column(String(64), default="")  # 职务
    specialties: Mapped[list[Any]] = mapped_column(default=list)
    lead_qualified: Mapped[bool] = mapped_column(default=False)  # may be 主办
    active: Mapped[bool] = mapped_column(default=True)


class InspectionObject(Base):
    """What is inspected. The division in a credit code is not the jurisdiction: `division_code`
    is what a source states, `proposed_division_code` waits for a person (区划待核)."""

    __tablename__ = "objects"
    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        Index("ix_objects_division_state", "division_state", "organisation_id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(300), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="general")  # key|general|small|other
    small_kind: Mapped[str | None] = mapped_column(String(40))  # which of the 九小场所
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    address: Mapped[str] = mapped_column(Text, default="")
    division_code: Mapped[str] = mapped_column(String(12))
    proposed_division_code: Mapped[str | None] = mapped_column(String(12))
    proposal_reason: Mapped[str | None] = mapped_column(String(300))
    division_state: Mapped[str] = mapped_column(String(20), default="settled")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    contact_name: Mapped[str | None] = mapped_column(String(100))
    contact_phone: Mapped[str | None] = mapped_column(String(40))
    tags: Mapped[list[Any]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str] = mapped_column(String(100))  # provenance: which register
    source_key: Mapped[str] = mapped_column(String(100))  # and which row of it
    source_digest: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    edited_fields: Mapped[list[Any]] = mapped_column(default=list)  # by a person: imports keep off
    updated_at: Mapped[datetime]
