"""the care of conflicts

Zero-downtime rule: the code of the version before must still run after this migration. It opens
conflicts without a row here; the job `escalate_conflicts` takes those into care at its next turn,
and with them all that were there before.
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import forbid_changes

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "conflict_care",
        sa.Column("conflict_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("settled_ms", sa.BigInteger(), nullable=True),
        sa.Column("officer_id", sa.String(length=64), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("assigned_by", sa.String(length=64), nullable=True),
        sa.Column("assigned_ms", sa.BigInteger(), nullable=True),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("escalated_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("conflict_id", name=op.f("pk_conflict_care")),
    )
    op.create_index(op.f("ix_conflict_care_task_id"), "conflict_care", ["task_id"])
    op.create_index(
        "ix_conflict_care_waiting",
        "conflict_care",
        ["opened_ms", "conflict_id"],
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open"),
    )
    op.create_table(
        "conflict_settlements",
        sa.Column("conflict_id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("candidate", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("conflict_id", "rev", name=op.f("pk_conflict_settlements")),
    )
    forbid_changes("conflict_settlements")


def downgrade() -> None:
    op.drop_table("conflict_settlements")
    op.drop_table("conflict_care")
