"""Late work (迟到的工作): ops that a person decides about, and devices that are not waited for."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class LateOp(Base):
    """An op that could not simply be merged. Its body stays with its receipt.

    `held`: what it depends on did not come in time. `salvage` (抢救记录): its writer had left the
    task, or the task was cancelled. `amendment` (补正): the record was approved already. Until a
    person decides it is `open`; a held one may also have gone on by itself (`went_on`).
    """

    __tablename__ = "late_ops"
    __table_args__ = (
        UniqueConstraint("device_id", "op_id"),
        Index("ix_late_ops_organisation_id_state", "organisation_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[str] = mapped_column(String(64))
    op_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64), index=True)  # who wrote it
    kind: Mapped[str] = mapped_column(String(20))  # held | salvage | amendment
    state: Mapped[str] = mapped_column(String(20))  # open | accepted | refused | went_on
    task_id: Mapped[str | None] = mapped_column(String(64), index=True)
    #: whose supervisors decide: the task's; the writer's, while no task of theirs is known
    organisation_id: Mapped[str] = mapped_column(String(64))
    opened_ms: Mapped[int] = mapped_column(BigInteger)
    decided_ms: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(Text)  # of the decision
    patch: Mapped[dict[str, Any] | None]  # as the person who accepted it mended it
    rev: Mapped[int | None] = mapped_column(BigInteger)  # the version of the entity that it made


class UnawaitedDevice(Base):
    """A device that a supervisor named as not to be waited for, and what was known of it then.

    It stands with the record: whoever reads it later sees what may be missing, and why.
    """

    __tablename__ = "unawaited_devices"
    __table_args__ = (PrimaryKeyConstraint("task_id", "round", "device_id"),)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"))
    round: Mapped[int]
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    waiting_ops: Mapped[int]
    waiting_photos: Mapped[int]
    held_ops: Mapped[int]
    last_contact_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    named_by: Mapped[str] = mapped_column(String(64))
    named_at: Mapped[datetime]
