"""derivatives, and what people say of quarantined files

Zero-downtime rule: the code of the version before must still run after this migration. It goes on
making thumbnails by the columns `evidence_files.thumbnail_*`, which a later migration removes; what
it takes in meanwhile is adopted by the new code's sweep.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

DUE = sa.text("made_at IS NULL")
#: thumbnails that were made stay made; all else that is an image is due
ADOPT = """
INSERT INTO derivatives (sha256, kind, attempts, due_at, made_at)
SELECT sha256, 'thumbnail', 0, stored_at, thumbnail_at FROM evidence_files
WHERE media_type LIKE 'image/%'
UNION ALL
SELECT sha256, 'screen', 0, stored_at, NULL FROM evidence_files WHERE media_type LIKE 'image/%'
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "derivatives",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("made_at", moment, nullable=True),
        sa.Column("made_sha256", sa.String(length=64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence_files.sha256"], name=op.f("fk_derivatives_sha256")
        ),
        sa.PrimaryKeyConstraint("sha256", "kind", name=op.f("pk_derivatives")),
    )
    op.create_index(
        "ix_derivatives_due", "derivatives", ["due_at"], postgresql_where=DUE, sqlite_where=DUE
    )
    op.create_table(
        "quarantine_settlements",
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.String(length=64), nullable=False),
        sa.Column("settled_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_quarantine_settlements_upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_quarantine_settlements")),
    )
    op.execute(ADOPT)


def downgrade() -> None:
    op.drop_table("quarantine_settlements")
    op.drop_index("ix_derivatives_due", "derivatives")
    op.drop_table("derivatives")
