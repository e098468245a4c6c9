"""the ledger

Zero-downtime rule: the code of the version before must still run after this migration. It never
looks at these tables.
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import forbid_changes

revision = "0009"
down_revision = "0008"

APPENDED = ("ledger_entries", "ledger_tiles", "ledger_checkpoints")


def upgrade() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ledger_entries")),
    )
    op.create_index("ix_ledger_entries_kind_name", "ledger_entries", ["kind", "name"])
    op.create_index(op.f("ix_ledger_entries_digest"), "ledger_entries", ["digest"])
    op.create_table(
        "ledger_tiles",
        sa.Column("path", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_ledger_tiles")),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_checkpoints")),
    )
    op.create_table(
        "ledger_bodies",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ledger_bodies")),
    )
    for table in APPENDED:
        forbid_changes(table)


def downgrade() -> None:
    for table in ("ledger_bodies", *APPENDED[::-1]):
        op.drop_table(table)
