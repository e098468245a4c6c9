"""tombstones and floors

Zero-downtime rule: the code of the version before must still run after this migration. It writes
feed heads without a floor and knows no marks; the default stands in, and marks are made by a sweep.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TOMBSTONES = sa.text("op IN ('delete', 'purge')")


def upgrade() -> None:
    op.add_column(
        "feed_heads", sa.Column("floor", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "feed_marks",
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("officer_id", "seq", name=op.f("pk_feed_marks")),
    )
    op.create_index("ix_feed_marks_at_ms", "feed_marks", ["at_ms"])
    op.create_index(
        "ix_feed_entries_tombstones",
        "feed_entries",
        ["officer_id", "seq"],
        postgresql_where=TOMBSTONES,
        sqlite_where=TOMBSTONES,
    )


def downgrade() -> None:
    op.drop_index("ix_feed_entries_tombstones", "feed_entries")
    op.drop_table("feed_marks")
    op.drop_column("feed_heads", "floor")
