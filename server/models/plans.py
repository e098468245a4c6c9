"""Plan (抽查计划): annual, monthly or for a campaign (专项); filed, approved, revised (N22–N26)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base
from server.models.organisations import practice_of


class Plan(Base):
    """What an organisation means to check in a period. `code` names it in the slots of its draws;
    what it says stands in its revisions, the newest approved one holds."""

    __tablename__ = "plans"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code"),
        Index("ix_plans_year_organisation_id", "year", "organisation_id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(20))  # annual | monthly | campaign
    code: Mapped[str] = mapped_column(String(40))
    year: Mapped[int]
    from_day: Mapped[date]  # first and last day of its checks
    to_day: Mapped[date]
    annual_plan_id: Mapped[str | None] = mapped_column(ForeignKey("plans.id"))
    revision: Mapped[int]  # the newest filed
    approved_revision: Mapped[int | None]  # the one that holds
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    practice = practice_of(organisation_id)  # N7


class PlanRevision(Base):
    """One filing of a plan: what it says, how it differs from what held before and why, whether it
    can be kept, and who decided about it."""

    __tablename__ = "plan_revisions"
    __table_args__ = (UniqueConstraint("plan_id", "revision"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    revision: Mapped[int]
    content: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(Text)
    feasibility: Mapped[list[Any]]  # a line for each stratum, as it was on the day of filing
    filed_at: Mapped[datetime]
    filed_by: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str | None] = mapped_column(String(20))  # approved | refused
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decision_reason: Mapped[str | None] = mapped_column(Text)
