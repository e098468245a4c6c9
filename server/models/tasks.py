"""Task (检查任务) and Assignment (派员)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base
from server.models.organisations import practice_of


class Task(Base):
    """One inspection of one object. Its row is the lock under which devices' ops are merged."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_object_id_planned_on", "object_id", "planned_on"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(20))
    source_document: Mapped[str | None] = mapped_column(String(200))
    object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"))
    checklist_id: Mapped[str] = mapped_column(ForeignKey("checklists.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[str] = mapped_column(String(20), default="draft")
    round: Mapped[int] = mapped_column(default=1)
    item_list_ids: Mapped[list[Any] | None]  # the versions that held when it was made (N11)
    draw_id: Mapped[str | None] = mapped_column(String(64), index=True)  # what it came out of
    planned_on: Mapped[date]
    due_on: Mapped[date | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    requested_by: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))  # for origin `other`
    override_reason: Mapped[str | None] = mapped_column(Text)  # N30: 原则上
    send_back_reason: Mapped[str | None] = mapped_column(Text)
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    practice = practice_of(organisation_id)  # N7


class Assignment(Base):
    """An officer on a task as lead (主办) or assistant (协办); ended ones stay."""

    __tablename__ = "assignments"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officers.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))  # lead | assistant
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text)
    purged_at: Mapped[datetime | None]  # when the device was told to drop what it held
