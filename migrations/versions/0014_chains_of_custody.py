"""chains of custody

Zero-downtime rule: the code of the version before must still run after this migration. It adds
events as before and knows nothing of seals; the first turn of the sealer chains what is there.
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import forbid_changes

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("ix_custody_events_at", "custody_events", ["at"])
    op.create_table(
        "custody_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["custody_events.id"], name=op.f("fk_custody_seals_event_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_custody_seals")),
        sa.UniqueConstraint("event_id", name=op.f("uq_custody_seals_event_id")),
        sa.UniqueConstraint(
            "photo_id", "position", name=op.f("uq_custody_seals_photo_id_position")
        ),
    )
    op.create_table(
        "custody_anchors",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seals", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_custody_anchors")),
    )
    for table in ("custody_seals", "custody_anchors"):
        forbid_changes(table)


def downgrade() -> None:
    op.drop_table("custody_anchors")
    op.drop_table("custody_seals")
    op.drop_index("ix_custody_events_at", "custody_events")
