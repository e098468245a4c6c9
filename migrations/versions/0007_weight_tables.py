"""weight tables

Zero-downtime rule: the code of the version before must still run after this migration. It never
looks at this table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.triggers import forbid_changes

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "weight_tables",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSON_COLUMN, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_weight_tables_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weight_tables")),
        sa.UniqueConstraint(
            "organisation_id", "version", name=op.f("uq_weight_tables_organisation_id_version")
        ),
    )
    forbid_changes("weight_tables")


def downgrade() -> None:
    op.drop_table("weight_tables")
