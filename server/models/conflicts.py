"""The care of conflicts (冲突承办): who must settle each, since when it waits, how it was settled.

What devices see of a conflict is a document; these rows beside it are the office's own, so that
conflicts can be counted, assigned and escalated without reading documents.
"""

from sqlalchemy import BigInteger, Index, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class ConflictCare(Base):
    """Who has the care of one conflict (承办人): an officer of its task, or a supervisor's account.

    It is the task's lead until a supervisor says otherwise (`assigned_by`), and outlives the
    settling: who had it has it again when a latecomer opens the conflict anew.
    """

    __tablename__ = "conflict_care"
    __table_args__ = (
        Index(
            "ix_conflict_care_waiting",
            "opened_ms",
            "conflict_id",
            postgresql_where=text("open"),
            sqlite_where=text("open"),
        ),
    )

    conflict_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(64), index=True)
    open: Mapped[bool]
    opened_ms: Mapped[int] = mapped_column(BigInteger)  # the last time it opened
    settled_ms: Mapped[int | None] = mapped_column(BigInteger)
    officer_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(64))
    assigned_by: Mapped[str | None] = mapped_column(String(64))
    assigned_ms: Mapped[int | None] = mapped_column(BigInteger)
    escalation: Mapped[int] = mapped_column(default=0)  # 1: its organisation, 2: the one above
    escalated_ms: Mapped[int | None] = mapped_column(BigInteger)


class ConflictSettlement(Base):
    """One settling (裁定) of a conflict: the version of its entity that it made, what was chosen
    and why. Who, when and on which device stand in the history at that version. Only ever added."""

    __tablename__ = "conflict_settlements"
    __table_args__ = (PrimaryKeyConstraint("conflict_id", "rev"),)

    conflict_id: Mapped[str] = mapped_column(String(64))
    rev: Mapped[int] = mapped_column(BigInteger)
    candidate: Mapped[str | None] = mapped_column(String(200))  # none: a value written anew
    note: Mapped[str | None] = mapped_column(Text)
