"""unfinished uploads of a user, counted without looking at the finished ones

Zero-downtime rule: the code of the version before must still run after this migration; an index
changes nothing for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_index(
        "ix_uploads_open", "uploads", ["user_id"], postgresql_where=OPEN, sqlite_where=OPEN
    )


def downgrade() -> None:
    op.drop_index("ix_uploads_open", "uploads")
