"""item lists

Zero-downtime rule: the code of the version before must still run after this migration. It makes
tasks that pin no list, which is what an empty column says.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.triggers import forbid_changes

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "item_lists",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("items", JSON_COLUMN, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_item_lists_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_lists")),
        sa.UniqueConstraint(
            "organisation_id", "version", name=op.f("uq_item_lists_organisation_id_version")
        ),
    )
    forbid_changes("item_lists")
    op.add_column("tasks", sa.Column("item_list_ids", JSON_COLUMN, nullable=True))


def downgrade() -> None:
    op.drop_column("tasks", "item_list_ids")
    op.drop_table("item_lists")
