"""draws

Zero-downtime rule: the code of the version before must still run after this migration. It makes
tasks that came out of no draw, which is what an empty column says.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.triggers import forbid_changes

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
WITH_TOKEN = sa.text("token_hash IS NOT NULL")

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "draws",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("plan_revision", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("sealed_until", sa.Date(), nullable=True),
        sa.Column("rules", JSON_COLUMN, nullable=False),
        sa.Column("officers", JSON_COLUMN, nullable=False),
        sa.Column("left_out", JSON_COLUMN, nullable=False),
        sa.Column("pool_root", sa.String(length=64), nullable=False),
        sa.Column("pool_counts", JSON_COLUMN, nullable=False),
        sa.Column("shares", JSON_COLUMN, nullable=False),
        sa.Column("reveal_until", MOMENT, nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=True),
        sa.Column("dice", sa.Text(), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("objects", JSON_COLUMN, nullable=True),
        sa.Column("reserve", JSON_COLUMN, nullable=True),
        sa.Column("assignments", JSON_COLUMN, nullable=True),
        sa.Column("events", JSON_COLUMN, nullable=False),
        sa.Column("after", JSON_COLUMN, nullable=False),
        sa.Column("entries", JSON_COLUMN, nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.Column("frozen_by", sa.String(length=64), nullable=False),
        sa.Column("committed_at", MOMENT, nullable=True),
        sa.Column("drawn_at", MOMENT, nullable=True),
        sa.Column("drawn_by", sa.String(length=64), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("abandoned_at", MOMENT, nullable=True),
        sa.Column("abandoned_by", sa.String(length=64), nullable=True),
        sa.Column("abandon_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_draws_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_draws_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("slot", name=op.f("uq_draws_slot")),
    )
    op.create_index("ix_draws_plan_id", "draws", ["plan_id"])
    op.create_index("ix_draws_organisation_id_from_day", "draws", ["organisation_id", "from_day"])
    op.create_table(
        "draw_pool_rows",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("draw_id", "object_id", name=op.f("pk_draw_pool_rows")),
    )
    op.create_index("ix_draw_pool_rows_object_id", "draw_pool_rows", ["object_id"])
    forbid_changes("draw_pool_rows")
    op.create_table(
        "draw_witnesses",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("body", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("signed_in_at", MOMENT, nullable=False),
        sa.Column("committed_at", MOMENT, nullable=True),
        sa.Column("revealed_at", MOMENT, nullable=True),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["draws.id"], name=op.f("fk_draw_witnesses_draw_id_draws")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_witnesses")),
        sa.UniqueConstraint("draw_id", "code", name=op.f("uq_draw_witnesses_draw_id_code")),
    )
    op.create_index(
        "ix_draw_witnesses_token_hash",
        "draw_witnesses",
        ["token_hash"],
        unique=True,
        postgresql_where=WITH_TOKEN,
        sqlite_where=WITH_TOKEN,
    )
    op.add_column("tasks", sa.Column("draw_id", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_tasks_draw_id"), "tasks", ["draw_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_tasks_draw_id"), "tasks")
    op.drop_column("tasks", "draw_id")
    op.drop_table("draw_witnesses")
    op.drop_table("draw_pool_rows")
    op.drop_table("draws")
