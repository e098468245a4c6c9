"""work that came late

Zero-downtime rule: the code of the version before must still run after this migration.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEPT = sa.text("status IN ('rejected', 'deferred', 'salvaged')")

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("devices", sa.Column("drain_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("devices", sa.Column("pending", JSON_COLUMN, nullable=True))
    op.add_column("devices", sa.Column("pending_told_at", sa.DateTime(timezone=True)))
    op.add_column("receipts", sa.Column("mended_by", sa.String(length=64), nullable=True))
    for name, column in (("of_task", "task_id"), ("of_user", "user_id")):
        op.create_index(
            f"ix_receipts_kept_{name}",
            "receipts",
            [column],
            postgresql_where=KEPT,
            sqlite_where=KEPT,
        )
    op.create_table(
        "late_ops",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("op_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("patch", JSON_COLUMN, nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_ops")),
        sa.UniqueConstraint("device_id", "op_id", name=op.f("uq_late_ops_device_id_op_id")),
    )
    op.create_index("ix_late_ops_organisation_id_state", "late_ops", ["organisation_id", "state"])
    op.create_index(op.f("ix_late_ops_task_id"), "late_ops", ["task_id"])
    op.create_index(op.f("ix_late_ops_user_id"), "late_ops", ["user_id"])
    op.create_table(
        "unawaited_devices",
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("waiting_ops", sa.Integer(), nullable=False),
        sa.Column("waiting_photos", sa.Integer(), nullable=False),
        sa.Column("held_ops", sa.Integer(), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("named_by", sa.String(length=64), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_unawaited_devices_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_unawaited_devices_task_id")
        ),
        sa.PrimaryKeyConstraint("task_id", "round", "device_id", name=op.f("pk_unawaited_devices")),
    )


def downgrade() -> None:
    op.drop_table("unawaited_devices")
    op.drop_table("late_ops")
    for name in ("of_user", "of_task"):
        op.drop_index(f"ix_receipts_kept_{name}", "receipts")
    op.drop_column("receipts", "mended_by")
    for name in ("pending_told_at", "pending", "drain_until"):
        op.drop_column("devices", name)
