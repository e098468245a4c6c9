"""joined uploads

Zero-downtime rule: the code of the version before must still run after this migration. It begins
uploads that are neither parts nor joined, which is what an empty column says.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("concat", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("final_id", sa.String(length=64), nullable=True))
    op.add_column("uploads", sa.Column("place", sa.Integer(), nullable=True))
    op.create_index("ix_uploads_final_id", "uploads", ["final_id"])


def downgrade() -> None:
    op.drop_index("ix_uploads_final_id", "uploads")
    op.drop_column("uploads", "place")
    op.drop_column("uploads", "final_id")
    op.drop_column("uploads", "concat")
