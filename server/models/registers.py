"""The two registers (名录库): officers (执法检查人员) and inspection objects (检查对象)."""

from datetime import date, datetime
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

from server.models.base import Base, index_where

#: what belongs to a body names whether that is for practice, too: nothing crosses over (N7)
BODY = ["organisations.id", "organisations.practice"]


class Officer(Base):
    """Someone with an enforcement certificate (执法资格); without a valid one nobody is sent."""

    __tablename__ = "officers"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "practice"], BODY),
        UniqueConstraint("certificate_number", "practice"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64), index=True)
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())
    name: Mapped[str] = mapped_column(String(100))
    certificate_number: Mapped[str | None] = mapped_column(String(64))
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
        Index("ix_objects_of_organisation", "organisation_id", "division_state"),
        index_where("ix_objects_merged_into", "merged_into", where="merged_into IS NOT NULL"),
        ForeignKeyConstraint(["organisation_id", "practice"], BODY),
        UniqueConstraint("credit_code", "practice"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())
    name: Mapped[str] = mapped_column(String(300))
    #: 机关、团体、企业、事业: agency | association | firm | institution | other (N2)
    nature: Mapped[str | None] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20), default="general")  # key|general|small|other
    small_kind: Mapped[str | None] = mapped_column(String(40))  # which of the 九小场所
    credit_code: Mapped[str | None] = mapped_column(String(18))
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
    #: 存续 active | 关闭 closed | 查无 not_found | 合并 merged | 迁出 moved (N15)
    state: Mapped[str] = mapped_column(String(20), default="active", server_default="active")
    state_reason: Mapped[str | None] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(default=True)  # whether `state` is active
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("objects.id"))
    source: Mapped[str] = mapped_column(String(100))  # the register that first told of it
    source_key: Mapped[str] = mapped_column(String(100))  # and which row of it
    source_digest: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: field → the source that it comes from, where that is not `source`
    field_sources: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    edited_fields: Mapped[list[Any]] = mapped_column(default=list)  # by a person: imports keep off
    verified_at: Mapped[datetime | None]  # when a lead of the cleaning last signed off on it
    verified_by: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class ObjectSource(Base):
    """A row of a source (来源) that tells of an object; an object may have many (N14)."""

    __tablename__ = "object_sources"

    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    source_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: no foreign key: it would cost an import of a million rows a tenth of its time, and objects
    #: are never removed
    object_id: Mapped[str] = mapped_column(String(64), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]  # what the row said, as it was understood


class Expert(Base):
    """Who gives an opinion (专家, N35); no officer, so nothing can draw or send one."""

    __tablename__ = "experts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    employer: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(100), default="")
    specialties: Mapped[list[Any]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


class OfficerInterest(Base):
    """A declared interest (利害关系): the officer keeps away (回避, N34) from one object, from the
    holder of a credit code, or from all that an organisation holds."""

    __tablename__ = "officer_interests"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officers.id"), index=True)
    object_id: Mapped[str | None] = mapped_column(ForeignKey("objects.id"))
    credit_code: Mapped[str | None] = mapped_column(String(18))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    ground: Mapped[str] = mapped_column(Text)  # private: only supervisors read it
    declared_by: Mapped[str] = mapped_column(String(64))
    declared_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]
    withdraw_reason: Mapped[str | None] = mapped_column(Text)
